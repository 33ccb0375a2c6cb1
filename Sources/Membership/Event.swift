/// What happened to an account. Immutable, and chained to the event before it; it carries ids and times, never an
/// address.
public struct Event: Equatable, Sendable {
    /// To whom.
    public let accountID: Identifier<Account>
    /// Counted from 1 within the account.
    public let sequence: Int64
    /// What.
    public let kind: Kind
    /// To which subscription.
    public let subscriptionID: Identifier<Subscription>?
    /// Who did it.
    public let actor: Actor
    /// Why, in the words of whoever did it; gone when the account was erased.
    public let reason: String?
    /// What else there is to know, as a JSON object with sorted keys.
    public let data: String
    /// From when it holds: earlier than its recording when a job was late.
    public let effectiveAt: Timestamp
    /// When it was recorded.
    public let recordedAt: Timestamp

    /// Makes an event.
    public init(
        accountID: Identifier<Account>, sequence: Int64, kind: Kind, subscriptionID: Identifier<Subscription>?,
        actor: Actor, reason: String?, data: String, effectiveAt: Timestamp, recordedAt: Timestamp
    ) {
        self.accountID = accountID
        self.sequence = sequence
        self.kind = kind
        self.subscriptionID = subscriptionID
        self.actor = actor
        self.reason = reason
        self.data = data
        self.effectiveAt = effectiveAt
        self.recordedAt = recordedAt
    }

    /// What can happen to an account.
    public enum Kind: String, CaseIterable, Sendable {
        /// Somebody signed up.
        case accountCreated = "account.created"
        /// An operator suspended the account.
        case accountSuspended = "account.suspended"
        /// An operator ended the suspension.
        case accountReinstated = "account.reinstated"
        /// The account has another address.
        case emailChanged = "account.email_changed"
        /// Another account was made one with this one, or this one with another.
        case accountMerged = "account.merged"
        /// Everything that named the person was removed.
        case accountErased = "account.erased"

        /// The free days began.
        case trialStarted = "trial.started"
        /// The free days became more.
        case trialExtended = "trial.extended"
        /// The reader was told that the free days end soon.
        case trialEnding = "trial.ending"
        /// A period is to follow the free days.
        case trialConversionScheduled = "trial.conversion_scheduled"
        /// A period that is settled followed the free days.
        case trialConverted = "trial.converted"
        /// The free days ended, and nothing followed.
        case trialEnded = "trial.ended"

        /// The first period began without free days.
        case subscriptionStarted = "subscription.started"
        /// An operator settled a period without a payment.
        case subscriptionActivated = "subscription.activated"
        /// A settled period followed another.
        case subscriptionRenewed = "subscription.renewed"
        /// A period began that nobody has paid for.
        case subscriptionPastDue = "subscription.past_due"
        /// It stands still.
        case subscriptionPaused = "subscription.paused"
        /// It goes on.
        case subscriptionResumed = "subscription.resumed"
        /// It will end with what was paid for or promised.
        case cancelScheduled = "subscription.cancel_scheduled"
        /// It will go on after all.
        case cancelWithdrawn = "subscription.cancel_withdrawn"
        /// It has ended because it was cancelled, and its access with it.
        case accessEnded = "subscription.access_ended"
        /// It has ended because nobody paid, and its access with it.
        case subscriptionExpired = "subscription.expired"
        /// It will change its plan with a later period.
        case planChangeScheduled = "subscription.plan_change_scheduled"
        /// It has changed its plan.
        case planChanged = "subscription.plan_changed"

        /// Money came in.
        case paymentRecorded = "payment.recorded"
        /// A right was given by hand.
        case grantAdded = "grant.added"
        /// A right was found not to be one.
        case grantVoided = "grant.voided"
    }
}
