import Foundation
import Membership
import TestSupport
import Testing

@testable import MembershipFeeds

struct FeedDocumentTests {
    @Test(
        .enabled(if: RealFeeds.folder != nil),
        arguments: [
            ("golem.rss.xml", FeedFormat.rss2, 40), ("artificial-truth.atom.xml", .atom, 25),
            ("the-record.feed.json", .jsonFeed, 11),
        ])
    func realFeedsAreReadWhole(name: String, format: FeedFormat, count: Int) throws {
        let feed = try FeedDocument.open(path: RealFeeds.path(name))
        #expect(feed.format == format && feed.entryCount == count)
        var entries: [FeedEntry] = []
        for item in try allItems(of: feed) {
            guard case .entry(let entry) = item else {
                Issue.record("rejected: \(item)")
                continue
            }
            entries.append(entry)
        }
        #expect(entries.count == count)
        #expect(entries.allSatisfy { $0.link != nil && $0.publishedAt != nil })
        #expect(entries.allSatisfy { !$0.bodyHTML.isEmpty && !$0.opening.isEmpty })
    }

    @Test func theChannelIsRead() throws {
        let channels = try [rss(""), atom(""), json("")].map { feed in
            try withFeed(Data(feed.utf8)) { try FeedDocument.open(path: $0).channel }
        }
        #expect(channels[0] == FeedChannel(name: "News & More", homePage: "https://news.example/", language: "de"))
        #expect(channels[1] == FeedChannel(name: "N & M", homePage: "https://news.example/", language: "en"))
        #expect(channels[2] == FeedChannel(name: "News", homePage: "https://news.example/", language: "en"))
    }

    @Test func aChannelWithoutATitleHasTheNameOfItsSiteOrNone() throws {
        let version = "\"version\": \"https://jsonfeed.org/version/1\", \"items\": []"
        let names = try [
            "<rss><channel><link>https://news.example/x</link></channel></rss>", "<rss><channel/></rss>",
            "<rss><channel><title> </title></channel></rss>", "<feed xmlns=\"http://www.w3.org/2005/Atom\"/>",
            "{\(version), \"home_page_url\": \"https://news.example/x\"}", "{\(version)}",
        ].map { feed in try withFeed(Data(feed.utf8)) { try FeedDocument.open(path: $0).channel.name } }
        #expect(names == ["news.example", "", "", "", "news.example", ""])
    }

    @Test func whatTheChannelSaysHasLimits() throws {
        func channel(title: Int, language: Int, authors: Int) throws -> (FeedChannel, FeedEntry) {
            let authors = (0..<authors).map { "<author><name>A\($0)</name></author>" }.joined()
            let feed = """
                <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="\(String(repeating: "a", count: language))">
                <title>\(String(repeating: "t", count: title))</title>\(authors)
                <entry><id>1</id><title>t</title></entry></feed>
                """
            return (try withFeed(Data(feed.utf8)) { try FeedDocument.open(path: $0).channel }, try entry(feed))
        }
        let most = try channel(
            title: FeedLimits.channelName, language: FeedLimits.languageBytes, authors: FeedLimits.authors)
        #expect(most.0.name.count == FeedLimits.channelName && !most.0.name.hasSuffix("…"))
        #expect(most.0.language?.count == FeedLimits.languageBytes && most.1.author?.hasSuffix(", A9") == true)
        let more = try channel(
            title: FeedLimits.channelName + 1, language: FeedLimits.languageBytes + 1, authors: FeedLimits.authors + 1)
        #expect(more.0.name.count == FeedLimits.channelName && more.0.name.hasSuffix("…"))
        #expect(more.0.language == nil && more.1.language == nil && more.1.author == most.1.author)
    }

    @Test func theAttributesAroundEntriesHaveALimit() throws {
        func feed(_ bytes: Int) -> String {
            "<rss a=\"\(String(repeating: "x", count: bytes))\"><channel/></rss>"
        }
        #expect(try items(feed(FeedLimits.channelAttributeBytes)).isEmpty)
        let error = try refusal(feed(FeedLimits.channelAttributeBytes + 1))
        #expect(error?.message.contains("‘rss’ with more than 16384 bytes of attributes") == true)
    }

    @Test func allIDsAreKnownBeforeTheEntries() throws {
        let feeds = [
            rss(
                """
                <item><guid> a\u{301}\u{202E} 1 </guid><title>t</title></item><item><title>t</title><link>/2</link></item>
                <item><guid>3</guid><title>t</title><pubDate>soon</pubDate></item><item><title>none</title></item>
                <item><guid>4</guid><title>t</title><description>&lt;p&gt;x</description></item><item><guid>4</guid></item>
                """),
            atom(
                """
                <entry><id> á 1</id><title>t</title></entry><entry><title>t</title><link href="/2"/></entry>
                <entry><id>3</id><title>t</title><updated>soon</updated></entry><entry><title>none</title></entry>
                <entry><id>4</id><title>t</title></entry><entry><id>4</id><title>t</title></entry>
                """),
            json(
                """
                {"id": "á  1", "title": "t"}, {"url": "/2", "title": "t"}, {"id": 3, "title": 3}, {"title": "none"},
                {"id": 4, "title": "t"}, {"id": "4", "title": "t"}, [], {"id": {}}
                """),
        ]
        for feed in feeds {
            let ids = try withFeed(Data(feed.utf8)) { try FeedDocument.open(path: $0).identities().ids }
            #expect(ids == ["á 1", "https://news.example/2", "3", "4"])
            let taken = try items(feed).compactMap { if case .entry(let entry) = $0 { entry.sourceID } else { nil } }
            #expect(taken == ["á 1", "https://news.example/2", "4"])
        }
    }

    @Test func anIDThatIsTooLongIsNone() throws {
        func ids(_ length: Int) throws -> Set<String> {
            let feed = rss("<item><guid>\(String(repeating: "x", count: length))</guid></item>")
            return try withFeed(Data(feed.utf8)) { try FeedDocument.open(path: $0).identities().ids }
        }
        #expect(try ids(FeedLimits.idBytes).count == 1)
        #expect(try ids(FeedLimits.idBytes + 1).isEmpty)
    }

    @Test(arguments: [
        ("UTF-8", String.Encoding.utf8), ("ISO-8859-1", .isoLatin1), ("windows-1252", .windowsCP1252),
        ("UTF-16", .utf16),
    ])
    func theDeclaredEncodingIsUsed(name: String, encoding: String.Encoding) throws {
        let feed = rss(
            "<item><guid>1</guid><title>Bäume</title></item>", prolog: "<?xml version=\"1.0\" encoding=\"\(name)\"?>")
        for gzip in [false, true] {
            guard case .entry(let entry) = try items(feed, encoding: encoding, gzip: gzip)[0] else {
                throw Rejection(reason: "it must be taken")
            }
            #expect(entry.headline == "Bäume")
        }
    }

    @Test(arguments: [
        ("", "is empty"), (" \n ", "is empty"), ("hello", "neither XML nor JSON"),
        ("<!DOCTYPE html><p>", "is an HTML page"),
        ("<?xml version=\"1.0\"?><html/>", "is an HTML page"), ("<opml/>", "outermost element is ‘opml’"),
        ("<rss version=\"2.0\"/>", "has no channel"), ("<rss><channel><item></rss>", "line 1, is not well-formed XML"),
        ("<rss>\n<channel><title>x</title><item>", "is not well-formed XML"),
        ("<rss><channel><title>&nbsp;</title></channel></rss>", "is not well-formed XML"),
        ("{}", "no ‘version’"), ("{\"version\": \"2\"}", "its version is ‘2’"),
        ("{\"version\": \"https://jsonfeed.org/version/1\", \"title\": \"t\"}", "no list of ‘items’"),
        ("{\"items\": []", "breaks off"), ("{\"items\": [], \"items\": []}", "‘items’ twice"),
        ("[]", "neither XML nor JSON"),
    ])
    func whatIsNoWholeFeedIsRefused(text: String, what: String) throws {
        let error = try refusal(text)
        #expect(error?.code == .invalidFeed)
        #expect(error?.message.contains(what) == true, "\(error?.message ?? "")")
    }

    @Test func aBadEndGivesNothingOfTheGoodBeginning() throws {
        let good = rss("<item><guid>1</guid><title>t</title></item>")
        #expect(try refusal(good + "<x>")?.code == .invalidFeed)
        #expect(try refusal(String(good.dropLast(3)))?.code == .invalidFeed)
    }

    @Test func jsonInUTF16IsRefused() throws {
        #expect(try refusal(json(""), encoding: .utf16)?.message.contains("JSON in UTF-16") == true)
    }

    @Test func invalidBytesAreRefused() throws {
        let bytes = try #require(rss("<item><title>Bäume</title></item>").data(using: .isoLatin1))
        #expect(try refusal(bytes: bytes)?.message.contains("not well-formed") == true)
    }

    @Test(arguments: [
        // Billion laughs, quadratic blow-up, a file, and a parameter entity.
        """
        <!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
        <!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY x "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
        """,
        "<!ENTITY x \"\(String(repeating: "x", count: 100_000))\">", "<!ENTITY x SYSTEM \"file:///etc/passwd\">",
        "<!ENTITY % p SYSTEM \"file:///etc/passwd\">%p;<!ENTITY x \"\">",
    ])
    func anEntityBombIsRefused(entities: String) throws {
        let references = String(repeating: "&x;", count: 10_000)
        let feed = "<!DOCTYPE rss [\(entities)]>\n" + rss("<item><title>\(references)</title></item>", prolog: "")
        let error = try refusal(feed)
        #expect(error?.code == .invalidFeed)
        #expect(error?.message.contains("declares entities of its own") == true, "\(error?.message ?? "")")
    }

    @Test func aDoctypeIsFineAsLongAsItDeclaresNothing() throws {
        let item = "<item><guid>1</guid><title>a&nbsp;b&eacute;</title></item>"
        let named = "<!DOCTYPE rss PUBLIC \"-//Netscape Communications//DTD RSS 0.91//EN\" \"file:///etc/passwd\">"
        #expect(try entry(rss(item, prolog: named)).headline == "a bé")
        let attributes = "<!DOCTYPE rss [<!ATTLIST item x CDATA \"y\">]>"
        #expect(
            try refusal(rss("<item/>", prolog: attributes))?.message.contains("declares elements or attributes") == true
        )
    }

    @Test func nestingIsLimited() throws {
        let deep = { (count: Int) in
            rss(
                "<item><guid>1</guid><title>t</title>" + String(repeating: "<x>", count: count)
                    + String(repeating: "</x>", count: count) + "</item>")
        }
        #expect(try refusal(deep(100_000))?.message.contains("too deep") == true)
        #expect(try refusal(deep(FeedLimits.nesting - 2))?.message.contains("too deep") == true)
        #expect(try items(deep(FeedLimits.nesting - 3)).count == 1)
    }

    @Test func moreEntriesThanTheLimitAreRefused() throws {
        let error = try refusal(rss(String(repeating: "<item/>", count: FeedLimits.entries + 1)))
        #expect(error?.code == .feedTooLarge)
        #expect(try refusal(json("0" + String(repeating: ",0", count: FeedLimits.entries)))?.code == .feedTooLarge)
    }
}
