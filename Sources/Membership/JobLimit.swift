/// How many things a run of a job is to do at most.
public struct JobLimit: Equatable, Sendable {
    /// At least 1.
    public let count: Int

    /// The most that a run can be limited to; one without a limit does all that is due.
    public static let most = 1_000_000

    /// Checks a wanted number of things.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when it is below 1 or above ``most``.
    public init(_ count: Int) throws(MembershipError) {
        self.count = try checkedLimit(count, most: JobLimit.most)
    }
}
