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
