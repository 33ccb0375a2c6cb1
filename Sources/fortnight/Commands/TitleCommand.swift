import ArgumentParser
import Membership
import MembershipService

struct TitleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "title", abstract: "The publications of the bundle.",
        discussion: "Example:\n  fortnight title list", subcommands: [Add.self, List.self])

    struct Add: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Add a title.",
            discussion: """
                Example:
                  fortnight title add golem --name Golem.de --access premium
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Its name in addresses: lower-case letters, digits and hyphens.")
        var slug: String

        @Option(help: ArgumentHelp("Its name.", valueName: "name"))
        var name: String

        @Option(
            help: ArgumentHelp(
                "premium, metered, registered or free (default: what the rule of everything says).", valueName: "level")
        )
        var access: String?

        @Option(help: ArgumentHelp("The section of articles whose feed names none.", valueName: "name"))
        var section: String?

        func perform() async throws {
            let entry = try await global.services().titles.add(
                slug: Slug(parsing: slug), name: name, access: access.map(AccessLevel.init(parsing:)),
                section: section)
            if global.json {
                try global.console.document(TitleView(entry))
            } else {
                global.console.line("Added \(entry.title.slug), ‘\(entry.title.name)’: \(entry.shownAccess).")
            }
        }
    }

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the titles.",
            discussion: """
                Example:
                  fortnight title list --json
                """)

        @OptionGroup var global: GlobalOptions

        func perform() async throws {
            let entries = try await global.services().titles.list()
            if global.json {
                for entry in entries {
                    try global.console.document(TitleView(entry), onOneLine: true)
                }
                return
            }
            guard !entries.isEmpty else {
                global.console.note("There are no titles yet; fortnight article import FEED brings one in.")
                return
            }
            var table = Table("TITLE", "ACCESS", "ARTICLES", "LANGUAGE", "NAME")
            for entry in entries {
                let title = entry.title
                table.add(
                    title.slug.text, entry.shownAccess, String(entry.articleCount), title.language ?? "-",
                    title.name)
            }
            global.console.line(table.text)
        }
    }
}

private struct TitleView: Encodable {
    let id: String
    let slug: String
    let name: String
    let access: String
    @ExplicitNull var section: String?
    @ExplicitNull var homePage: String?
    @ExplicitNull var language: String?
    let articles: Int
    let createdAt: Timestamp

    init(_ entry: TitleService.Entry) {
        let title = entry.title
        id = title.id.description
        slug = title.slug.text
        name = title.name
        access = entry.shownAccess
        section = title.section
        homePage = title.homePage
        language = title.language
        articles = entry.articleCount
        createdAt = title.createdAt
    }
}

extension TitleService.Entry {
    /// How far its articles are open when no time says otherwise.
    fileprivate var shownAccess: String {
        access.unreadable == nil ? access.withdrawnBy == nil ? access.terms.access.rawValue : "withdrawn" : "unreadable"
    }
}
