/// The part of an article that a reader may not have, and what other texts give away of it.
///
/// A text gives it away when it contains
/// - a whole withheld sentence: one that neither the opening nor the headline contains, or the rest of the one that is
///   cut. A paragraph without a closing mark, such as a heading or a table's cell, counts from ``fewestCharacters`` on,
///   and so does a piece between dots or line ends that are no sentence's end by our rules but may be by another's;
/// - ``longestRun`` words in a row of what is behind the cut, from the middle of a sentence or across several, because
///   many summaries are the article's own text, shortened. A run that the opening or the headline has too is harmless.
///
/// Words are compared as ``ComparedText``, whatever white space and punctuation is between them; sentences of one or two
/// words with both, so that “No.” does not forbid to say “No one”.
struct WithheldText {
    /// A heading or a cell that is shorter is no sentence.
    static let fewestCharacters = 20
    /// Words in a row that may not be given away. Where a script has no spaces, two characters count as a word.
    static let longestRun = 8
    /// How often words are compared at most. An article needs some thousand; one that needs more than this was made to
    /// take long, and everything beside it is taken to give it away.
    static let mostSteps = 5_000_000

    /// As it is compared, from the beginning of the sentence that is cut.
    private let text: Substring
    private let cut: String.Index
    /// As they are compared, each on one line.
    private let known: [String]

    /// What is in `text` behind `cut`, beside what is in front of it and in `headline`; all of it without a cut.
    init(of text: String, behind cut: Opening.Cut?, headline: String) {
        let end = cut?.end ?? text.startIndex
        let shown = ComparedText.of(text[..<end])
        let whole = shown + ComparedText.of(text[end...])
        self.cut = whole.utf8.index(whole.startIndex, offsetBy: shown.utf8.count)
        // Only a first sentence is cut.
        self.text = cut?.isInSentence == false ? whole[self.cut...] : whole[...]
        known = [shown, ComparedText.of(headline)].compactMap { FeedText.line($0) }
    }

    /// `texts` without the sentences that give something away; what has nothing left is nil.
    func harmless(in texts: [String]) -> [String?] {
        let lines = texts.map { FeedText.line($0) }
        guard let once = without(in: lines) else { return texts.map { _ in nil } }
        // Sentences that have become neighbours may give away what each alone does not.
        guard let twice = once == lines ? once : without(in: once) else { return texts.map { _ in nil } }
        return texts.indices.map { index in
            guard once[index] == twice[index] else { return nil }
            return once[index] == lines[index] ? lines[index].map { _ in texts[index] } : once[index]
        }
    }

    /// Nil when it takes too long.
    private func without(in texts: [String?]) -> [String?]? {
        let beside = TextBeside(texts)
        guard !beside.isEmpty else { return texts }
        var search = TextSearch(in: beside, stepsLeft: WithheldText.mostSteps)
        for text in known { search.learn(text) }
        var sentence = (start: text.startIndex, words: 0)
        var start = text.startIndex
        for end in ends() {
            let words = search.read(text[start..<end.index], isWithheld: start >= cut)
            guard !search.isOver else { return nil }
            sentence.words += words
            if end.index > cut {
                let isWhole = end.isSentence && (start == sentence.start || start == cut)
                judge(text[start..<end.index], words, isSentence: isWhole, &search)
                if end.isSentence, start > sentence.start {
                    judge(text[sentence.start..<end.index], sentence.words, isSentence: true, &search)
                }
            }
            start = end.index
            if end.isSentence { sentence = (start, 0) }
        }
        return search.isOver ? nil : beside.texts(without: search.found)
    }

    /// The cut is an end too, because what follows it is withheld for itself.
    private func ends() -> [Sentences.End] {
        let ends = Sentences.ends(in: text)
        guard cut > text.startIndex, !ends.contains(where: { $0.index == cut }) else { return ends }
        let behind = ends.firstIndex { $0.index > cut } ?? ends.endIndex
        return ends[..<behind] + [Sentences.End(index: cut, isSentence: false)] + ends[behind...]
    }

    /// Marks where a piece of this text that was just read stands as a whole in the texts beside.
    private func judge(_ piece: Substring, _ words: Int, isSentence: Bool, _ search: inout TextSearch) {
        let places = search.places(ofLast: words)
        guard !places.isEmpty else { return }
        let isBeginning =
            piece.startIndex == text.base.startIndex
            || piece.prefix(while: \.isWhitespace).contains(where: \.isNewline)
        guard let piece = FeedText.line(String(piece)) else { return }
        // “3.” and “Nr.” close nothing.
        let isNumber = words == 1 && Sentences.isAbbreviation(piece.dropLast())
        let isClosed = isSentence && !isNumber && (Sentences.isClosed(piece) || !isBeginning)
        guard isClosed || piece.count >= WithheldText.fewestCharacters else { return }
        for place in places where !search.isOver {
            guard !search.isKnown(place) || !known.contains(where: { search.text($0, contains: piece) }) else {
                continue
            }
            guard words > 2 || search.text(search.beside.text(around: place), contains: piece) else { continue }
            search.find(place)
        }
    }
}
