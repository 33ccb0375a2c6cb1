/// What an app or site knows a reader by who has not signed in. The site makes it, at random, and keeps it with the
/// reader, in a cookie for instance.
public struct VisitorID: Hashable, Sendable {
    /// 16 to 64 characters.
    public let text: String

    /// Takes an id that was checked before it was stored.
    package init(stored text: String) {
        self.text = text
    }

    /// Reads an id: letters, digits, `-` and `_`, such as a UUID.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`. Short ones are refused, because they could be guessed,
    ///   and with them somebody else's allowance be used up.
    public init(parsing text: String) throws(MembershipError) {
        let isPlain = text.utf8.allSatisfy { $0.isASCIILetterOrDigit(or: "-_") }
        guard isPlain, (16...64).contains(text.utf8.count) else {
            throw MembershipError(
                .invalidInput, "‘\(text.prefix(80))’ is not the id of a visitor.",
                remedy: "Use 16 to 64 letters, digits, - and _, made at random: a UUID.")
        }
        self.text = text
    }
}

extension VisitorID: CustomStringConvertible {
    /// The id.
    public var description: String { text }
}
