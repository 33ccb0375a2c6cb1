import Testing

@testable import MembershipFeeds

struct OpeningTests {
    @Test func wholeSentencesUpToHalfAreTaken() {
        let text = "One two. Three four! Five six seven eight nine ten eleven."
        #expect(Opening.of(text) == "One two. Three four!")
        #expect(Opening.of("Er sagte „Nein.“ Dann ging er fort und kam nicht wieder.") == "Er sagte „Nein.“")
    }

    @Test(arguments: [
        "Am 3. Oktober kam er z. B. mit Dr. Meier und J. Smith nach Bonn. Dort blieb er, bis der Winter kam, und noch "
            + "viel länger, als alle gedacht hatten."
    ])
    func aDotThatEndsNoSentenceIsNoEnd(text: String) {
        #expect(Opening.of(text) == "Am 3. Oktober kam er z. B. mit Dr. Meier und J. Smith nach Bonn.")
    }

    @Test func aLongFirstSentenceIsCutAtAWord() {
        #expect(Opening.of("Alpha beta gamma delta epsilon zeta") == "Alpha beta gamma…")
        let long = String(repeating: "word ", count: 500)
        #expect(Opening.of(long).count <= FeedLimits.opening)
        #expect(Opening.of(long).hasSuffix("word…"))
    }

    @Test(arguments: ["", "Word", "Unbelievable story", "a b"])
    func whatIsTooShortToCutHasNoOpening(text: String) {
        #expect(Opening.of(text).isEmpty)
    }

    @Test func anOpeningIsABeginningAndNeverMoreThanHalf() {
        let parts = [
            "a", "Wort", ".", " ", "!", "…", "\n\n", "3.", "z. B.", "é", "“", "👩‍👩‍👧", "。", "long-word", " ", "\n",
        ]
        for _ in 0..<1000 {
            let text = (0..<Int.random(in: 0...80)).map { _ in parts.randomElement() ?? "" }.joined()
            let opening = Opening.of(text)
            let isPrefix = text.hasPrefix(opening) || opening.last == "…" && text.hasPrefix(opening.dropLast())
            #expect(isPrefix && opening.count <= text.count / 2, "\(text.debugDescription)")
        }
    }
}
