/// What happened to an account. Immutable; it carries ids and times, never an address.
public struct Event: Equatable, Sendable {
    /// To whom.
    public let accountID: Identifier<Account>
    /// Counted from 1 within the account.
    public let sequence: Int64
    /// What.
    public let kind: Kind
    /// When it was recorded.
    public let recordedAt: Timestamp
    /// Why, in the words of whoever did it.
    public let reason: String?

    /// Makes an event.
    public init(
        accountID: Identifier<Account>, sequence: Int64, kind: Kind, recordedAt: Timestamp, reason: String?
    ) {
        self.accountID = accountID
        self.sequence = sequence
        self.kind = kind
        self.recordedAt = recordedAt
        self.reason = reason
    }

    /// What can happen to an account.
    public enum Kind: String, CaseIterable, Sendable {
        /// Somebody signed up.
        case accountCreated = "account.created"
        /// An operator suspended the account.
        case accountSuspended = "account.suspended"
        /// An operator ended the suspension.
        case accountReinstated = "account.reinstated"
        /// The free days began.
        case trialStarted = "trial.started"
        /// The free days ended.
        case trialEnded = "trial.ended"
    }
}
