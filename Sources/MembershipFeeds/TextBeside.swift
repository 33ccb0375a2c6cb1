/// Texts that stand beside an article, cut into sentences and words.
struct TextBeside {
    /// Nil where there is no text.
    private let pieces: [[Substring]?]
    /// The same as they are compared.
    private let compared: [[String]]
    /// The text and the sentence in it that each word stands in.
    private var owners: [Sentence] = []
    /// Where each word stands, last place first.
    private(set) var places: [Substring: [Int]] = [:]
    /// How many words up to each place are as many as may not be given away; nil where its text has too few.
    private(set) var windows: [Int?] = []

    struct Sentence: Hashable {
        var text: Int
        var number: Int
    }

    init(_ texts: [String?]) {
        pieces = texts.map { $0.map(TextBeside.sentences) }
        compared = pieces.map { ($0 ?? []).map { ComparedText.of($0) } }
        for (text, pieces) in compared.enumerated() {
            // No run of words goes from one text to the next.
            if !owners.isEmpty { add(nil, Sentence(text: text, number: -1)) }
            var weights: [Int] = []
            for (number, piece) in pieces.enumerated() {
                Word.each(of: piece[...]) { word in
                    weights.append(word.weight)
                    add(word, Sentence(text: text, number: number), window: TextBeside.window(weights))
                }
            }
        }
        places = places.mapValues { $0.reversed() }
    }

    var isEmpty: Bool { places.isEmpty }
    var wordCount: Int { owners.count }

    func sentence(at place: Int) -> Sentence { owners[place] }

    /// The sentences that words stand in, as they are compared.
    func text(around place: Range<Int>) -> String {
        guard let first = owners[place].first, let last = owners[place].last else { return "" }
        return compared[first.text][first.number...last.number].joined()
    }

    /// The texts without `dropped`; nil where nothing is left.
    func texts(without dropped: Set<Sentence>) -> [String?] {
        pieces.enumerated().map { text, pieces in
            let kept = (pieces ?? []).enumerated().filter { !dropped.contains(Sentence(text: text, number: $0.offset)) }
            return FeedText.line(kept.map { String($0.element) }.joined())
        }
    }

    /// Each with the white space in front of it.
    private static func sentences(_ text: String) -> [Substring] {
        var start = text.startIndex
        return Sentences.ends(in: text[...]).filter { $0.isSentence || $0.index == text.endIndex }.map { end in
            defer { start = end.index }
            return text[start..<end.index]
        }
    }

    private mutating func add(_ word: Word?, _ owner: Sentence, window: Int? = nil) {
        if let word { places[word.text, default: []].append(owners.count) }
        owners.append(owner)
        windows.append(window)
    }

    private static func window(_ weights: [Int]) -> Int? {
        var sum = 0
        for (index, weight) in weights.suffix(WithheldText.longestRun * Word.weight).reversed().enumerated() {
            sum += weight
            if sum >= WithheldText.longestRun * Word.weight { return index + 1 }
        }
        return nil
    }
}
