/// How far an article is open.
public enum AccessLevel: String, CaseIterable, Codable, Sendable {
    /// To everyone.
    case free
    /// To everyone who has signed up.
    case registered
    /// To members, and to others up to an allowance a month.
    case metered
    /// To those who hold an entitlement.
    case premium

    /// Reads a level by its name.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        guard let level = AccessLevel(rawValue: text) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not an access level.",
                remedy: "Use one of \(AccessLevel.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        self = level
    }
}
