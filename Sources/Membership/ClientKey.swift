/// What an app calls one opening of an article, so that asking again after a lost answer is not a second read.
public struct ClientKey: Hashable, Sendable {
    /// 1 to 100 characters.
    public let text: String

    /// For so long the same key means the same opening.
    public static let lifetime = TimeSpan.hours(24)

    /// Takes a key that was checked before it was stored.
    package init(stored text: String) {
        self.text = text
    }

    /// Reads a key: printable ASCII without spaces.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        guard (1...100).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw MembershipError(
                .invalidInput, "‘\(PlainText.visible(String(text.prefix(40))))’ is not a client key.",
                remedy: "Use 1 to 100 printable ASCII characters without spaces, such as a UUID.")
        }
        self.text = text
    }
}
