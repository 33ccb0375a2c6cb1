/// Texts that stand beside an article, cut into sentences and words.
struct TextBeside {
    /// Nil where there is no text.
    private let pieces: [[Substring]?]
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
        for (text, pieces) in pieces.enumerated() {
            // No run of words goes from one text to the next.
            if !owners.isEmpty { add(nil, Sentence(text: text, number: -1)) }
            var weights: [Int] = []
            for (number, piece) in (pieces ?? []).enumerated() {
                Word.each(of: piece) { word in
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

    /// The sentences that words stand in.
    func text(around place: Range<Int>) -> String {
        guard let first = owners[place].first, let last = owners[place].last, let pieces = pieces[first.text] else {
            return ""
        }
        return pieces[first.number...last.number].joined()
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

/// Finds runs of words of a long text in the texts beside it, word by word.
struct TextSearch {
    let beside: TextBeside
    /// The sentences that give something away.
    private(set) var found: Set<TextBeside.Sentence> = []
    private var stepsLeft: Int
    /// The runs that end with the word just read, by the place where it stands.
    private var runs: [Run]
    private var wordsRead = 0
    private var lastPlaces: [Int] = []
    /// How many words up to each place are known anyway.
    private var known: [Int]

    private struct Run {
        /// When it was met, counted in words read.
        var time = -1
        var count = 0
        /// How many of them at its end are withheld.
        var withheld = 0
    }

    init(in beside: TextBeside, stepsLeft: Int) {
        self.beside = beside
        self.stepsLeft = stepsLeft
        runs = Array(repeating: Run(), count: beside.wordCount)
        known = Array(repeating: 0, count: beside.wordCount)
    }

    /// It took too long, and what was found is not all.
    var isOver: Bool { stepsLeft < 0 }

    /// Reads what everybody may know.
    mutating func learn(_ text: String) {
        Word.each(of: text[...]) { word in
            advance(word)
            for place in lastPlaces { known[place] = max(known[place], runs[place].count) }
        }
        // Nothing goes on from here.
        wordsRead += 1
    }

    /// Reads on in the article, and gives the number of words.
    mutating func read(_ text: Substring, isWithheld: Bool) -> Int {
        let before = wordsRead
        Word.each(of: text) { word in
            advance(word)
            guard isWithheld else { return }
            for place in lastPlaces {
                runs[place].withheld += 1
                guard let window = beside.windows[place], runs[place].withheld >= window, known[place] < window else {
                    continue
                }
                find((place - window + 1)..<(place + 1))
            }
        }
        return wordsRead - before
    }

    /// Where the last `count` words read stand in a row.
    func places(ofLast count: Int) -> [Range<Int>] {
        guard count > 0 else { return [] }
        return lastPlaces.filter { runs[$0].count >= count }.map { ($0 - count + 1)..<($0 + 1) }
    }

    /// Marks the sentences that words stand in.
    mutating func find(_ place: Range<Int>) {
        for index in place { found.insert(beside.sentence(at: index)) }
        stepsLeft -= place.count
    }

    /// Whether everybody may know these words.
    func isKnown(_ place: Range<Int>) -> Bool {
        known[place.upperBound - 1] >= place.count
    }

    /// Whether `piece` stands in `text`, which takes its time.
    mutating func text(_ text: String, contains piece: String) -> Bool {
        stepsLeft -= text.utf8.count / 8
        return text.contains(piece)
    }

    private mutating func advance(_ word: Word) {
        wordsRead += 1
        guard !isOver else { return lastPlaces = [] }
        lastPlaces = beside.places[word.text] ?? []
        stepsLeft -= lastPlaces.count
        // The last place comes first, so that the run in front of each is still that of the word before.
        for place in lastPlaces {
            let before = place > 0 && runs[place - 1].time == wordsRead - 1 ? runs[place - 1] : Run()
            runs[place] = Run(time: wordsRead, count: before.count + 1, withheld: before.withheld)
        }
    }
}

/// A word of a text as it is compared: letters and digits, or one symbol.
struct Word {
    let text: Substring
    /// ``Word/weight``, or half of it for a character of a script without spaces.
    let weight: Int

    static let weight = 2

    static func each(of text: Substring, _ body: (Word) -> Void) {
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let kind = kind(of: scalars[index])
            let start = index
            index = scalars.index(after: index)
            switch kind {
            case .space: continue
            case .character: body(Word(text: text[start..<index], weight: weight / 2))
            case .part:
                while index < scalars.endIndex, Word.kind(of: scalars[index]) == .part {
                    index = scalars.index(after: index)
                }
                body(Word(text: text[start..<index], weight: weight))
            }
        }
    }

    private enum Kind {
        /// White space or punctuation.
        case space
        case part
        /// A word by itself.
        case character
    }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return .part
        case ..<0x80: return .space
        // Thai to Myanmar, Khmer, kana.
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF: return .character
        default: break
        }
        if scalar.properties.isIdeographic { return .character }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
            return .part
        case .otherSymbol, .mathSymbol, .currencySymbol: return .character
        default: return .space
        }
    }
}
