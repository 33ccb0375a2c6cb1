import Membership
import Testing

@testable import MembershipFeeds

struct JSONEntryTests {
    @Test func everyFieldFindsItsPlace() throws {
        let entry = try entry(
            json(
                #"""
                {"id": 7, "url": "/a", "title": "1 < 2 & 3", "content_html": "<p>Text.</p><script>x</script>",
                "summary": "Sum", "banner_image": "/b.png", "date_published": "2024-03-10T17:15:00+01:00",
                "tags": ["x", "y", "x"], "authors": [{"name": "Ann"}], "language": "fr", "attachments": [{"url": 1}],
                "_fortnight": {"key_points": ["One.", "Two\u0000."]}}
                """#))
        #expect(entry.sourceID == "7" && entry.link == "https://news.example/a" && entry.headline == "1 < 2 & 3")
        #expect(entry.bodyHTML == "<p>Text.</p>" && entry.summary == "Sum")
        #expect(entry.imageURL == "https://news.example/b.png" && entry.categories == ["x", "y"])
        #expect(entry.publishedAt?.rfc3339 == "2024-03-10T16:15:00Z" && entry.author == "Ann" && entry.language == "fr")
        #expect(entry.keyPoints == ["One.", "Two."])
    }

    @Test func textBecomesParagraphsAndAHeadline() throws {
        let entry = try entry(json(#"{"id": "1", "content_text": "One <b>\ntwo.\n\nThree."}"#))
        #expect(entry.bodyHTML == "<p>One &lt;b&gt;<br>two.</p><p>Three.</p>")
        #expect(entry.headline == "One <b>…")
        #expect(entry.author == "The Desk" && entry.language == "en")
    }

    @Test(arguments: [
        ("The minister resigned today after the vote failed.", "The minister resigned…"),
        ("It rains. It will rain tomorrow, says the office, and on Sunday.", "It rains."), ("Rain", "…"),
        (String(repeating: "word ", count: 100), String(repeating: "word ", count: 15) + "word…"),
    ])
    func aHeadlineThatIsMadeIsNeverMoreThanHalfOfTheText(text: String, headline: String) throws {
        #expect(try entry(json(#"{"id": "1", "content_text": "\#(text)"}"#)).headline == headline)
    }

    @Test(arguments: [
        (#"{"id": "1", "title": 5}"#, "its ‘title’ is not text"), ("[1]", "it is not an object"),
        ("null", "it is not an object"),
        (#"{"id": "1", "title": "t", "tags": "x"}"#, "its ‘tags’ is not a list"),
        (#"{"id": "1", "title": "t", "_fortnight": []}"#, "its ‘_fortnight’ is not an object"),
        (#"{"title": "t"}"#, "it has neither an id nor a link"),
        (#"{"id": "1", "title": "t", "date_published": "x"}"#, "its date ‘x’ cannot be read"),
    ])
    func anItemOfTheWrongShapeIsRejectedAlone(item: String, reason: String) throws {
        let feed = json("{\"id\": \"0\", \"title\": \"ok\"},\n\(item)")
        let rejected = try rejection(feed, at: 1)
        #expect(rejected.reason == reason)
        #expect(rejected.line == 2 && rejected.position == 2)
    }
}
