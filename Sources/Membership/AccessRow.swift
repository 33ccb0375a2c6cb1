/// The table of the decision: the first row that applies decides. docs/access.md has it for people, and a test holds the
/// two together.
public enum AccessRow: Int, CaseIterable, Sendable {
    /// A rule cannot be understood.
    case unreadable = 1
    /// A rule takes the article away.
    case withdrawn
    /// Its time has not come.
    case notPublished
    /// It is open to everyone.
    case free
    /// The account is suspended.
    case suspended
    /// A grant opens it.
    case entitled
    /// An account is enough.
    case registered
    /// The meter has counted it this month.
    case openedBefore
    /// The meter has some left.
    case metered
    /// The meter has none left.
    case meterExhausted
    /// There is no account.
    case anonymous
    /// A trial ended last.
    case trialEnded
    /// A grace ended last.
    case paymentOverdue
    /// What was paid for ended last.
    case subscriptionLapsed
    /// What is held opens something else.
    case entitlementMissing
    /// None of these.
    case otherwise

    /// When it applies, as docs/access.md has it.
    public var condition: String {
        switch self {
        case .unreadable: "a rule that holds for the article cannot be understood"
        case .withdrawn: "a rule withdraws the article"
        case .notPublished: "the article's date, or an embargo, lies ahead"
        case .free: "the article is `free`, by its access or by the time"
        case .suspended: "the account is suspended"
        case .entitled: "a grant of what opens the article holds"
        case .registered: "the article is `registered`, and the reader has an account"
        case .openedBefore: "the article is `metered`, and the reader opened it by the meter in this month"
        case .metered: "the article is `metered`, and some of the month's allowance is left"
        case .meterExhausted: "the article is `metered`, and the month's allowance is used up"
        case .anonymous: "the reader is anonymous, or had not signed up yet"
        case .trialEnded: "of what opened the article and is over, a trial ended last"
        case .paymentOverdue: "of what opened the article and is over, the grace of a subscription ended last"
        case .subscriptionLapsed: "of what opened the article and is over, a subscription ended last"
        case .entitlementMissing: "the reader has a grant that holds, and it does not open the article"
        case .otherwise: "none of these"
        }
    }

    /// What is said when it decides.
    public var reason: AccessDecision.Reason {
        switch self {
        case .unreadable: .ruleUnreadable
        case .withdrawn: .withdrawn
        case .notPublished: .notPublished
        case .free: .free
        case .suspended: .accountSuspended
        case .entitled: .entitled
        case .registered: .registered
        case .openedBefore: .openedBefore
        case .metered: .metered
        case .meterExhausted: .meterExhausted
        case .anonymous: .signUpRequired
        case .trialEnded: .trialEnded
        case .paymentOverdue: .paymentOverdue
        case .subscriptionLapsed: .subscriptionLapsed
        case .entitlementMissing: .entitlementMissing
        case .otherwise: .subscriptionRequired
        }
    }

    /// The last that can be told without an ``OfferFacts``.
    static let lastWithoutOffer = AccessRow.registered
    /// The last that can be told by what has been spent, without what could be had.
    static let lastWithoutPlans = AccessRow.metered

    /// Whether it can be told without an ``OfferFacts``: neither what has been spent nor what could be had has to do
    /// with it.
    package var needsNoOffer: Bool { rawValue <= AccessRow.lastWithoutOffer.rawValue }
}
