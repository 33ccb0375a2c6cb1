import Foundation
import SampleFeeds

/// Valid samples of everything that comes in from outside; each mutation begins with one.
enum InputSamples {
    static let feeds: [[UInt8]] =
        SampleFeed.all.map(\.bytes) + [Array(rdf.utf8), Array(small.utf8)]

    static let pages: [[UInt8]] = [
        """
        <p>An <em>opening</em> with a <a href="https://example.com/a?b=c&amp;d=e" title="more">link</a>.</p>
        <h2>A heading</h2><ul><li>One</li><li>Two <strong>bold</strong></li></ul>
        """,
        """
        <div><figure><img src="/a.png" srcset="/b.png 2x" alt="x"><figcaption>A caption</figcaption></figure>
        <table><tr><td colspan=2>A cell<td>Another</table><blockquote cite=x><p>Said</blockquote></div>
        """,
        """
        <script>alert(1)</script><p onclick="x()">Text</p><iframe src="https://example.com"></iframe>
        <svg><a xlink:href="javascript:x">y</a></svg><style>p{}</style><!-- more --><pre>a\n  b</pre>
        """,
        "Plain text & nothing else. A second sentence; a third one.\n\nAnother paragraph.",
    ].map { Array($0.utf8) }

    static let rules: [[UInt8]] = [
        """
        rules:
          default: {access: premium, meter: {anonymous: 2, registered: 5}, teaser: 2 paragraphs}
          title:the-harbour-times:
            access: metered
            free_for: 24h
            free_after: 30d
            requires: [all-titles, "title:the-harbour-times"]
          section:the-harbour-times/harbour: {access: free}
          article:the-harbour-times/sixty-buoys-and-one-paint-shed:
            - {access: free, until: 2028-12-01T00:00:00Z}
            - {access: premium, from: 2028-12-01T00:00:00Z}

        """,
        "rules:\n  default:\n    access: 'free' # said plainly\n    teaser: 20%\n    withdrawn: false\n",
        "rules: {}\n",
    ].map { Array($0.utf8) }

    static let catalogs: [[UInt8]] = [
        """
        plans:
          membership:
            prices: {EUR: 9.99, USD: 10.99}
            interval: 1 month
            trial_days: 14
            grace_days: 7
            entitlements: [all-titles]
          yearly:
            prices: {EUR: 99}
            interval: 1 year
            trial_days: 0
            grace_days: 14
            entitlements: [all-titles, "title:the-harbour-times"]

        """,
        "plans:\n  old:\n    retired: true\n",
    ].map { Array($0.utf8) }

    static let values: [[UInt8]] = [
        "ada@example.com", "Ada.Lovelace+news@googlemail.com", "jürgen@bücher.example", "用户@例子.公司", "o'neil@a-b.co.uk",
        "golem", "the-bridge-2", "The Bridge über den Fluß", "golem/the-bridge", "art_01hzy3k2m4n5p",
        "acct_01hzy3k2m4n5p",
        "2026-05-03T10:00:00Z", "2026-05-03T12:00:00.250+02:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z",
        "9.99", "0", "1000000000.00", "14d", "1d12h", "90m", "36500d", "default", "title:golem", "section:golem/sport",
        "article:golem/the-bridge", "2 paragraphs", "20%", "3 months", "30 days", "1 year", "2026-11", "Europe/Berlin",
        "UTC", "GMT+2", "operator:jo", "trial.ended", "trial.", "EUR", "jpy", "all-titles", "acct_01hzy3k2m4n5p#3",
        "2026-05-03T10:00:00Z/acct_01hzy3k2m4n5p/3", "visitor:0123456789abcdef", "0123456789abcdef", "en", "de-AT",
        "past_due", "premium", "anonymous", "phone-1", "IDFA:6D92078A-8246-4BA4-AE5B-76104861E7DC", "admission",
        "canceled", "Moving abroad",
    ].map { Array($0.utf8) }

    /// An article of the feed that the commands find imported.
    static let article = "the-harbour-times/sixty-buoys-and-one-paint-shed"
    static let visitor = "0123456789abcdef"

    /// What `check --stdin` reads: a reader and an article on each line, or one of them.
    static let questions: [[UInt8]] = [
        """
        ada@example.com \(article)
        anonymous \(article)

        visitor:\(visitor) \(article)
        bea@example.com art_01hzy3k2m4n5p

        """,
        "\(article)\r\n\(article)\r\nthe-harbour-times/none\r\nart_01hzy3k2m4n5p\r\n",
        "ada@example.com\nanonymous\nvisitor:\(visitor)\nacct_01hzy3k2m4n5p\nnobody@example.com",
    ].map { Array($0.utf8) }

    private static let small = """
        <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Small</title>
        <link>https://small.example/</link><item><title>One</title><guid>1</guid><link>https://small.example/1</link>
        <pubDate>Mon, 16 Mar 2026 06:30:00 +0000</pubDate><description>A summary.</description>
        <content:encoded><![CDATA[<p>Text</p>]]></content:encoded></item></channel></rss>
        """

    private static let rdf = """
        <?xml version="1.0" encoding="utf-8"?>
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
            xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="https://rdf.example/"><title>Old</title><link>https://rdf.example/</link></channel>
        <item rdf:about="https://rdf.example/1"><title>One</title><link>https://rdf.example/1</link>
        <dc:date>2026-03-16T06:30:00+01:00</dc:date><description>A summary &amp; more.</description></item></rdf:RDF>
        """
}
