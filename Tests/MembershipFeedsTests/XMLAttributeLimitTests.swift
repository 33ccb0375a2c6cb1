import Foundation
import Membership
import TestSupport
import Testing

@testable import MembershipFeeds

struct XMLAttributeLimitTests {
    private static let most = FeedLimits.attributes

    private func isKept(_ text: String, _ encoding: String.Encoding = .utf8, pieces: Int = .max) throws -> Bool {
        var rest = try #require(text.data(using: encoding))
        var limit = XMLAttributeLimit(FeedUnitWidth(of: rest))
        while !rest.isEmpty {
            let piece = rest.prefix(pieces)
            guard piece.withUnsafeBytes({ limit.isKept(by: $0) }) else { return false }
            rest = rest.dropFirst(piece.count)
        }
        return true
    }

    private func attributes(_ count: Int, _ quote: String = "'") -> String {
        (0..<count).map { " a\($0) =\n \(quote)x=y>z \(quote)" }.joined()
    }

    @Test(
        arguments: [
            String.Encoding.utf8, .utf16LittleEndian, .utf16BigEndian, .utf16, .utf32LittleEndian, .utf32BigEndian,
            .windowsCP1251,
        ], [1, 7, .max])
    func anElementHasSoManyAttributesAndNoMore(encoding: String.Encoding, pieces: Int) throws {
        // In UTF-16 some of these letters have the bytes of marks.
        let text = "<a><t>Фильм мabЧ Титаник</t>"
        let most = XMLAttributeLimitTests.most
        #expect(
            try isKept("\(text)<b\(attributes(most))/><c\(attributes(most, "\""))>x</c></a>", encoding, pieces: pieces))
        #expect(try !isKept("\(text)<b\(attributes(most + 1))/></a>", encoding, pieces: pieces))
        #expect(try !isKept("\(text)<b\n\(attributes(most + 1))", encoding, pieces: pieces))
    }

    @Test(arguments: [
        "<!-- ' > -->", "<![CDATA[ <x y=' ]]>", "<?p ' < ?>", "<!DOCTYPE rss SYSTEM \"><x '\">",
        "<!DOCTYPE rss [<!-- > <y ' -->]>", "<x a='1'>'</x>", "\"", "<",
    ])
    func nothingThatComesBeforeHidesOne(before: String) throws {
        let most = XMLAttributeLimitTests.most
        #expect(try !isKept("\(before)<b\(attributes(most + 1))/>"))
        #expect(try isKept("\(before)<b\(attributes(most))/>"))
    }

    @Test func manyElementsAreNotOne() throws {
        #expect(try isKept(String(repeating: "<b\(attributes(150))/> x='y' \n", count: 50)))
        // A mark in a text is told of by libxml2 itself.
        let text = "<title>Screens <5\" big</title>" + String(repeating: "<e a='1' b=\"2\"/>", count: 300)
        #expect(try isKept(text))
    }

    @Test func theFeedIsRefusedWithTheLineBeforeItIsParsed() throws {
        let item =
            "<item\(attributes(XMLAttributeLimitTests.most + 1).replacing("\n", with: ""))><title>A</title></item>"
        let error = #expect(throws: MembershipError.self) {
            try withFeed(Data("<rss version='2.0'><channel>\n\n\(item)</channel></rss>".utf8)) {
                try FeedDocument.open(path: $0)
            }
        }
        #expect(error?.code == .invalidFeed)
        #expect(error?.message.contains("line 3, has an element with more than 200 attributes") == true)
    }

    @Test(arguments: ["UTF-7", "ISO-2022-JP", "hz", "IBM1047", "UNICODE-1-1-UTF-7"])
    func anEncodingInWhichTheSignsOfXMLAreOthersIsRefused(encoding: String) throws {
        let error = #expect(throws: MembershipError.self) {
            try withFeed(Data("<?xml version='1.0' encoding = '\(encoding)' ?><rss/>".utf8)) {
                try FeedDocument.open(path: $0)
            }
        }
        #expect(error?.message.contains("‘\(encoding)’") == true && error?.remedy != nil)
    }

    @Test(arguments: ["UTF-8", "utf8", "ISO-8859-15", "iso_8859-1", "windows-1252", "KOI8-R", "Shift_JIS", "GB18030"])
    func usualEncodingsAreRead(encoding: String) {
        #expect(FeedEncoding.isRead(encoding))
    }
}

struct HTMLAttributeLimitTests {
    private static let most = FeedLimits.htmlAttributes

    private func isKept(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes(HTMLAttributeLimit.isKept)
    }

    private static let kinds = [
        " aN", " aN=1", " aN='x y'", " aN = \"x > y\"", "\naN=x\"y", " aN=''", " .aN=1", " '\" aN ", "\taN=1",
    ]

    private func attributes(_ count: Int, _ kind: String) -> String {
        (0..<count).map { kind.replacing("N", with: "\($0)") }.joined()
    }

    @Test(arguments: kinds) func anElementHasSoManyAttributesAndNoMore(kind: String) {
        let most = HTMLAttributeLimitTests.most
        #expect(isKept("<p\(attributes(most, kind))>Text</p><b\(attributes(most, kind))/>x"))
        #expect(!isKept("<p\(attributes(most + 1, kind))>Text</p>"))
        #expect(!isKept("Text <p\(attributes(most + 1, kind))"))
    }

    @Test(arguments: [
        "<!-- ", "<!-- --!>", "<script>", "<script/>", "<p a=\"", "<p a='>'", "<p =\"", "<![CDATA[", "&lt;",
    ])
    func nothingThatComesBeforeHidesOne(before: String) {
        let most = HTMLAttributeLimitTests.most
        #expect(!isKept(before + "<p\(attributes(most + 1, " aN=1"))>"))
    }

    @Test func aNameThatGoesOnAndOnIsMany() {
        #expect(!isKept("<p " + String(repeating: "a", count: 100 * HTMLAttributeLimitTests.most) + ">"))
    }

    @Test func textsAndScriptsAreNone() {
        #expect(isKept("<p>" + String(repeating: "1 < 2 and a<b > c, ", count: 5000) + "</p>"))
        #expect(
            isKept("<script>" + String(repeating: "if (a<b) { c = d; } else { e > f }\n", count: 2000) + "</script>"))
        #expect(isKept(String(repeating: "<a href='x' title=\"y\">z</a> ", count: 5000)))
    }

    /// What is hostile takes no longer than what is not: from each place only what is there is looked at.
    @Test(.timeLimit(.minutes(2)), arguments: ["<b a=", "<b a='", "<b a=\"", "<b \"", "<b ", "<b a = <b a = '"])
    func manyBeginningsAreLookedAtOnce(piece: String) {
        _ = isKept(String(repeating: piece, count: (1 << 20) / piece.utf8.count))
    }

    @Test func theEntryIsRejectedAndTheOthersAreTaken() throws {
        let bad = "<p\(attributes(HTMLAttributeLimitTests.most + 1, " aN=1"))>Text and more.</p>"
        func item(_ id: Int, _ html: String) -> String {
            "<item><guid>\(id)</guid><title>T</title><description><![CDATA[\(html)]]></description></item>"
        }
        let feed =
            "<rss version='2.0'><channel><title>C</title>\(item(1, bad))\(item(2, "<p>Text.</p>"))</channel></rss>"
        let items = try withFeed(Data(feed.utf8)) { try allItems(of: FeedDocument.open(path: $0)) }
        guard case .rejected(let entry) = items[0], case .entry = items[1] else { Issue.record("\(items)"); return }
        #expect(entry.reason.contains("more than 500 attributes"))
    }
}
