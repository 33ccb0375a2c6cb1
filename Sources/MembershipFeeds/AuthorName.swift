/// The name of a person out of what feeds write where an author belongs.
enum AuthorName {
    /// `jane@example.com (Jane Doe)` and `Jane Doe <jane@example.com>` give `Jane Doe`; an address alone gives nothing,
    /// because no personal address is kept.
    static func parse(_ text: String?) -> String? {
        name(in: text).map { FeedText.shortened($0, to: FeedLimits.authorName) }
    }

    /// The names in `texts`, in order, each once, as many and as long as is kept.
    static func list(_ texts: [String]) -> [String] {
        FeedText.list(texts.lazy.compactMap(parse), atMost: FeedLimits.authors, of: FeedLimits.authorName)
    }

    private static func name(in text: String?) -> String? {
        guard let text = FeedText.line(text) else { return nil }
        guard text.contains("@") else { return text }
        if let opening = text.firstIndex(of: "("), let closing = text.lastIndex(of: ")"), opening < closing {
            return withoutAddresses(text[text.index(after: opening)..<closing])
        }
        return withoutAddresses(text.prefix { $0 != "<" })
    }

    /// A word with something before and behind its `@` is an address; `@jane` is a name.
    private static func withoutAddresses(_ text: Substring) -> String? {
        let words = text.split(separator: " ").filter { word in
            guard let at = word.firstIndex(of: "@") else { return true }
            return at == word.startIndex
        }
        return FeedText.line(words.joined(separator: " "))
    }
}
