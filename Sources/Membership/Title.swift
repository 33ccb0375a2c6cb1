/// A publication in the bundle.
public struct Title: Equatable, Sendable {
    /// Its identity.
    public let id: Identifier<Title>
    /// Its name in addresses, unique.
    public let slug: Slug
    /// Its name.
    public let name: String
    /// The section of its articles whose feed names none.
    public let section: String?
    /// The site it was first imported from.
    public let homePage: String?
    /// A BCP 47 tag.
    public let language: String?
    /// When it was added.
    public let createdAt: Timestamp

    /// Makes a title.
    public init(
        id: Identifier<Title>, slug: Slug, name: String, section: String?, homePage: String?,
        language: String?, createdAt: Timestamp
    ) {
        self.id = id
        self.slug = slug
        self.name = name
        self.section = section
        self.homePage = homePage
        self.language = language
        self.createdAt = createdAt
    }
}

extension Title: IdentifiedKind {
    /// `title_…`
    public static let identifierPrefix = "title"
}
