/// What an account's list can be narrowed to.
public enum AccountStatus: String, CaseIterable, Sendable {
    /// In its free days.
    case trialing
    /// In a period that is paid for.
    case active
    /// In a period that nobody has paid for yet.
    case pastDue = "past_due"
    /// Its subscription stands still.
    case paused
    /// Its subscription has ended because it was cancelled.
    case canceled
    /// Its subscription has ended by itself.
    case expired
    /// Never subscribed, and never had a trial.
    case unsubscribed = "none"
    /// Suspended by an operator.
    case suspended
    /// It has become part of another account.
    case merged
    /// Everything that named the person was removed.
    case erased

    /// The status that a subscription gives its account.
    public init(_ status: Subscription.Status) {
        self =
            switch status {
            case .trialing: .trialing
            case .active: .active
            case .pastDue: .pastDue
            case .paused: .paused
            case .canceled: .canceled
            case .expired: .expired
            }
    }

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
