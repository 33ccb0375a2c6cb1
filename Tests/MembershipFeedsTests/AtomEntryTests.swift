import Membership
import Testing

@testable import MembershipFeeds

struct AtomEntryTests {
    @Test func everyFieldFindsItsPlace() throws {
        let entry = try entry(
            atom(
                """
                <entry xml:lang="fr"><id>tag:1</id><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <b>B</b>
                </div></title><link rel="self" href="x"/><link href="a/1"/><updated>2024-03-10T17:15:00Z</updated>
                <author><name>Ann</name></author><author><name>Bob</name></author>
                <category term="t" label="Label"/><category term="u"/><summary>Sum &amp;amp; up</summary>
                <content type="html">&lt;p&gt;A longer text &lt;a href="b"&gt;b&lt;/a&gt;.&lt;/p&gt;</content>
                <fn:key-point>K</fn:key-point></entry>
                """))
        #expect(entry.sourceID == "tag:1" && entry.headline == "A B" && entry.author == "Ann, Bob")
        #expect(entry.link == "https://news.example/en/a/1")
        #expect(entry.updatedAt?.rfc3339 == "2024-03-10T17:15:00Z" && entry.publishedAt == nil)
        #expect(entry.categories == ["Label", "u"] && entry.summary == "Sum &amp; up" && entry.language == "fr")
        #expect(entry.bodyHTML.contains("href=\"https://news.example/en/b\""))
        #expect(entry.keyPoints == ["K"])
    }

    @Test func xhtmlIsCutDownToo() throws {
        let entry = try entry(
            atom(
                """
                <entry><id>1</id><title>t</title><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">
                <p onclick="x">a<br/>b</p><script>x</script></div></content></entry>
                """))
        #expect(entry.bodyHTML == "<p>a<br>b</p>")
        #expect(entry.author == "The Desk" && entry.language == "en")
    }

    @Test func contentThatIsElsewhereOrNoTextGivesWayToTheSummary() throws {
        for content in ["<content src=\"https://a.example/x\"/>", "<content type=\"image/png\">AAAA</content>"] {
            let entry = try entry(atom("<entry><id>1</id>\(content)<summary>Words.</summary></entry>"))
            #expect(entry.bodyHTML == "<p>Words.</p>")
        }
    }

    @Test func anEntryWithoutIdAndLinkIsRejected() throws {
        let rejected = try rejection(atom("<entry><title>t</title><link rel=\"self\" href=\"/x\"/></entry>"))
        #expect(rejected.reason == "it has neither an id nor a link" && rejected.label == "t")
    }
}
