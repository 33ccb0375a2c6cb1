import Foundation
import Membership
import MembershipFeeds
import MembershipService

/// Imports of feeds through the service, beside parsing alone and the same rows by plain SQL.
struct Imports {
    let size: BenchSize
    let directory: String

    func measure() async throws -> [Measurement] {
        let bench = try await SQLiteBench.make(
            "imports", .init(accounts: 0, over: 0, articles: 0), in: directory)
        let reference = try ReferenceImport(on: bench.reference(writes: true))
        let counter = try bench.reference(writes: false)
        var rounds: [(ours: Double, reference: Double)] = []
        var (parsing, writing): ([Double], [Double]) = ([], [])
        for round in 0...size.rounds {
            let feeds = try (0..<2).map { try feed(round, $0) }
            let count = feeds.map(\.count).reduce(0, +)
            let ours = try await rate(count) { try await take(feeds, bench.services) }
            let parsed = try await rate(count) { try Imports.parse(feeds) }
            let prepared = try feeds.map { try reference.prepared($0) }
            let written = try await rate(count) { try reference.write(prepared) }
            for feed in feeds { try compare(feed, counter) }
            // What comes first opens files and compiles statements.
            guard round > 0 else { continue }
            rounds.append((ours: ours, reference: min(parsed, written)))
            parsing.append(parsed)
            writing.append(written)
        }
        let (parse, write) = (Measurement.median(parsing), Measurement.median(writing))
        print("import: parsing alone \(Int(parse)) /s, the same rows by plain SQL \(Int(write)) /s")
        return [Measurement("import from feeds, and the slower", unit: "/s", rounds: rounds, atLeast: 0.7)]
    }

    /// A file that is imported.
    struct Feed {
        let path: String
        let title: String
        /// The title under which the reference writes the same.
        let referenceTitle: String
        let count: Int
    }

    /// RSS and JSON Feed in turn.
    private func feed(_ round: Int, _ number: Int) throws -> Feed {
        let count = size.imported / size.rounds / 2
        let feed = Feed(
            path: directory + "/feed-\(round)-\(number)", title: "title-\(round)-\(number)",
            referenceTitle: "reference-\(round)-\(number)", count: count)
        let all = BenchArticles(count: count, now: WallClock.system.now())
        let articles = (0..<count).map { index in
            var article = all[index]
            article.title = feed.title
            return article
        }
        let text =
            number == 0
            ? BenchFeed.rss(title: feed.title, articles) : BenchFeed.json(title: feed.title, articles)
        try Data(text.utf8).write(to: URL(filePath: feed.path))
        return feed
    }

    private func rate(_ count: Int, _ body: () async throws -> Void) async throws -> Double {
        Double(count) / (try await ContinuousClock().measure { try await body() } / .seconds(1))
    }

    @concurrent
    private func take(_ feeds: [Feed], _ services: Services) async throws {
        for feed in feeds {
            let report = try await services.articles.importFeed(
                path: feed.path, options: .init(title: Slug(parsing: feed.title)))
            guard report.added == feed.count, report.total == feed.count else {
                throw Failure("of \(feed.count) articles \(report.added) were added: \(report.rejected.prefix(3))")
            }
        }
    }

    private static func parse(_ feeds: [Feed]) throws {
        for feed in feeds {
            let entries = try FeedDocument.open(path: feed.path).entries()
            var count = 0
            while let items = try entries.next(upTo: ReferenceImport.batchSize) { count += items.count }
            guard count == feed.count else { throw Failure("of \(feed.count) articles \(count) were parsed") }
        }
    }

    /// Both titles must have the same articles, with the same texts.
    private func compare(_ feed: Feed, _ connection: ReferenceConnection) throws {
        let titles = try [feed.title, feed.referenceTitle].map { slug in
            try connection.rows(
                """
                SELECT r.slug, source_id, link, headline, r.section, section_slug, published_at, updated_at, author,
                    summary, key_points, edited_summary, edited_key_points, categories, image_url, c.language, opening,
                    body_html
                FROM titles AS t JOIN articles AS r ON r.title_id = t.title_id
                JOIN article_contents AS c ON c.article_id = r.article_id
                WHERE t.slug = '\(slug)' ORDER BY source_id
                """)
        }
        guard titles[0].count == feed.count, titles[0] == titles[1] else {
            throw Failure("the reference writes other rows:\n\(titles[0].prefix(1))\n\(titles[1].prefix(1))")
        }
    }
}

/// An import by plain SQL, of entries that have been parsed: in batches as ours, and nothing looked for.
final class ReferenceImport {
    static let batchSize = 100

    private let begin: ReferenceStatement
    private let commit: ReferenceStatement
    private let title: ReferenceStatement
    private let article: ReferenceStatement
    private let content: ReferenceStatement
    private var number: Int64 = 0

    init(on connection: ReferenceConnection) throws {
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        title = try connection.prepare(
            """
            INSERT INTO titles (title_id, slug, name, home_page, language, created_at) VALUES (?1, ?2, ?2, ?3, 'en', ?4)
            """)
        article = try connection.prepare(BenchArticleWriter.articleSQL)
        content = try connection.prepare(BenchArticleWriter.contentSQL)
    }

    /// A feed that is ready to be written.
    struct Prepared {
        let title: String
        let entries: [FeedEntry]
    }

    func prepared(_ feed: Imports.Feed) throws -> Prepared {
        var taken: [FeedEntry] = []
        let entries = try FeedDocument.open(path: feed.path).entries()
        while let items = try entries.next(upTo: 1000) {
            taken += items.compactMap { if case .entry(let entry) = $0 { entry } else { nil } }
        }
        return Prepared(title: feed.referenceTitle, entries: taken)
    }

    func write(_ feeds: [Prepared]) throws {
        for feed in feeds {
            let titleID = newID()
            for start in stride(from: 0, to: feed.entries.count, by: ReferenceImport.batchSize) {
                try begin.run()
                if start == 0 {
                    title.bind(1, titleID)
                    title.bind(2, feed.title)
                    title.bind(3, BenchArticle.homePage)
                    title.bind(4, WallClock.system.now().milliseconds)
                    try title.run()
                }
                for entry in feed.entries[start...].prefix(ReferenceImport.batchSize) {
                    try write(entry, title: titleID)
                }
                try commit.run()
            }
        }
    }

    private func write(_ entry: FeedEntry, title: Int64) throws {
        let id = newID()
        article.bind(1, id)
        article.bind(2, title)
        article.bind(3, entry.headline.lowercased().replacing(" ", with: "-"))
        article.bind(4, entry.sourceID)
        article.bind(5, entry.headline)
        let section = entry.categories.first ?? ""
        article.bind(6, section)
        article.bind(7, section.lowercased())
        article.bind(8, entry.publishedAt?.milliseconds ?? 0)
        article.bind(9, WallClock.system.now().milliseconds)
        try article.run()
        content.bind(1, id)
        content.bind(2, entry.author ?? "")
        if let summary = entry.summary { content.bind(3, summary) } else { content.bindNull(3) }
        content.bind(4, "[\"\(section)\"]")
        content.bind(5, entry.language ?? "")
        content.bind(6, entry.opening)
        content.bind(7, entry.bodyHTML)
        try content.run()
    }

    private func newID() -> Int64 {
        number += 1
        return WallClock.system.now().milliseconds << 21 | number & (1 << 20 - 1)
    }
}
