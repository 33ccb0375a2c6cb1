/// How many rows of a list are wanted at most.
public struct PageLimit: Equatable, Sendable {
    /// At least 1.
    public let count: Int

    /// The most rows that one call returns.
    public static let most = 1000

    /// Checks a wanted number of rows.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when it is below 1 or above ``most``.
    public init(_ count: Int) throws(MembershipError) {
        self.count = try checkedLimit(count, most: PageLimit.most)
    }
}

/// Checks how many are wanted at most.
///
/// - Throws: ``MembershipError`` with code `invalid_input` when it is below 1 or above `most`.
func checkedLimit(_ count: Int, most: Int) throws(MembershipError) -> Int {
    guard (1...most).contains(count) else {
        throw MembershipError(.invalidInput, "‘\(count)’ is not a limit.", remedy: "Give 1 to \(most).")
    }
    return count
}
