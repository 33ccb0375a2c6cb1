import ArgumentParser
import Membership
import MembershipService

struct ArticleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "article", abstract: "Articles: bringing them in, looking at them, saying who may read them.",
        discussion: "Example:\n  fortnight article import feed.xml",
        subcommands: [ImportCommand.self, List.self, Show.self, SetAccess.self, Edit.self])

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the newest articles.",
            discussion: """
                Example:
                  fortnight article list --title golem --limit 10
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Only those of this title.", valueName: "slug"))
        var title: String?

        @Option(help: ArgumentHelp("Only those of this section.", valueName: "name"))
        var section: String?

        @Option(
            parsing: .unconditional, help: ArgumentHelp("How many at most, up to \(PageLimit.most).", valueName: "n"))
        var limit = 50

        func perform() async throws {
            let limit = try PageLimit(limit)
            let articles = try await global.services().articles.list(
                title: title.map(Slug.init(parsing:)), section: section, limit: limit)
            defer { if articles.count == limit.count { global.console.note("There may be more; see --limit.") } }
            if global.json {
                for listing in articles {
                    try global.console.document(ArticleView(listing.article, listing.access), onOneLine: true)
                }
                return
            }
            guard !articles.isEmpty else {
                global.console.note("There are no such articles.")
                return
            }
            var table = Table("PUBLISHED", "ACCESS", "SECTION", "ARTICLE", "HEADLINE")
            for listing in articles {
                let article = listing.article
                table.add(
                    listing.access.publishedAt.rfc3339, listing.access.shown, article.section ?? "-",
                    article.key.description, article.headline)
            }
            global.console.line(table.text)
        }
    }

    struct Show: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show an article's headline, opening and access; the body only with --body.",
            discussion: """
                Example:
                  fortnight article show golem/the-bridge --body
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "title/slug, or the article's id.")
        var article: String

        @Flag(help: "Show the body too, as HTML.")
        var body = false

        func perform() async throws {
            let entry = try await global.services().articles.entry(ArticleReference(parsing: article))
            try render(entry, withBody: body, global)
        }
    }

    struct SetAccess: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-access", abstract: "Give an article an access of its own from now on.",
            discussion: """
                The same as fortnight rule set article:TITLE/SLUG ACCESS.

                Example:
                  fortnight article set-access golem/the-bridge free
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "title/slug, or the article's id.")
        var article: String

        @Argument(help: "premium, metered, registered or free.")
        var access: String

        func perform() async throws {
            let listing = try await global.services().articles.setAccess(
                ArticleReference(parsing: article), to: AccessLevel(parsing: access))
            if global.json {
                try global.console.document(ArticleView(listing.article, listing.access))
            } else {
                global.console.line("\(listing.article.key) is \(listing.access.shown) now.")
            }
        }
    }

    struct Edit: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "edit", abstract: "Put an editor's summary or key points before the feed's.",
            discussion: """
                An import leaves them alone. An empty text lets the feed's show again.

                Example:
                  fortnight article edit golem/the-bridge --key-point "It closes in May." --key-point "Ferries run."
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "title/slug, or the article's id.")
        var article: String

        @Option(help: ArgumentHelp("What it is about, in a sentence or two.", valueName: "text"))
        var summary: String?

        @Option(help: ArgumentHelp("A key point; give it again for the next.", valueName: "text"))
        var keyPoint: [String] = []

        func validate() throws {
            guard summary != nil || !keyPoint.isEmpty else {
                throw ValidationError("Give --summary, or --key-point once or more.")
            }
        }

        func perform() async throws {
            let entry = try await global.services().articles.edit(
                ArticleReference(parsing: article), summary: summary,
                keyPoints: keyPoint.isEmpty ? nil : keyPoint == [""] ? [] : keyPoint)
            try render(entry, withBody: false, global)
        }
    }
}

private func render(_ entry: ArticleService.Entry, withBody: Bool, _ global: GlobalOptions) throws {
    let (article, content, console) = (entry.article, entry.content, global.console)
    if global.json {
        try console.document(
            JoinedView(
                JoinedView(ArticleView(article, entry.access), ArticleContentView(content)),
                ArticleTextView(opening: content.opening, body: withBody ? content.bodyHTML : nil)))
        return
    }
    console.line(article.headline)
    var facts = Table()
    facts.add("article", "\(article.key) (\(article.id))")
    facts.add("access", "\(entry.access.shown), by the rule of \(entry.access.shownFrom)")
    if entry.access.publishedAt > article.publishedAt { facts.add("embargo until", entry.access.publishedAt.rfc3339) }
    facts.add("published", article.publishedAt.rfc3339)
    if let updated = article.updatedAt { facts.add("updated", updated.rfc3339) }
    if let author = content.author { facts.add("author", author) }
    if let section = article.section { facts.add("section", section) }
    if !content.categories.isEmpty { facts.add("categories", content.categories.joined(separator: ", ")) }
    if let language = content.language { facts.add("language", language) }
    if let link = content.link { facts.add("link", link) }
    if let image = content.imageURL { facts.add("image", image) }
    console.line(facts.text)
    if let summary = content.summary { console.line("\n" + summary) }
    if !content.keyPoints.isEmpty {
        console.line("\n" + content.keyPoints.map { "- " + $0 }.joined(separator: "\n"))
    }
    console.line("\n" + (withBody ? content.bodyHTML : content.opening))
}

struct ArticleView: Encodable {
    let key: String
    let id: String
    let headline: String
    let access: String
    let accessFrom: String
    @ExplicitNull var embargoUntil: Timestamp?
    @ExplicitNull var section: String?
    let publishedAt: Timestamp
    @ExplicitNull var updatedAt: Timestamp?

    init(_ article: Article, _ access: ArticleAccess) {
        key = article.key.description
        id = article.id.description
        headline = article.headline
        self.access = access.shown
        accessFrom = access.shownFrom.name
        embargoUntil = access.publishedAt > article.publishedAt ? access.publishedAt : nil
        section = article.section
        publishedAt = article.publishedAt
        updatedAt = article.updatedAt
    }
}

extension ArticleAccess {
    /// How far it is open, in a word.
    var shown: String {
        if unreadable != nil { return "unreadable" }
        if withdrawnBy != nil { return "withdrawn" }
        return isOut ? level.rawValue : "not_published"
    }

    /// Whose rule says so.
    var shownFrom: RuleTarget { unreadable ?? withdrawnBy ?? origin }
}

/// How an article begins, and the whole of it.
private struct ArticleTextView: Encodable {
    let opening: String
    /// Left out altogether when it was not asked for.
    let body: String?
}
