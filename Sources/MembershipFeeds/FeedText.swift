import Foundation

/// Makes what a feed says fit to be shown as text.
enum FeedText {
    /// One line: white space of any kind becomes single spaces, invisible characters go, the rest is NFC. Nil when
    /// nothing is left.
    static func line(_ text: String?) -> String? {
        guard let text else { return nil }
        var result = String.UnicodeScalarView()
        var pendingSpace = false
        for scalar in text.unicodeScalars {
            if isSpace(scalar) {
                pendingSpace = true
            } else if !isInvisible(scalar) {
                if pendingSpace, !result.isEmpty { result.append(" ") }
                pendingSpace = false
                result.append(scalar)
            }
        }
        return result.isEmpty ? nil : normalized(String(result))
    }

    /// One line out of HTML, as titles and summaries of RSS may be. What cannot be read as HTML stays as it is.
    static func line(html: String?) -> String? {
        guard let html, html.utf8.contains(where: { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "&") }) else {
            return line(html)
        }
        let article = ArticleHTML(parsing: html, base: nil)
        return line(article?.plainText) ?? line(html)
    }

    /// The beginning of `text`, cut at a word and marked with `…` when there is more than `limit` characters.
    static func shortened(_ text: String, to limit: Int) -> String {
        guard text.count > limit else { return text }
        let beginning = text.prefix(limit - 1)
        let cut = beginning.lastIndex(where: \.isWhitespace) ?? beginning.endIndex
        return beginning[..<cut].trimmingCharacters(in: .whitespaces) + "…"
    }

    /// NFC, so that one text has one spelling.
    static func normalized(_ text: String) -> String {
        text.utf8.allSatisfy { $0 < 0x80 } ? text : text.precomposedStringWithCanonicalMapping
    }

    /// Control characters, and those that turn the direction of everything behind them, a known way to disguise text.
    static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80
            ? scalar.value == 0x20 || (0x09...0x0D).contains(scalar.value) : scalar.properties.isWhitespace
    }
}
