/// What an account's list can be narrowed to.
public enum AccountStatus: String, CaseIterable, Sendable {
    /// In its free days.
    case trialing
    /// Has subscribed before, and does no longer.
    case expired
    /// Never subscribed, and never had a trial.
    case unsubscribed = "none"
    /// Suspended by an operator.
    case suspended

    /// Reads a status by its name.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        guard let status = AccountStatus(rawValue: text) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a status.",
                remedy: "Use one of \(AccountStatus.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        self = status
    }
}
