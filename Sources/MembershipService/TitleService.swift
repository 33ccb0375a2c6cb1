public import Membership
import MembershipStore

/// The publications of the bundle.
public struct TitleService: Sendable {
    let store: Store

    /// Adds a title.
    ///
    /// - Parameters:
    ///   - access: the access of its articles that have none of their own.
    ///   - section: the section of its articles whose feed names none.
    /// - Throws: ``MembershipError`` with code `title_exists` or `invalid_input`.
    public func add(
        slug: Slug, name: String, access: AccessLevel = .premium, section: String? = nil
    ) async throws -> Title {
        let name = try PlainText.checked(name, as: "a name", longest: 200)
        let section = try section.map { try PlainText.checked($0, as: "a section", longest: 100) }
        return try await store.write { tx in
            try tx.insertTitle(slug: slug, name: name, access: access, section: section, homePage: nil, language: nil)
        }
    }

    /// A title and how much of it there is.
    public struct Entry: Equatable, Sendable {
        /// The title.
        public let title: Title
        /// How many articles it has.
        public let articleCount: Int
    }

    /// Every title, by slug.
    public func list() async throws -> [Entry] {
        try await store.read { tx in try tx.titles().map { Entry(title: $0.title, articleCount: $0.articleCount) } }
    }
}
