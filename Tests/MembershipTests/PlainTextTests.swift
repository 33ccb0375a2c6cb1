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
}
