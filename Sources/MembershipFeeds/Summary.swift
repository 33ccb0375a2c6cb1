/// What an article says, in short. Anyone may read it, and many feeds put the article itself there.
enum Summary {
    /// `text` on one line, when it is a summary of `article`. It is none when it
    /// - has more than ``FeedLimits/summary`` characters,
    /// - is longer than the article, or
    /// - gives away more than half of the article in the article's own words, whatever stands in between: a caption, or
    ///   a “read on” at the end.
    ///
    /// An article without text, such as a picture, may have any summary of that length.
    static func of(_ text: String?, beside article: String) -> String? {
        guard let summary = FeedText.line(text), FeedText.fits(summary, in: FeedLimits.summary) else { return nil }
        guard let article = FeedText.line(ComparedText.of(article)) else { return summary }
        let compared = ComparedText.of(summary)
        let length = article.count
        // What is no more than half of the article cannot give more than half of it.
        guard compared.count > length / 2 else { return summary }
        guard compared.count <= length, !article.contains(compared) else { return nil }
        return shared(words(compared), words(article)) > length / 2 ? nil : summary
    }

    /// How many characters of `article` are words that `summary` has in the same order: the longest common subsequence,
    /// each word with the space behind it. Neither has more than ``FeedLimits/summary`` × 2 characters here.
    private static func shared(_ summary: [Substring], _ article: [Substring]) -> Int {
        var best = [Int](repeating: 0, count: summary.count + 1)
        for word in article {
            let weight = word.count + 1
            var diagonal = 0
            for (index, other) in summary.enumerated() {
                let above = best[index + 1]
                best[index + 1] = word == other ? diagonal + weight : max(above, best[index])
                diagonal = above
            }
        }
        return best[summary.count]
    }

    /// Without the marks at their ends, so that `word…` is `word`.
    private static func words(_ text: String) -> [Substring] {
        text.split(separator: " ").map { word in
            let end = word.lastIndex { $0.isLetter || $0.isNumber }.map(word.index(after:)) ?? word.endIndex
            return word[..<end]
        }
    }
}
