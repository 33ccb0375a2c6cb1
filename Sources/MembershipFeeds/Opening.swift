/// The beginning of an article, for those who may not read on: enough to know what it is about, never so much that
/// the rest is not worth a membership.
enum Opening {
    /// Where a text is cut.
    struct Cut: Equatable {
        /// Behind a character that is not white space.
        var end: String.Index
        /// The cut is in the middle of a sentence, so `…` belongs behind it.
        var isInSentence: Bool
    }

    /// Whole sentences from the beginning of `text`, at most ``FeedLimits/opening`` characters and at most half of the
    /// text. When the first sentence is longer than that, it is cut at a word and ends with `…`; when not even a word
    /// fits, the opening is empty.
    static func of(_ text: String) -> String {
        guard let cut = cut(of: text, room: min(FeedLimits.opening, text.count / 2)) else { return "" }
        return text[..<cut.end] + (cut.isInSentence ? "…" : "")
    }

    /// The cut behind the last whole sentence of the first `room` characters; in a sentence when none is whole, with
    /// room left for `…`; none when not even a word fits.
    static func cut(of text: String, room: Int) -> Cut? {
        if let end = Sentences.lastEnd(in: text, upTo: text.prefix(room).endIndex) {
            return Cut(end: end, isInSentence: false)
        }
        let words = text.prefix(max(0, room - 1))
        return lastWordEnd(in: text, upTo: words.endIndex).map { Cut(end: $0, isInSentence: true) }
    }

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
