import Membership
import Testing

@testable import MembershipFeeds

struct RSSEntryTests {
    @Test func everyFieldFindsItsPlace() throws {
        let entry = try entry(
            rss(
                """
                <item><title>Q&amp;amp;A &lt;b&gt;now&lt;/b&gt;</title><link>/a/1</link><guid isPermaLink="false">g1</guid>
                <description>Short.</description><dc:creator>Jane Doe</dc:creator><dc:creator>x@y.example</dc:creator>
                <pubDate>Sun, 28 Oct 2018 13:48:00 +0100</pubDate><category>A</category><category>B</category>
                <category>A</category><media:content url="/m.mp4" medium="video"/><media:group>
                <media:thumbnail url="/t.png"/></media:group>
                <content:encoded><![CDATA[<p onclick="x">Long text.</p><img src="i.png">]]></content:encoded>
                <fn:key-point> One
                 thing. </fn:key-point><fn:key-point>Two.</fn:key-point></item>
                """))
        #expect(entry.sourceID == "g1")
        #expect(entry.link == "https://news.example/a/1")
        #expect(entry.headline == "Q&A now")
        #expect(entry.author == "Jane Doe")
        #expect(entry.summary == "Short.")
        #expect(entry.publishedAt?.rfc3339 == "2018-10-28T12:48:00Z")
        #expect(entry.updatedAt == nil)
        #expect(entry.categories == ["A", "B"])
        #expect(entry.imageURL == "https://news.example/t.png")
        #expect(entry.language == "de")
        #expect(entry.bodyHTML == "<p>Long text.</p><p><img src=\"https://news.example/a/i.png\" alt=\"\"></p>")
        #expect(entry.keyPoints == ["One thing.", "Two."])
    }

    @Test func theGuidIsALinkUnlessItSaysNot() throws {
        #expect(try entry(rss("<item><title>t</title><guid>https://a.example/1</guid></item>")).link != nil)
        #expect(
            try entry(rss("<item><title>t</title><guid isPermaLink=\"false\">https://a.example/1</guid></item>")).link
                == nil)
    }

    @Test func aDescriptionThatIsTheBodyIsNoSummary() throws {
        let entry = try entry(
            rss("<item><guid>1</guid><description>First one. Second &lt;i&gt;two&lt;/i&gt;.</description></item>"))
        #expect(entry.bodyHTML == "<p>First one. Second <i>two</i>.</p>")
        #expect(entry.summary == nil)
        #expect(entry.headline == "First one.")
        #expect(entry.opening == "First one.")
    }

    @Test func rss1IsRead() throws {
        let items = try items(
            """
            <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
                xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>T</title>
                <link>https://a.example/</link><dc:language>fr</dc:language></channel>
            <item rdf:about="https://a.example/1"><title>One</title><dc:date>2024-03-10</dc:date>
            <dc:subject>S</dc:subject></item></rdf:RDF>
            """)
        guard case .entry(let entry) = items[0] else { throw Rejection(reason: "\(items)") }
        #expect(entry.sourceID == "https://a.example/1" && entry.link == "https://a.example/1")
        #expect(entry.language == "fr" && entry.categories == ["S"] && entry.publishedAt != nil)
    }

    @Test func badEntriesAreRejectedOneByOne() throws {
        let feed = rss(
            """
            <item><title>no id</title></item>
            <item><guid>1</guid></item>
            <item><guid>1</guid><title>t</title><pubDate>soon</pubDate></item>
            <item><guid>1</guid><title>t</title></item>
            <item><guid>1</guid><title>again</title></item>
            """)
        let first = try rejection(feed)
        #expect(first.position == 1 && first.line == 6 && first.label == "no id")
        #expect(first.reason == "it has neither an id nor a link")
        #expect(try rejection(feed, at: 1).reason == "it has neither a headline nor a text")
        #expect(try rejection(feed, at: 2).reason == "its date ‘soon’ cannot be read")
        #expect(try rejection(feed, at: 4).reason == "the id ‘1’ was already used by entry 4")
        guard case .entry = try items(feed)[3] else { throw Rejection(reason: "the good one must be taken") }
    }

    @Test func aDescriptionThatIsTheBodyWithACaptionIsNoSummary() throws {
        let text = "First one of three. Second two of three. Third of three."
        func feed(_ body: String) -> String {
            rss(
                """
                <item><guid>1</guid><description>\(text)</description>
                <content:encoded><![CDATA[\(body)]]></content:encoded></item>
                """)
        }
        #expect(try entry(feed("<figcaption>Photo</figcaption><p>\(text)</p>")).summary == nil)
        #expect(try entry(feed("<p>\(text)</p><p>\(text) More.</p>")).summary == text)
    }

    @Test func whatAnEntryHasIsLimited() throws {
        func entry(_ more: Int) throws -> FeedEntry {
            func text(_ count: Int) -> String { String(repeating: "x", count: count + more) }
            func list(_ element: String, _ count: Int) -> String {
                (0..<count + more).map { "<\(element)>\($0)</\(element)>" }.joined()
            }
            return try MembershipFeedsTests.entry(
                rss(
                    """
                    <item><guid>1</guid><title>\(text(FeedLimits.headline))</title>
                    <link>https://a.example/\(text(FeedLimits.addressBytes - 18))</link>
                    <media:thumbnail url="https://a.example/\(text(FeedLimits.addressBytes - 18))"/>
                    <description>\(text(FeedLimits.summary))</description>
                    <content:encoded>&lt;img src="/i"></content:encoded>
                    <category>\(text(FeedLimits.category))</category>\(list("category", FeedLimits.categories - 1))
                    \(list("dc:creator", FeedLimits.authors))
                    <fn:key-point>\(text(FeedLimits.keyPoint))</fn:key-point>
                    \(list("fn:key-point", FeedLimits.keyPoints - 1))</item>
                    """))
        }
        let most = try entry(0)
        #expect(most.headline.count == FeedLimits.headline && !most.headline.hasSuffix("…"))
        #expect(most.link != nil && most.imageURL?.utf8.count == FeedLimits.addressBytes)
        #expect(most.summary?.count == FeedLimits.summary)
        #expect(most.categories.count == FeedLimits.categories && most.categories[0].hasSuffix("x"))
        #expect(most.keyPoints.count == FeedLimits.keyPoints && most.keyPoints[0].hasSuffix("x"))
        let more = try entry(1)
        #expect(more.headline.count == FeedLimits.headline && more.headline.hasSuffix("…"))
        #expect(more.link == nil && more.imageURL == "https://news.example/i" && more.summary == nil)
        #expect(more.categories.count == FeedLimits.categories && more.categories[0].hasSuffix("…"))
        #expect(more.keyPoints.count == FeedLimits.keyPoints && more.keyPoints[0].hasSuffix("…"))
        #expect(more.author == most.author && most.author == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9")
    }

    @Test func attributesAndCommentsCountTowardAnEntrysSize() throws {
        let half = String(repeating: "x", count: FeedLimits.entryBytes / 2)
        let most = "a=\"\(half)\" b=\"\(half.dropLast(8))\""
        let found = try items(
            rss(
                """
                <item><guid>1</guid><title>t</title>\(String(repeating: "<x y=\"\(half)\"/>", count: 10))</item>
                <item \(most) c="123456789"/>
                <item><guid>3</guid><title>t</title><x xmlns:a="\(half)" b="\(half)"/></item>
                <item><guid>4</guid><title>t</title><!--\(half)--><!--\(half)--></item>
                <item \(most) c="12345678"/>
                <item><guid>6</guid><title>t</title><x \(most)/></item>
                """))
        let reasons = found.map { if case .rejected(let entry) = $0 { entry.reason } else { "" } }
        let tooLarge = "it is larger than 4 MiB or 100000 elements"
        #expect(reasons == [tooLarge, tooLarge, tooLarge, tooLarge, "it has neither an id nor a link", ""])
    }

    @Test func aTagThatLibxml2DoesNotTakeIsRefused() throws {
        let huge = String(repeating: "x", count: 5 << 20)
        let attributes = (0..<3).map { " a\($0)=\"\(huge)\"" }.joined()
        #expect(try refusal(rss("<item\(attributes)/>"))?.message.contains("more than 10 MB") == true)
    }

    @Test func anEntryThatIsTooLargeIsRejectedAlone() throws {
        let text = String(repeating: "x", count: FeedLimits.entryBytes)
        let feed = rss(
            """
            <item><guid>1</guid><title>t</title><description>\(text)</description></item>
            <item><guid>2</guid><title>t</title><description>\(String(repeating: "<x/>", count: FeedLimits.entryNodes))
            </description></item>
            <item><guid>3</guid><title>t</title></item>
            """)
        #expect(try rejection(feed).reason.hasPrefix("it is larger than 4 MiB"))
        #expect(try rejection(feed, at: 1).position == 2)
        guard case .entry = try items(feed)[2] else { throw Rejection(reason: "the small one must be taken") }
    }
}
