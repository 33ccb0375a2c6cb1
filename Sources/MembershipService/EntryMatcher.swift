import Membership
import MembershipFeeds
import MembershipStore

/// Finds the article that an entry of a feed is, and brings it up to what the entry says.
struct EntryMatcher: Sendable {
    /// Nil while the title is not there yet.
    var title: Title?
    /// An article that goes by an id of the feed is that entry's, whatever its link.
    let feed: FeedDocument.Identities
    /// The section an operator gave.
    let section: String?
    /// The access an operator gave, for new articles.
    let access: AccessLevel?
    /// The articles found by their link so far: each is one entry's and no other's.
    private var taken: Set<Identifier<Article>> = []

    init(title: Title?, feed: FeedDocument.Identities, section: String?, access: AccessLevel?) {
        self.title = title
        self.feed = feed
        self.section = section
        self.access = access
    }

    /// What became of an entry.
    enum Outcome: Sendable {
        case added, updated, unchanged
    }

    /// What an entry turns out to be.
    enum Match {
        case new
        case changed(StoredArticle)
        case same

        var outcome: Outcome {
            switch self {
            case .new: .added
            case .changed: .updated
            case .same: .unchanged
            }
        }
    }

    mutating func match(_ entry: FeedEntry, _ tx: ReadTransaction) throws -> Match {
        guard let title, let stored = try existing(entry, title, tx) else { return .new }
        taken.insert(stored.id)
        let renewed = renewed(stored, by: entry, title)
        return renewed == stored ? .same : .changed(renewed)
    }

    mutating func take(_ entry: FeedEntry, _ tx: WriteTransaction) throws -> Outcome {
        let match = try match(entry, tx)
        switch match {
        case .new: if let title { try add(entry, title, tx) }
        case .changed(let article): try tx.update(article)
        case .same: break
        }
        return match.outcome
    }

    /// By its id, then by its link, so that a corrected headline, id or link does not make a second article. A link
    /// that several have, or that leads to the title itself, says of none which it is: a feed has its newest entries
    /// only, and the next would take the place of one that is not among them any more.
    private func existing(_ entry: FeedEntry, _ title: Title, _ tx: ReadTransaction) throws -> StoredArticle? {
        if let stored = try tx.storedArticle(title: title.id, sourceID: entry.sourceID) { return stored }
        guard let link = entry.link, SiteAddress(link) != title.homePage.map(SiteAddress.init),
            !feed.sharedLinks.contains(link)
        else { return nil }
        let stored = try tx.storedArticles(title: title.id, link: link)
        return stored.count > 1
            ? nil : stored.first { !feed.ids.contains($0.sourceID) && !taken.contains($0.id) }
    }

    private func add(_ entry: FeedEntry, _ title: Title, _ tx: WriteTransaction) throws {
        let slug = try freeSlug(entry.headline, title, tx)
        let publishedAt = entry.publishedAt ?? entry.updatedAt ?? tx.now
        _ = try tx.insertArticle(
            title: title.id, slug: slug, sourceID: entry.sourceID, headline: entry.headline,
            section: section(of: entry, title), publishedAt: publishedAt, updatedAt: entry.updatedAt,
            content: content(of: entry))
        guard let access else { return }
        _ = try tx.insertRule(
            for: .article(ArticleKey(title: title.slug, slug: slug)),
            RuleSettings(terms: AccessTerms(stored: access, freeFor: nil, freeAfter: nil, requires: [])),
            during: Interval(from: min(publishedAt, tx.now), until: nil), reason: nil)
    }

    private func renewed(_ stored: StoredArticle, by entry: FeedEntry, _ title: Title) -> StoredArticle {
        var renewed = stored
        renewed.sourceID = entry.sourceID
        renewed.headline = entry.headline
        renewed.section = section(of: entry, title)
        renewed.publishedAt = entry.publishedAt ?? stored.publishedAt
        renewed.updatedAt = entry.updatedAt
        renewed.content = content(of: entry)
        return renewed
    }

    private func section(of entry: FeedEntry, _ title: Title) -> String? {
        section ?? entry.categories.first ?? title.section
    }

    private func content(of entry: FeedEntry) -> ArticleContent {
        ArticleContent(
            author: entry.author, link: entry.link, summary: entry.summary, keyPoints: entry.keyPoints,
            categories: entry.categories, imageURL: entry.imageURL, language: entry.language, opening: entry.opening,
            bodyHTML: entry.bodyHTML)
    }

    /// The headline as a slug, numbered when the title has it already.
    private func freeSlug(_ headline: String, _ title: Title, _ tx: ReadTransaction) throws -> Slug {
        let plain = Slug(from: headline) ?? Slug(stored: "article")
        if try !tx.isSlugTaken(plain, title: title.id) { return plain }
        // By doubling and halving, because a feed may repeat one headline ten thousand times.
        var (taken, free) = (1, 2)
        while try tx.isSlugTaken(plain.numbered(free), title: title.id) { (taken, free) = (free, free * 2) }
        while free - taken > 1 {
            let middle = (taken + free) / 2
            if try tx.isSlugTaken(plain.numbered(middle), title: title.id) { taken = middle } else { free = middle }
        }
        return plain.numbered(free)
    }
}
