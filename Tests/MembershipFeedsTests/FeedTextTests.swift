import Testing

@testable import MembershipFeeds

struct FeedTextTests {
    @Test func aLineHasNothingInvisible() {
        #expect(FeedText.line(" a\u{0}\n\tb\u{202E}c\u{85}\u{9B}\u{2066}d \u{A0} ") == "a bc d")
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
}
