import Foundation
import Membership
import TestSupport

/// Articles by their numbers, dealt out to the titles in turn, and the rules under which they stand.
struct BenchArticles: Sendable {
    let count: Int
    /// When the file was made.
    let now: Timestamp

    static let titles = 300
    /// What a reader may open in a month by the meter.
    static let allowance = MeterAllowance(stored: 3, registered: 10)
    private static let sections = ["News", "Sport", "Culture", "Science", "Opinion"]

    subscript(number: Int) -> BenchArticle {
        let published = now + .minutes(number - count - 60)
        return BenchArticle(
            number: number, title: BenchArticles.titleSlug(number % BenchArticles.titles),
            section: BenchArticles.sections[number / BenchArticles.titles % BenchArticles.sections.count],
            publishedAt: published, importedAt: published + .minutes(5),
            id: BenchAccount.identifier(published + .minutes(5), SeededNumbers.mixed(UInt64(number))))
    }

    static func titleSlug(_ number: Int) -> String {
        "title-" + String(repeating: "0", count: number < 10 ? 2 : number < 100 ? 1 : 0) + String(number)
    }

    // MARK: - Rules

    /// What a title's rule says.
    static func level(ofTitle number: Int) -> AccessLevel {
        switch number % 10 {
        case 0...4: .premium
        case 5...6: .metered
        case 7...8: .free
        default: .registered
        }
    }

    /// What the nearest rule of an article says: of a free title, sport may be premium, or single articles.
    func level(of number: Int) -> AccessLevel {
        let title = number % BenchArticles.titles
        if BenchArticles.hasPremiumSport(title), self[number].section == "Sport" { return .premium }
        if hasOwnRule(number) { return .premium }
        return BenchArticles.level(ofTitle: title)
    }

    private static func hasPremiumSport(_ title: Int) -> Bool { title % 10 == 7 }

    private func hasOwnRule(_ number: Int) -> Bool {
        number % BenchArticles.titles % 10 == 8 && number / BenchArticles.titles % 50 == 0
    }

    /// The file of rules that says so.
    var rules: String {
        let allowance = BenchArticles.allowance
        var lines = [
            "rules:",
            "  default: {access: registered, "
                + "meter: {anonymous: \(allowance.anonymous), registered: \(allowance.registered)}}",
        ]
        for title in 0..<BenchArticles.titles {
            let slug = BenchArticles.titleSlug(title)
            lines.append("  title:\(slug): {access: \(BenchArticles.level(ofTitle: title))}")
            if BenchArticles.hasPremiumSport(title) { lines.append("  section:\(slug)/sport: {access: premium}") }
        }
        for number in 0..<count where hasOwnRule(number) {
            lines.append("  article:\(self[number].title)/\(self[number].slug): {access: premium}")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// An article made of its number.
struct BenchArticle: Sendable {
    let number: Int
    var title: String
    let section: String
    let publishedAt: Timestamp
    var importedAt: Timestamp
    var id: Identifier<Article>

    var slug: String { "article-\(number)" }
    var headline: String { "Article \(number)" }
    var link: String { "https://\(title).example/\(slug)" }
    static let author = "Nora Pell"
    static let summary =
        "Moon, Sun and calendar agree this week, and the water will climb five of the seven fish steps."
    static let homePage = "https://bench.example/"

    /// What it says, as a feed has it: about two kilobytes.
    static let body = (1...8).map { number in
        """
        <p>Anyone who walks down to the fish steps at eight on day \(number) will find that <em>five of the seven</em> \
        have gone. The <a href="https://bench.example/office">harbour office</a> expects high water of 6.2 metres, \
        and for about twenty minutes the quay will look as if it had been lowered in the night.</p>
        """
    }.joined(separator: "\n")
}

/// Writes feeds of articles.
enum BenchFeed {
    /// RSS 2.0.
    static func rss(title: String, _ articles: [BenchArticle]) -> String {
        let items = articles.map { article in
            """
                <item>
                  <title>\(article.headline)</title>
                  <link>\(article.link)</link>
                  <guid isPermaLink="true">\(article.link)</guid>
                  <dc:creator>\(BenchArticle.author)</dc:creator>
                  <dc:date>\(article.publishedAt.rfc3339)</dc:date>
                  <category>\(article.section)</category>
                  <description>\(BenchArticle.summary)</description>
                  <content:encoded><![CDATA[\(BenchArticle.body)]]></content:encoded>
                </item>
            """
        }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
                 xmlns:content="http://purl.org/rss/1.0/modules/content/">
              <channel>
                <title>\(title)</title>
                <link>\(BenchArticle.homePage)</link>
                <language>en</language>
            \(items.joined(separator: "\n"))
              </channel>
            </rss>
            """
    }

    /// JSON Feed 1.1.
    static func json(title: String, _ articles: [BenchArticle]) -> String {
        let body = BenchArticle.body.replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        let items = articles.map { article in
            """
            {"id": "\(article.link)", "url": "\(article.link)", "title": "\(article.headline)",
             "date_published": "\(article.publishedAt.rfc3339)", "authors": [{"name": "\(BenchArticle.author)"}],
             "tags": ["\(article.section)"], "summary": "\(BenchArticle.summary)", "content_html": "\(body)"}
            """
        }
        return """
            {"version": "https://jsonfeed.org/version/1.1", "title": "\(title)",
             "home_page_url": "\(BenchArticle.homePage)", "language": "en", "items": [\(items.joined(separator: ",\n"))]}
            """
    }
}
