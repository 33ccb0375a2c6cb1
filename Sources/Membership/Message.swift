/// Something to tell a reader, written to the outbox in the transaction that makes it true.
public enum Message: String, CaseIterable, Sendable {
    /// The account was made.
    case welcome
    /// The free days are over.
    case trialEnded = "trial_ended"
}
