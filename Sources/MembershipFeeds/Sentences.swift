/// Where the sentences of a text end.
///
/// Foundation cannot find sentences on Linux (`bySentences` is unavailable), so this is a small set of rules.
enum Sentences {
    /// A place where a sentence ends, or may be taken to.
    struct End: Equatable {
        /// Behind the closing mark and the quotes and brackets that close on it.
        var index: String.Index
        /// False behind an abbreviation, and at the end of a line that is not the end of its paragraph.
        var isSentence: Bool
    }

    /// Every end in `text`, in order; the last is the text's own.
    static func ends(in text: Substring) -> [End] {
        var ends: [End] = []
        var index = text.startIndex
        while let candidate = text.utf8[index...].firstIndex(where: mayEndSentence) {
            let (end, next) = end(in: text, at: candidate)
            if let end { ends.append(end) }
            index = next
        }
        if ends.last?.index != text.endIndex { ends.append(End(index: text.endIndex, isSentence: true)) }
        return ends
    }

    /// The end of the last whole sentence of `text` at or in front of `limit`, without the white space behind it.
    static func lastEnd(in text: String, upTo limit: String.Index) -> String.Index? {
        // The characters behind the limit tell whether a sentence ends there.
        let behind = text[limit...].prefix(2).endIndex
        let end = ends(in: text[..<behind]).last {
            $0.isSentence && $0.index <= limit && ($0.index < behind || behind == text.endIndex)
        }
        guard let end else { return nil }
        return text[..<end.index].lastIndex { !$0.isWhitespace }.map(text.index(after:))
    }

    /// The words of a text that a dot or a line's end does not close.
    static func isAbbreviation(_ text: Substring) -> Bool {
        let start = text.lastIndex { $0.isWhitespace || "(„“\"'".contains($0) }
        let word = text[(start.map(text.index(after:)) ?? text.startIndex)...]
        if word.count <= 1 || word.contains(".") { return true }
        if word.count <= 2, word.allSatisfy(\.isNumber) { return true }
        return abbreviations.contains(word.lowercased())
    }

    /// Whether a sentence's closing mark stands at the end of `text`, with or without what closes on it.
    static func isClosed(_ text: some StringProtocol) -> Bool {
        text.reversed().prefix { closers.contains($0) }.contains { marks.contains($0) }
            || text.last.map(wideMarks.contains) ?? false
    }

    private static let marks: Set<Character> = [".", "!", "?", "…"]
    /// Behind these no space is needed: of Chinese and Japanese, Devanagari, Urdu, Arabic, Armenian, Ethiopic, Burmese.
    private static let wideMarks: Set<Character> = ["。", "！", "？", "।", "॥", "۔", "؟", "։", "።", "။"]
    private static let closers = marks.union(["\"", "'", "”", "’", "“", "»", "«", "›", "‹", ")", "]"])

    /// The first bytes of all marks and line ends, so that most of a text need not be looked at by characters.
    private static func mayEndSentence(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x0A...0x0D, UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"), 0xC2, 0xE2, 0xE3, 0xEF: true
        // Of the wide marks that are neither Chinese nor Japanese.
        case 0xD6, 0xD8, 0xDB, 0xE0, 0xE1: true
        default: false
        }
    }

    /// The end that the character at `index` makes, if it makes one, and where to look on. A run of marks is looked at
    /// once, however long it is.
    private static func end(in text: Substring, at index: String.Index) -> (end: End?, next: String.Index) {
        let mark = text[index]
        let next = text.index(after: index)
        if mark.isNewline {
            // A heading has no full stop; it ends with its paragraph.
            return (End(index: index, isSentence: next < text.endIndex && text[next].isNewline), next)
        }
        if wideMarks.contains(mark) { return (End(index: next, isSentence: true), next) }
        guard marks.contains(mark) else { return (nil, next) }
        let end = text[next...].firstIndex { !closers.contains($0) } ?? text.endIndex
        guard end < text.endIndex, text[end].isWhitespace else { return (nil, end) }
        let isSentence = mark != "." || text[next..<end].contains { $0 != "." && marks.contains($0) }
        return (End(index: end, isSentence: isSentence || !isAbbreviation(text[..<index])), end)
    }

    private static let abbreviations: Set = [
        "abb", "abs", "apr", "art", "aug", "bd", "bzw", "ca", "co", "corp", "dec", "dez", "dr", "etc", "evtl", "feb",
        "fig", "ggf", "gov", "hr", "inc", "inkl", "jan", "jr", "kap", "lt", "ltd", "max", "min", "mio", "mr", "mrd",
        "mrs", "ms", "mt", "no", "nov", "nr", "oct", "okt", "prof", "rep", "rev", "sen", "sep", "sept", "sog", "sr",
        "st", "str", "tel", "usw", "vgl", "vol", "vs",
    ]
}
