/// Finds runs of words of a long ``ComparedText`` in the texts beside it, word by word.
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
