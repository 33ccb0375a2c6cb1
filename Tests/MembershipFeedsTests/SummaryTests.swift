import Testing

@testable import MembershipFeeds

struct SummaryTests {
    private let article = "Alpha beta gamma delta. Epsilon zeta eta theta.\n\nIota kappa lambda mu nu xi omicron."

    @Test(arguments: [
        "Alpha beta gamma delta. Epsilon zeta eta theta.",
        "Epsilon zeta eta theta. Iota kappa lambda mu nu xi omicron.",
        "Alpha beta gamma delta. Epsilon zeta eta theta. Iota kappa lambda mu nu xi omicron.",
        "Alpha beta gamma delta. (Photo: A. B.) Epsilon zeta eta theta. Read on",
        "Alpha beta gamma delta. Epsilon zeta eta theta. Iota kap…",
        "Alpha beta  gamma\tdelta. Epsilon zeta eta theta. Iota…",
    ])
    func moreThanHalfOfTheArticleIsNoSummary(text: String) {
        #expect(Summary.of(text, beside: article) == nil)
    }

    @Test func whatIsNotSeenAndCapitalsMakeNoOtherWords() {
        let text = "ALPHA beta gam\u{AD}ma delta. Epsilon ze\u{200B}ta ETA theta."
        #expect(Summary.of(text, beside: article) == nil)
        let hyphenated = article.replacing("mm", with: "m\u{AD}m").replacing("eta", with: "e\u{AD}ta")
        #expect(Summary.of("Alpha beta gamma delta. Epsilon zeta eta theta.", beside: hyphenated) == nil)
        let other = "Gam\u{AD}ma, and OTHER words than those of the article."
        #expect(Summary.of(other, beside: article) == other)
    }

    @Test func halfOfTheArticleIsASummary() {
        let half = "Alpha beta gamma delta. Epsilon zeta eta"
        #expect(half.count == 40)
        #expect(Summary.of(half + "x", beside: half + "x " + half) == half + "x")
        #expect(Summary.of(half + "xyz", beside: half + "xyz " + half) == nil)
        #expect(Summary.of("  \(half)\n", beside: article) == half)
    }

    @Test func otherWordsAreASummaryAsLongAsTheyAreNoLongerThanTheArticle() {
        let other = String(repeating: "word ", count: 15)
        #expect(Summary.of(other + "wordy", beside: article) == other + "wordy")
        #expect(Summary.of(other + "wordy words", beside: article) == nil)
    }

    @Test func aSummaryHasALimit() {
        let longest = String(repeating: "x", count: FeedLimits.summary)
        for article in ["", String(repeating: "word ", count: 1000)] {
            #expect(Summary.of(longest, beside: article) == longest)
            #expect(Summary.of(longest + "x", beside: article) == nil)
        }
        #expect(Summary.of("e" + String(repeating: "\u{317}", count: 8 * FeedLimits.summary), beside: "") == nil)
        #expect(Summary.of(" ", beside: "") == nil)
    }
}
