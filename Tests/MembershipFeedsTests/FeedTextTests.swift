import Testing

@testable import MembershipFeeds

struct FeedTextTests {
    @Test func aLineHasNothingInvisible() {
        #expect(FeedText.line(" a\u{0}\n\tb\u{202E}c\u{85}\u{9B}\u{2066}d \u{A0} ") == "a bc d")
        #expect(FeedText.line("a\u{61C}\u{200F}b\u{2028}c\u{FEFF}") == "ab c")
        #expect(FeedText.line("\u{1}\u{202A} \n") == nil)
        #expect(FeedText.line("e\u{301}")?.unicodeScalars.count == 1)
    }

    @Test func markupIsReadAsMarkup() {
        #expect(FeedText.line(html: "AT&amp;T <b>wins</b> &#8222;x&#8220;") == "AT&T wins „x“")
        #expect(FeedText.line(html: "1 < 2") == "1 < 2")
        #expect(FeedText.line(html: "<script>") == "<script>")
    }

    @Test func shorteningCutsAtAWord() {
        #expect(FeedText.shortened("alpha beta gamma", to: 12) == "alpha beta…")
        #expect(FeedText.shortened("alpha beta", to: 10) == "alpha beta")
    }

    @Test func aCharacterHasNoUnlimitedAccents() {
        let accents = "e" + String(repeating: "\u{317}", count: 1000)
        #expect(FeedText.shortened(accents, to: 10).unicodeScalars.count == 81)
        #expect(FeedText.shortened("e\u{317}", to: 10) == "e\u{317}")
    }

    @Test func aListHasALimitOfNumberAndLength() {
        #expect(FeedText.list(["a", "b", "a", "c"], atMost: 3, of: 4) == ["a", "b", "c"])
        #expect(FeedText.list(["a", "b", "a", "c"], atMost: 2, of: 4) == ["a", "b"])
        #expect(FeedText.list(["abcd", "abcde"], atMost: 2, of: 4) == ["abcd", "abc…"])
    }
}
