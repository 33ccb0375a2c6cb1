/// The beginning of an article, for those who may not read on: enough to know what it is about, never so much that
/// the rest is not worth a membership.
enum Opening {
    /// Whole sentences from the beginning of `text`, at most ``FeedLimits/opening`` characters and at most half of the text. When
    /// the first sentence is longer than that, it is cut at a word and ends with `…`; when not even a word fits,
    /// the opening is empty.
    static func of(_ text: String) -> String {
        let limit = min(FeedLimits.opening, text.count / 2)
        let room = text.prefix(limit)
        // The character behind the room tells whether its last word is whole.
        let end = text.index(room.endIndex, offsetBy: 1, limitedBy: text.endIndex) ?? text.endIndex
        if let sentences = lastSentenceEnd(in: text[..<end], upTo: room.endIndex) {
            return String(text[..<sentences])
        }
        let words = text.prefix(max(0, limit - 1))
        guard let cut = lastWordEnd(in: text, upTo: words.endIndex) else { return "" }
        return text[..<cut] + "…"
    }

    /// Foundation cannot find sentences on Linux (`bySentences` is unavailable), so this is a small set of rules.
    private static func lastSentenceEnd(in text: Substring, upTo limit: String.Index) -> String.Index? {
        var last: String.Index?
        var index = text.startIndex
        while index < limit {
            if let end = sentenceEnd(in: text, at: index), end <= limit {
                last = end
            }
            index = text.index(after: index)
        }
        return last
    }

    /// The end of the sentence whose closing mark stands at `index`, with the quotes and brackets that close on it.
    private static func sentenceEnd(in text: Substring, at index: String.Index) -> String.Index? {
        let mark = text[index]
        // A heading has no full stop; it ends with its paragraph.
        if mark.isNewline { return text[text.index(after: index)...].first?.isNewline == true ? index : nil }
        if "。！？".contains(mark) { return text.index(after: index) }
        guard ".!?…".contains(mark) else { return nil }
        let end = text[text.index(after: index)...].firstIndex { !".!?…\"'”’“»«›‹)]".contains($0) } ?? text.endIndex
        guard end < text.endIndex, text[end].isWhitespace else { return nil }
        return mark == "." && isAbbreviation(text[..<index]) ? nil : end
    }

    /// Whether the word in front of a dot takes the dot for itself: `z. B.`, `3. Oktober`, `e.g.`, `Dr.`
    private static func isAbbreviation(_ text: Substring) -> Bool {
        let start = text.lastIndex { $0.isWhitespace || "(„“\"'".contains($0) }
        let word = text[(start.map(text.index(after:)) ?? text.startIndex)...]
        if word.count <= 1 || word.contains(".") { return true }
        if word.count <= 2, word.allSatisfy(\.isNumber) { return true }
        return abbreviations.contains(word.lowercased())
    }

    private static let abbreviations: Set = [
        "abb", "abs", "apr", "art", "aug", "bd", "bzw", "ca", "co", "corp", "dec", "dez", "dr", "etc", "evtl", "feb",
        "fig", "ggf", "gov", "hr", "inc", "inkl", "jan", "jr", "kap", "lt", "ltd", "max", "min", "mio", "mr", "mrd",
        "mrs", "ms", "mt", "no", "nov", "nr", "oct", "okt", "prof", "rep", "rev", "sen", "sep", "sept", "sog", "sr",
        "st", "str", "tel", "usw", "vgl", "vol", "vs",
    ]

    private static func lastWordEnd(in text: String, upTo limit: String.Index) -> String.Index? {
        var index = limit
        // A limit that falls right behind a word leaves the word whole.
        while index > text.startIndex, !(index < text.endIndex && text[index].isWhitespace) {
            index = text.index(before: index)
        }
        while index > text.startIndex, text[text.index(before: index)].isWhitespace {
            index = text.index(before: index)
        }
        return index > text.startIndex ? index : nil
    }
}
