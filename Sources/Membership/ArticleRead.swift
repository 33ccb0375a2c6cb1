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

/// What an app calls one opening of an article, so that asking again after a lost answer is not a second read.
public struct ClientKey: Hashable, Sendable {
    /// 1 to 100 characters.
    public let text: String

    /// For so long the same key means the same opening.
    public static let lifetime = TimeSpan.hours(24)

    /// Takes a key that was checked before it was stored.
    package init(stored text: String) {
        self.text = text
    }

    /// Reads a key: printable ASCII without spaces.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        guard (1...100).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw MembershipError(
                .invalidInput, "‘\(PlainText.visible(String(text.prefix(40))))’ is not a client key.",
                remedy: "Use 1 to 100 printable ASCII characters without spaces, such as a UUID.")
        }
        self.text = text
    }
}
