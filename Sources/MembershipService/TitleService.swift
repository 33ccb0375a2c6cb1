public import Membership
import MembershipStore

/// The publications of the bundle.
public struct TitleService: Sendable {
    let store: Store

    /// Adds a title.
    ///
    /// - Parameters:
    ///   - access: the access of its articles that have no rule of their own; nil for that of everything.
    ///   - section: the section of its articles whose feed names none.
    /// - Throws: ``MembershipError`` with code `title_exists` or `invalid_input`.
    public func add(
        slug: Slug, name: String, access: AccessLevel? = nil, section: String? = nil
    ) async throws -> Entry {
        let name = try PlainText.checked(name, as: "a name", longest: 200)
        let section = try section.map { try PlainText.checked($0, as: "a section", longest: 100) }
        return try await store.write { tx in
            let title = try tx.insertTitle(slug: slug, name: name, section: section, homePage: nil, language: nil)
            if let access {
                try tx.setRule(for: .title(slug), during: Interval(from: tx.now, until: nil), reason: nil) { _ in
                    RuleSettings(terms: try AccessTerms(access: access))
                }
            }
            return Entry(title: title, access: try tx.access(ofTitle: slug), articleCount: 0)
        }
    }

    /// A title and how much of it there is.
    public struct Entry: Equatable, Sendable {
        /// The title.
        public let title: Title
        /// What the rules make of an article of now that has none of its own.
        public let access: ArticleAccess
        /// How many articles it has.
        public let articleCount: Int
    }

    /// Every title, by slug.
    public func list() async throws -> [Entry] {
        try await store.read { tx in
            try tx.titles().map {
                Entry(
                    title: $0.title, access: try tx.access(ofTitle: $0.title.slug), articleCount: $0.articleCount)
            }
        }
    }
}

extension ReadTransaction {
    /// What the rules of a title and of everything make of an article of now without a rule of its own.
    fileprivate func access(ofTitle title: Slug) throws -> ArticleAccess {
        ArticleAccess(ofTitle: title, rules: try rules(of: [.title(title), .everything]), at: now)
    }
}
