/// What an app knows a device by. It is never stored: the trial ledger keeps an HMAC of it.
public struct DeviceID: Hashable, Sendable {
    /// As the app gave it.
    public let text: String

    /// Reads an id: 1 to 200 characters, none of them white space or a control character, so that one device has one
    /// spelling.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        let plain = try PlainText.checked(text, as: "a device id", longest: 200)
        guard plain.unicodeScalars.allSatisfy({ !$0.properties.isWhitespace }) else {
            throw MembershipError(
                .invalidInput, "‘\(plain)’ is not a device id: it holds white space.",
                remedy: "Give 1 to 200 characters without spaces, as the device's own system names it.")
        }
        self.text = plain
    }
}
