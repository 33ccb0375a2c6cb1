/// Whether a reader may open an article at a moment, and why.
public struct AccessDecision: Equatable, Sendable {
    /// Why.
    public let reason: Reason
    /// Where the right comes from, when the reader is entitled.
    public let source: Grant.Source?
    /// When that right ends; nil when it does not, or none was needed.
    public let until: Timestamp?
    /// Since when the reader is kept out: the end of the trial or of what was paid for, the start of the suspension.
    public let since: Timestamp?
    /// The free days on offer, when signing up would help.
    public let trialDaysOnOffer: Int?
    /// The moment that was asked about.
    public let at: Timestamp
    /// The earliest later moment at which the answer changes with no one doing anything; nil when it never does.
    public let nextChangeAt: Timestamp?

    /// Makes a decision.
    public init(
        reason: Reason, source: Grant.Source? = nil, until: Timestamp? = nil, since: Timestamp? = nil,
        trialDaysOnOffer: Int? = nil, at: Timestamp, nextChangeAt: Timestamp? = nil
    ) {
        self.reason = reason
        self.source = source
        self.until = until
        self.since = since
        self.trialDaysOnOffer = trialDaysOnOffer
        self.at = at
        self.nextChangeAt = nextChangeAt
    }

    /// Whether the reader may open the article.
    public var allowed: Bool { reason.allows }

    /// Why a reader may, or may not.
    public enum Reason: String, CaseIterable, Sendable {
        /// The article is open to everyone.
        case free
        /// The article is open to everyone who has signed up.
        case registered
        /// A live grant covers the article.
        case entitled
        /// An account is needed.
        case signUpRequired = "sign_up_required"
        /// The free days are over.
        case trialEnded = "trial_ended"
        /// What was paid for is over, and the grace after it.
        case subscriptionLapsed = "subscription_lapsed"
        /// Nothing the reader holds, or held by a trial or a subscription, covers the article.
        case subscriptionRequired = "subscription_required"
        /// An operator has suspended the account.
        case accountSuspended = "account_suspended"
        /// The article's time has not come.
        case notPublished = "not_published"

        /// Whether this reason lets the reader in.
        public var allows: Bool {
            switch self {
            case .free, .registered, .entitled: true
            case .signUpRequired, .trialEnded, .subscriptionLapsed, .subscriptionRequired, .accountSuspended,
                .notPublished:
                false
            }
        }
    }
}
