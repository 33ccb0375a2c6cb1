/// A reader opened an article: what spends the meter, and what titles are paid from.
public struct ArticleRead: Hashable, Sendable {
    /// Its identity, within its reader.
    public let id: Identifier<ArticleRead>
    /// What was read.
    public let article: Identifier<Article>
    /// What let the reader in.
    public let admittedBy: AccessDecision.Reason
    /// Where the right came from, when she was entitled.
    public let source: Grant.Source?
    /// The meter that counted it; nil when none did.
    public let meter: RuleTarget?
    /// What the reader's app calls it.
    public let clientKey: ClientKey?
    /// How long she stayed, in seconds, as far as the app has said.
    public let seconds: Int?
    /// When.
    public let openedAt: Timestamp

    /// The most seconds: a day.
    public static let mostSeconds = 86_400

    /// Makes a read.
    public init(
        id: Identifier<ArticleRead>, article: Identifier<Article>, admittedBy: AccessDecision.Reason,
        source: Grant.Source?, meter: RuleTarget?, clientKey: ClientKey?, seconds: Int?, openedAt: Timestamp
    ) {
        self.id = id
        self.article = article
        self.admittedBy = admittedBy
        self.source = source
        self.meter = meter
        self.clientKey = clientKey
        self.seconds = seconds
        self.openedAt = openedAt
    }
}

extension ArticleRead: IdentifiedKind {
    /// `read_…`
    public static let identifierPrefix = "read"
}
