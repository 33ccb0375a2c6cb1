/// A read as it is kept: with what was read, as it was then.
public struct ArticleReadRecord: Hashable, Sendable {
    /// The read.
    public let read: ArticleRead
    /// The title of the article.
    public let title: Slug
    /// The part of the title that it stood in.
    public let section: String?
    /// The name of the article; nil when it is gone.
    public let key: ArticleKey?
    /// The grant that let the reader in, when she was entitled.
    public let grant: Identifier<Grant>?

    /// Brings a record together.
    public init(read: ArticleRead, title: Slug, section: String?, key: ArticleKey?, grant: Identifier<Grant>?) {
        self.read = read
        self.title = title
        self.section = section
        self.key = key
        self.grant = grant
    }
}

/// A visitor that somebody was before she signed up.
public struct LinkedVisitor: Hashable, Sendable {
    /// What the site knew her by.
    public let id: VisitorID
    /// When she signed up: what the visitor read by then is hers.
    public let linkedAt: Timestamp

    /// Makes one.
    public init(id: VisitorID, linkedAt: Timestamp) {
        self.id = id
        self.linkedAt = linkedAt
    }
}
