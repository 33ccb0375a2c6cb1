/// The name of a person out of what feeds write where an author belongs.
enum AuthorName {
    /// `jane@example.com (Jane Doe)` and `Jane Doe <jane@example.com>` give `Jane Doe`; an address alone gives nothing,
    /// because no personal address is kept.
    static func parse(_ text: String?) -> String? {
        guard let text = FeedText.line(text) else { return nil }
        guard text.contains("@") else { return text }
        if let opening = text.firstIndex(of: "("), let closing = text.lastIndex(of: ")"), opening < closing {
            return withoutAddresses(text[text.index(after: opening)..<closing])
        }
        return withoutAddresses(text.prefix { $0 != "<" })
    }

    /// All of them, in order, each once, joined by commas.
    static func joined(_ texts: [String]) -> String? {
        var names: [String] = []
        for name in texts.compactMap(parse) where !names.contains(name) { names.append(name) }
        return names.isEmpty ? nil : names.joined(separator: ", ")
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
