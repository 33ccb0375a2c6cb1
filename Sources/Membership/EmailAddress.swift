import Foundation

/// An email address: kept as typed, compared by its canonical form.
///
/// The canonical form tells whether two addresses belong to one person: lower case, the domain in its ASCII (IDNA)
/// spelling, no `+tag`; for Gmail also without dots and with `googlemail.com` read as `gmail.com`.
public struct EmailAddress: Sendable {
    /// As the person typed it, without surrounding white space.
    public let typed: String
    /// What two spellings of one person's address have in common.
    public let canonical: String
    /// What stands behind the @ of the canonical form.
    public let domain: EmailDomain

    /// Reads an address of the form `local@domain` (RFC 5321 without quoted local parts and address literals).
    ///
    /// - Throws: ``MembershipError`` with code `invalid_email`, saying what is wrong with the address.
    public init(parsing text: String) throws(MembershipError) {
        let typed = EmailDomain.trimmed(text)
        guard typed.utf8.count <= EmailAddress.longest else {
            throw EmailAddress.invalid(typed, "it is longer than \(EmailAddress.longest) bytes")
        }
        let parts = typed.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw EmailAddress.invalid(typed, parts.count < 2 ? "it has no @" : "it has more than one @")
        }
        if let flaw = EmailAddress.flaw(inLocal: parts[0]) { throw EmailAddress.invalid(typed, flaw) }
        guard let domain = EmailDomain(parts[1]) else {
            throw EmailAddress.invalid(typed, "‘\(parts[1])’ is not a domain name such as example.com")
        }
        guard let local = EmailAddress.canonicalLocal(parts[0], domain: domain) else {
            throw EmailAddress.invalid(typed, "nothing stands before the +")
        }
        self.typed = typed
        self.domain = domain
        canonical = local + "@" + domain.name
    }

    /// The longest address in bytes of UTF-8 (RFC 5321, 4.5.3.1.3, less the angle brackets).
    private static let longest = 254
    /// The longest local part in bytes (RFC 5321, 4.5.3.1.1).
    private static let longestLocal = 64

    private static func invalid(_ typed: String, _ flaw: String) -> MembershipError {
        MembershipError(
            .invalidEmail, "‘\(typed)’ is not an email address: \(flaw).",
            remedy: "Give an address such as reader@example.com.")
    }

    private static func flaw(inLocal local: String) -> String? {
        if local.isEmpty { return "nothing stands before the @" }
        if local.utf8.count > longestLocal { return "what stands before the @ is longer than \(longestLocal) bytes" }
        // No dot stands at either end, nor beside another.
        if local.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).contains(where: \.isEmpty) {
            return "a dot is out of place"
        }
        let scalars = Array(local.unicodeScalars)
        let wrong = scalars.indices.first { index in
            // A mark belongs to a letter; on a dot or a plus it would hide what that means.
            !isAllowedInLocal(scalars[index])
                || isMark(scalars[index]) && (index == 0 || !isLetterOrMark(scalars[index - 1]))
        }
        return wrong.map { scalars[$0] }.map { "‘\(PlainText.visible(String($0)))’ may not stand before the @" }
    }

    /// RFC 5322 `atext` and the dot, and letters, digits and marks of any script (RFC 6531).
    static func isAllowedInLocal(_ scalar: Unicode.Scalar) -> Bool {
        guard !scalar.isASCII else {
            return scalar.isASCIIAlphanumeric || "!#$%&'*+-/=?^_`{|}~.".unicodeScalars.contains(scalar)
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark:
            return true
        default:
            return false
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII
            && [.nonspacingMark, .spacingMark, .enclosingMark].contains(scalar.properties.generalCategory)
    }

    private static func isLetterOrMark(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || isMark(scalar)
    }

    private static func canonicalLocal(_ local: String, domain: EmailDomain) -> String? {
        // By scalars: some letters make one character with the sign beside them, and would hide it.
        let name = EmailDomain.composed(local.lowercased()).unicodeScalars.prefix { $0 != "+" }
            .filter { $0 != "." || domain.name != "gmail.com" }
        return name.isEmpty ? nil : String(String.UnicodeScalarView(name))
    }
}

extension EmailAddress: Hashable {
    /// Two addresses are the same when their canonical forms are.
    public static func == (left: EmailAddress, right: EmailAddress) -> Bool { left.canonical == right.canonical }
    /// Hashes the canonical form.
    public func hash(into hasher: inout Hasher) { hasher.combine(canonical) }
}

extension Unicode.Scalar {
    /// A letter or digit of ASCII.
    var isASCIIAlphanumeric: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }
}
