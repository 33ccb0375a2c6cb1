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
        #expect(entry.headline == "First one. Second two.")
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
