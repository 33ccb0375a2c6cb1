/// Everything a decision rests on, gathered before it is made.
public struct AccessFacts: Equatable, Sendable {
    /// Which article.
    public let article: Article
    /// Who asks.
    public let reader: ReaderFacts

    /// Brings the facts together.
    public init(article: Article, reader: ReaderFacts) {
        self.article = article
        self.reader = reader
    }

    /// Any one of these opens the article when it is premium.
    public var openingEntitlements: [Entitlement] {
        [.allTitles, .title(article.key.title)]
    }
}

/// What is known of whoever asks.
public enum ReaderFacts: Equatable, Sendable {
    /// A visitor who has not signed in; so many free days are on offer, 0 when none are.
    case anonymous(trialDaysOnOffer: Int)
    /// A person with an account.
    case account(AccountFacts)
}

/// What is known of an account.
public struct AccountFacts: Equatable, Sendable {
    /// Which account.
    public let id: Identifier<Account>
    /// Since when there is one.
    public let createdAt: Timestamp
    /// Every suspension, past and present.
    public let suspensions: [Suspension]
    /// Every grant that has not been voided, whatever its interval.
    public let grants: [Grant]

    /// Brings the facts together.
    public init(
        id: Identifier<Account>, createdAt: Timestamp, suspensions: [Suspension], grants: [Grant]
    ) {
        self.id = id
        self.createdAt = createdAt
        self.suspensions = suspensions
        self.grants = grants
    }
}
