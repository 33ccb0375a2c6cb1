import Membership
@testable import MembershipStore
import Testing

/// What is remembered of articles' texts when there is more than there is room for.
struct KnownContentsTests {
    private let contents = KnownContents()

    private func content(_ number: Int, version: Int64 = 1, length: Int = 1 << 20) -> KnownContent {
        KnownContent(
            of: Identifier(rawValue: Int64(number)),
            ArticleContent(
                author: nil, link: nil, summary: nil, keyPoints: [], categories: [], imageURL: nil, language: nil,
                opening: "\(number)", bodyHTML: String(repeating: "x", count: length)),
            version: version)
    }

    private func isKnown(_ number: Int, version: Int64 = 1) -> Bool {
        contents.content(of: Identifier(rawValue: Int64(number)), version: version)?.content.opening == "\(number)"
    }

    @Test func ofAnotherVersionNothingIsKnown() {
        contents.keep(content(1))
        #expect(isKnown(1))
        #expect(!isKnown(1, version: 2))
        // What was known is gone for good: the number may come again behind a backup that was put in place.
        #expect(!isKnown(1))
        contents.keep(content(1, version: 2))
        #expect(isKnown(1, version: 2))
        contents.keep(content(2, version: 3))
        #expect(isKnown(2, version: 3))
        #expect(!isKnown(1, version: 3))
    }

    @Test func whatIsAskedForAgainIsKeptAndTheRestGoes() {
        contents.keep(content(0))
        for number in 1...200 {
            contents.keep(content(number))
            #expect(isKnown(0), "behind \(number)")
            #expect(isKnown(number))
        }
        #expect((1...200).filter { isKnown($0) }.count <= 32)
    }

    @Test func whatIsReplacedTakesNoRoomTwice() {
        contents.keep(content(0))
        for _ in 1...200 { contents.keep(content(1)) }
        #expect(isKnown(0))
    }
}
