import Foundation
import Membership

/// Makes what a feed says fit to be shown as text.
enum FeedText {
    /// One line: white space of any kind becomes single spaces, control characters go, the rest is NFC. Nil when
    /// nothing is left.
    static func line(_ text: String?) -> String? {
        guard let text else { return nil }
        var result = String.UnicodeScalarView()
        var pendingSpace = false
        for scalar in text.unicodeScalars {
            if isSpace(scalar) {
                pendingSpace = true
            } else if !PlainText.isControl(scalar) {
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

    /// `texts` in order, each once: the first `count` of them, each of at most `limit` characters.
    static func list(_ texts: some Sequence<String>, atMost count: Int, of limit: Int) -> [String] {
        var list: [String] = []
        var seen: Set<String> = []
        for text in texts {
            guard list.count < count else { break }
            let text = shortened(text, to: limit)
            if seen.insert(text).inserted { list.append(text) }
        }
        return list
    }

    /// The tag of a language; nil for what is too long to be one.
    static func language(_ text: String?) -> String? {
        line(text).flatMap { $0.utf8.count <= FeedLimits.languageBytes ? $0 : nil }
    }

    /// The beginning of `text`, cut at a word and marked with `…` when there is more than `limit` characters.
    static func shortened(_ text: String, to limit: Int) -> String {
        guard !fits(text, in: limit) else { return text }
        let beginning = room(text, limit).prefix(limit - 1)
        let cut = beginning.lastIndex(where: \.isWhitespace) ?? beginning.endIndex
        return beginning[..<cut].trimmingCharacters(in: .whitespaces) + "…"
    }

    /// Whether `text` has at most `limit` characters.
    static func fits(_ text: String, in limit: Int) -> Bool {
        let room = room(text, limit)
        return room.endIndex == text.endIndex && room.count <= limit
    }

    /// One character may carry any number of accents, so these have a limit too.
    private static func room(_ text: String, _ limit: Int) -> Substring {
        Substring(text.unicodeScalars.prefix(8 * limit))
    }

    /// NFC, so that one text has one spelling.
    static func normalized(_ text: String) -> String {
        text.utf8.allSatisfy { $0 < 0x80 } ? text : text.precomposedStringWithCanonicalMapping
    }

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80
            ? scalar.value == 0x20 || (0x09...0x0D).contains(scalar.value) : scalar.properties.isWhitespace
    }
}
