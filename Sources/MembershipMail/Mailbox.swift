import Foundation
package import Membership

/// Whom a mail is from or to.
package struct Mailbox: Hashable, Sendable {
    /// One line, or nil.
    package let name: String?
    /// The address as it is sent to: the domain in its ASCII spelling, what stands before the @ as it was typed.
    package let address: String

    /// A person at an address. A name with line breaks or other control characters is made one line without them.
    package init(name: String?, address: EmailAddress) {
        let line = name.map(SingleLine.of) ?? ""
        self.name = line.isEmpty ? nil : line
        self.address = Mailbox.sendable(address)
    }

    /// Reads `reader@example.com`, `<reader@example.com>`, `Ada <reader@example.com>` or `"Ada" <reader@example.com>`.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_email` when the address is none, and `invalid_input` when what
    ///   stands around it is not a name.
    package init(parsing text: String) throws(MembershipError) {
        guard let opening = text.lastIndex(of: "<") else {
            self.init(name: nil, address: try EmailAddress(parsing: text))
            return
        }
        let rest = text[text.index(after: opening)...].trimmingCharacters(in: .whitespacesAndNewlines)
        var name = SingleLine.of(String(text[..<opening]))
        if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") {
            name = String(name.dropFirst().dropLast())
        }
        guard rest.hasSuffix(">"), !name.contains(where: { "<>\"\\".contains($0) }) else {
            throw MembershipError(
                .invalidInput, "‘\(PlainText.visible(text))’ is not a name and an address.",
                remedy: "Write it as Name <name@example.com>.")
        }
        self.init(name: name, address: try EmailAddress(parsing: String(rest.dropLast())))
    }

    /// Whether a server must know SMTPUTF8 (RFC 6531) to take mail for it: what stands before the @ has no other
    /// spelling.
    package var needsSMTPUTF8: Bool { !address.utf8.allSatisfy { $0 < 0x80 } }

    private static func sendable(_ email: EmailAddress) -> String {
        let parts = email.typed.split(separator: "@")
        guard let local = parts.first, let domain = parts.last, parts.count == 2 else { return email.canonical }
        // The canonical form has the domain in ASCII, but not always as it was typed: googlemail.com is another.
        let ascii = domain.utf8.allSatisfy { $0 < 0x80 } ? domain : email.canonical.split(separator: "@").last
        return "\(local)@\(ascii ?? domain)"
    }
}
