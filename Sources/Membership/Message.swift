/// Something to tell a reader, written to the outbox in the transaction that makes it true.
public enum Message: String, CaseIterable, Sendable {
    /// The account was made.
    case welcome
    /// The free days will soon be over.
    case trialEnding = "trial_ending"
    /// The free days are over.
    case trialEnded = "trial_ended"
    /// A period has begun that nobody has paid for.
    case paymentOverdue = "payment_overdue"
    /// A period has begun that is paid for.
    case renewal
    /// The subscription will end, and when.
    case cancelScheduled = "cancel_scheduled"
    /// The subscription is over.
    case accessEnded = "access_ended"
}
