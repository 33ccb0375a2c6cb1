import Membership
import Testing

struct PlainTextTests {
    @Test func controlCharactersAreShownByNumberAndNeverSent() {
        #expect(PlainText.visible("a\u{1B}[31mb\u{202E}c\u{9B}d") == "a[U+1B][31mb[U+202E]c[U+9B]d")
        #expect(PlainText.visible("Füße 日本 😀") == "Füße 日本 😀")
    }

    @Test func textIsTrimmedAndNormalized() throws {
        #expect(try PlainText.checked("  Ju\u{308}rgen ", as: "a name", longest: 10) == "Jürgen")
    }

    @Test(arguments: ["", "  \n ", "a\u{1B}b", "a\nb", "a\u{202E}b", "12345678901"])
    func emptyLongOrControllingTextIsRefused(text: String) {
        #expect(throws: MembershipError.self) { try PlainText.checked(text, as: "a name", longest: 10) }
    }

    @Test(arguments: [
        "Asked by ada@example.com.", "ada@example.com", "Is it ada@example.com?", "ada@example.com!",
        "‘ada@example.com’",
        "„ada@example.com“", "See ada@example.com/b", "(ada@example.com)", "'ada@example.com'",
        "mail=ada@example.com;x",
        "Asked\u{600} by ada@example.com", "x/ada@example.com", "…ada@example.com…", "grün@bücher.example.",
        "Two: a@b, ada+x@example.com.", "<ada@example.com>", "..ada@example.com",
    ])
    func aReasonThatHoldsAnAddressIsRefused(text: String) {
        let error = #expect(throws: MembershipError.self) { try PlainText.reason(text) }
        #expect(error?.code == .invalidInput && error?.message.contains("holds an address") == true)
    }

    @Test(arguments: [
        "Moved to membership@2.", "Won it @ the fair", "@ada asked", "ada@", "5 @ 9.99", "a@b",
        "acct_01hzy3k2m4n5p asked",
    ])
    func aReasonThatNamesNobodyIsKept(text: String) throws {
        #expect(try PlainText.reason(text) == text)
    }

    @Test func noSignOfHTMLIsHiddenByWhatStandsBesideIt() {
        for beside in ["", "\u{600}", "\u{110BD}"] {
            #expect(
                PlainText.html("\(beside)<a\(beside)>\(beside)&\(beside)\"\(beside)'\u{301}")
                    == "\(beside)&lt;a\(beside)&gt;\(beside)&amp;\(beside)&quot;\(beside)&#39;\u{301}")
        }
    }
}
