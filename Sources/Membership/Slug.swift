import Foundation

/// A readable name in an address: lower-case ASCII letters and digits in words joined by hyphens.
public struct Slug: Hashable, Comparable, Sendable {
    /// The slug as text.
    public let text: String

    /// The longest slug in characters.
    public static let longest = 80

    /// Takes a slug as given.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_slug`.
    public init(parsing text: String) throws(MembershipError) {
        guard text.utf8.count <= Slug.longest, Slug.isSlug(text) else {
            throw MembershipError(
                .invalidSlug, "‘\(text)’ is not a slug.",
                remedy: "Use lower-case letters a to z, digits and single hyphens, at most \(Slug.longest): golem.")
        }
        self.text = text
    }

    /// Whether it is words with single hyphens between them.
    private static func isSlug(_ text: String) -> Bool {
        var isInWord = false
        for byte in text.utf8 {
            guard isPlain(byte) || byte == UInt8(ascii: "-") && isInWord else { return false }
            isInWord = isPlain(byte)
        }
        return isInWord
    }

    /// Makes a slug of a headline or a name: accents dropped, German umlauts spelled out, other scripts put into
    /// Latin letters, cut at a word. Nil when nothing is left.
    public init?(from phrase: String) {
        let words = Slug.latin(phrase).utf8
            .split { !Slug.isPlain($0) }
            .compactMap { String($0) }
        var text = words.first.map { String($0.prefix(Slug.longestMade)) } ?? ""
        for word in words.dropFirst() {
            guard text.count + 1 + word.count <= Slug.longestMade else { break }
            text += "-" + word
        }
        guard !text.isEmpty else { return nil }
        self.text = text
    }

    /// The slug with a number behind it, cut so that it stays a slug: `the-bridge`, `the-bridge-2`.
    public func numbered(_ number: Int) -> Slug {
        let tail = "-\(number)"
        var head = text.prefix(Slug.longest - tail.count)
        while head.hasSuffix("-") { head.removeLast() }
        return Slug(stored: head + tail)
    }

    /// Alphabetical order.
    public static func < (left: Slug, right: Slug) -> Bool { left.text < right.text }

    /// Slugs that are made leave room for a number.
    private static let longestMade = 64

    /// Takes a slug that was checked before it was stored.
    package init(stored text: String) {
        self.text = text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte.isASCIIDigit
    }

    private static func latin(_ phrase: String) -> String {
        // Most are ASCII, and an import makes two for each article.
        if phrase.utf8.allSatisfy({ $0 < 0x80 }) { return phrase.lowercased().filter { $0 != "'" } }
        var text = ""
        for scalar in phrase.lowercased().precomposedStringWithCanonicalMapping.unicodeScalars {
            switch scalar {
            case "ä": text += "ae"
            case "ö": text += "oe"
            case "ü": text += "ue"
            case "ß": text += "ss"
            case "æ": text += "ae"
            case "ø": text += "o"
            case "'", "’": break
            default: text.unicodeScalars.append(scalar)
            }
        }
        if !text.utf8.allSatisfy({ $0 < 0x80 }) {
            text = text.applyingTransform(.toLatin, reverse: false) ?? text
            text = text.applyingTransform(.stripDiacritics, reverse: false) ?? text
        }
        return text.lowercased()
    }
}

extension Slug: CustomStringConvertible {
    /// The slug as text.
    public var description: String { text }
}
