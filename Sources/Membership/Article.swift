/// An article: what lists and decisions need. What it says is its ``ArticleContent``.
public struct Article: Equatable, Sendable {
    /// Its identity.
    public let id: Identifier<Article>
    /// Its title's slug and its own.
    public let key: ArticleKey
    /// One line of plain text.
    public let headline: String
    /// The part of the title it stands in.
    public let section: String?
    /// The section's name in rules and entitlements; nil when there is no section, or no slug can be made of it.
    public let sectionSlug: Slug?
    /// From when it may be read.
    public let publishedAt: Timestamp
    /// When its text last changed, as the feed says.
    public let updatedAt: Timestamp?
    /// When it was brought in.
    public let importedAt: Timestamp

    /// Makes an article.
    public init(
        id: Identifier<Article>, key: ArticleKey, headline: String, section: String?, sectionSlug: Slug?,
        publishedAt: Timestamp, updatedAt: Timestamp?, importedAt: Timestamp
    ) {
        self.id = id
        self.key = key
        self.headline = headline
        self.section = section
        self.sectionSlug = sectionSlug
        self.publishedAt = publishedAt
        self.updatedAt = updatedAt
        self.importedAt = importedAt
    }
}

extension Article: IdentifiedKind {
    /// `art_…`
    public static let identifierPrefix = "art"
}

/// What an article says.
public struct ArticleContent: Equatable, Sendable {
    /// Plain text, several names joined by commas.
    public var author: String?
    /// Where it stands on the web.
    public var link: String?
    /// Plain text; an editor's if there is one, else the feed's.
    public var summary: String?
    /// Plain text, one sentence each; an editor's if there are any, else the feed's.
    public var keyPoints: [String]
    /// As the feed names them.
    public var categories: [String]
    /// An http or https address.
    public var imageURL: String?
    /// A BCP 47 tag.
    public var language: String?
    /// The beginning in plain text, for those who may not read on.
    public var opening: String
    /// The whole text as allow-listed HTML.
    public var bodyHTML: String

    /// Makes an article's content.
    public init(
        author: String?, link: String?, summary: String?, keyPoints: [String], categories: [String], imageURL: String?,
        language: String?, opening: String, bodyHTML: String
    ) {
        self.author = author
        self.link = link
        self.summary = summary
        self.keyPoints = keyPoints
        self.categories = categories
        self.imageURL = imageURL
        self.language = language
        self.opening = opening
        self.bodyHTML = bodyHTML
    }
}
