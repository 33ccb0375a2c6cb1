/// How many metered articles a reader may open in a calendar month of the reader's time zone, each counted once.
public struct MeterAllowance: Hashable, Sendable {
    /// For a visitor who is known by an id.
    public let anonymous: Int
    /// For a reader with an account.
    public let registered: Int

    /// The most articles a month.
    public static let most = 10_000

    /// None at all.
    public static let none = MeterAllowance(stored: 0, registered: 0)

    /// Checks an allowance.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(anonymous: Int, registered: Int) throws(MembershipError) {
        for count in [anonymous, registered] where !(0...MeterAllowance.most).contains(count) {
            throw MembershipError(
                .invalidInput, "‘\(count)’ is not a number of articles a month.",
                remedy: "Give 0 to \(MeterAllowance.most); 0 opens nothing.")
        }
        self.init(stored: anonymous, registered: registered)
    }

    /// Takes an allowance that was checked before it was stored.
    package init(stored anonymous: Int, registered: Int) {
        self.anonymous = anonymous
        self.registered = registered
    }
}

extension MeterAllowance: CustomStringConvertible {
    /// `3 anonymous, 5 registered a month`
    public var description: String { "\(anonymous) anonymous, \(registered) registered a month" }
}
