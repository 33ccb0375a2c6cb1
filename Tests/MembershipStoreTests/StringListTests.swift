import Foundation
@testable import MembershipStore
import Testing
import TestSupport

struct StringListTests {
    /// Quotes, escapes, control characters, letters of several bytes, and what stands between strings.
    private static let pieces = [
        "a", "Bern", " ", "\"", "\\", "/", ",", "[", "]", "\n", "\u{0}", "\u{1F}", "\u{7F}", "ß", "é", "e\u{301}", "日本",
        "👩‍👩‍👧",
        "\\u0041", "null", "",
    ]

    @Test(arguments: 0..<64 as Range<UInt64>) func whatIsWrittenIsRead(seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        for _ in 0..<50 {
            let strings = (0..<Int.random(in: 0...4, using: &numbers)).map { _ in
                (0..<Int.random(in: 0...5, using: &numbers)).map { _ in
                    StringListTests.pieces.randomElement(using: &numbers) ?? ""
                }.joined()
            }
            #expect(StringList.strings(StringList.text(strings)) == strings)
        }
    }

    /// Whatever a text holds, it is read as the decoder reads it.
    @Test(arguments: 0..<64 as Range<UInt64>) func everyTextIsReadAsTheDecoderDoes(seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        let pieces = StringListTests.pieces + ["\"a\"", "\",\"", "[\"", "\"]", "\"b\" , \"c\"", "1", "{}"]
        for _ in 0..<200 {
            var text = (0..<Int.random(in: 0...6, using: &numbers)).map { _ in
                pieces.randomElement(using: &numbers) ?? ""
            }
            .joined()
            if Bool.random(using: &numbers) { text = "[" + text + "]" }
            let decoded = try? JSONDecoder().decode([String].self, from: Data(text.utf8))
            #expect(StringList.strings(text) == decoded, "\(text)")
        }
    }
}
