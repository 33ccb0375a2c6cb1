import Foundation

/// What stands behind the @ of an address, in its one spelling: lower-case ASCII (IDNA), `googlemail.com` as `gmail.com`.
public struct EmailDomain: Hashable, Sendable {
    /// Such as `example.com`, `xn--mnchen-3ya.de`.
    public let name: String

    /// Reads a domain.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        let trimmed = EmailDomain.trimmed(text)
        guard trimmed.utf8.count <= EmailDomain.longest, let domain = EmailDomain(trimmed) else {
            throw MembershipError(
                .invalidInput, "‘\(PlainText.visible(String(trimmed.prefix(80))))’ is not a domain.",
                remedy: "Give one with at least two parts, such as example.com.")
        }
        self = domain
    }

    /// Takes a name that was checked before it was stored.
    package init(stored name: String) {
        self.name = name
    }

    /// Without the white space around it, and with each letter and its accents in one.
    static func trimmed(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        return isPlain ? text : composed(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// With each letter and its accents in one.
    static func composed(_ text: String) -> String {
        // ASCII is that already, and Foundation takes longer to find that out than all else about an address.
        text.utf8.allSatisfy { $0 < 0x80 } ? text : text.precomposedStringWithCanonicalMapping
    }

    init?(_ typed: String) {
        guard let ascii = EmailDomain.ascii(typed) else { return nil }
        name = ascii == "googlemail.com" ? "gmail.com" : ascii
    }

    /// The domain and those it is part of, down to two labels: `a.b.example.com`, `b.example.com`, `example.com`.
    public var withParents: [EmailDomain] {
        let labels = name.split(separator: ".")
        guard labels.count > 2 else { return [self] }
        return (0..<labels.count - 1).map { EmailDomain(stored: labels[$0...].joined(separator: ".")) }
    }

    /// The longest domain in bytes (RFC 1035, 2.3.4).
    private static let longest = 253

    /// The domain in lower-case ASCII (UTS 46), or nil when it is not a domain name of at least two labels.
    private static func ascii(_ typed: String) -> String? {
        var host = typed.lowercased()
        if !host.utf8.allSatisfy({ $0 < 0x80 }) || host.contains("xn--") {
            // Foundation spells hosts by UTS 46, non-transitional, through ICU. Decoding and encoding again catches
            // an `xn--` label that is not the one spelling of its name.
            var components = URLComponents()
            components.host = host
            guard let decoded = components.host else { return nil }
            components.host = decoded
            guard let encoded = components.encodedHost else { return nil }
            host = encoded.lowercased()
        }
        let labels = host.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
        let wellFormed = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != "-" && label.last != "-"
                && label.allSatisfy { $0 == "-" || $0.isASCIIAlphanumeric }
        }
        guard labels.count >= 2, wellFormed, let last = labels.last,
            !last.allSatisfy({ ("0"..."9").contains($0) })
        else { return nil }
        return host
    }
}

extension EmailDomain: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}

// MARK: - Lists

extension EmailDomain {
    /// Reads a list: a domain a line, with what stands behind a `#` and empty lines left out.
    ///
    /// - Parameter name: what the list is called, for messages.
    /// - Throws: ``MembershipError`` with code `invalid_input`, naming the line that holds no domain.
    public static func list(_ text: String, name: String) throws(MembershipError) -> [EmailDomain] {
        var domains: [EmailDomain] = []
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            let words = line.prefix { $0 != "#" }.trimmingCharacters(in: EmailDomain.space)
            guard !words.isEmpty else { continue }
            do {
                domains.append(try EmailDomain(parsing: words))
            } catch {
                throw MembershipError(
                    .invalidInput, "‘\(name)’, line \(number): \(error.message)",
                    remedy: "Nothing was written. Correct the line: a domain, such as example.com.")
            }
        }
        return domains
    }

    /// White space, and the mark with which some programs begin a file.
    private static let space = CharacterSet.whitespaces.union(["\u{FEFF}"])
}
