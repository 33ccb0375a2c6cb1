import Foundation
import Membership
import Testing

@testable import MembershipFeeds

struct TagLimitTests {
    private func isKept(_ text: String, _ encoding: String.Encoding = .utf8, pieces: Int = .max) throws -> Bool {
        var limit = TagLimit()
        var rest = try #require(text.data(using: encoding))
        while !rest.isEmpty {
            let piece = rest.prefix(pieces)
            guard piece.withUnsafeBytes({ limit.isKept(by: $0) }) else { return false }
            rest = rest.dropFirst(piece.count)
        }
        return true
    }

    private func attributes(_ count: Int) -> String {
        (0..<count).map { " a\($0)='x=y>z'" }.joined()
    }

    @Test(arguments: [String.Encoding.utf8, .utf16LittleEndian, .utf16BigEndian, .isoLatin1], [1, 7, .max])
    func anElementHasSoManyAttributesAndNoMore(encoding: String.Encoding, pieces: Int) throws {
        let most = FeedLimits.attributes
        #expect(try isKept("<a><b\(attributes(most))/><c\(attributes(most))>x</c></a>", encoding, pieces: pieces))
        #expect(try !isKept("<a><b\(attributes(most + 1))/></a>", encoding, pieces: pieces))
        #expect(try !isKept("<a\n\(attributes(most + 1))", encoding, pieces: pieces))
    }

    @Test(arguments: [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?p ", "?>"), ("", "")])
    func whatIsNoElementHasNoAttributes(opening: String, closing: String) throws {
        let many = attributes(FeedLimits.attributes + 1)
        let inner = opening.isEmpty ? many : "<img\(many)>"
        #expect(try isKept("<a>\(opening)\(inner)\(closing)</a>"))
        // What comes behind it is looked at.
        #expect(try !isKept("<a>\(opening)\(inner)\(closing)<b\(many)/></a>"))
    }

    @Test func theFeedIsRefusedWithTheLineBeforeItIsParsed() throws {
        let item = "<item\(attributes(FeedLimits.attributes + 1))><title>A</title></item>"
        let error = #expect(throws: MembershipError.self) {
            try withFeed(Data("<rss version='2.0'><channel>\n\n\(item)</channel></rss>".utf8)) {
                try FeedDocument.open(path: $0)
            }
        }
        #expect(error?.code == .invalidFeed)
        #expect(error?.message.contains("line 3, has an element with more than 200 attributes") == true)
    }
}
