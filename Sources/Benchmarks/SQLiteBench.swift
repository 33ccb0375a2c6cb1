import Foundation
import Membership
import MembershipFeeds
import MembershipService
import TestSupport

/// A live database in a file, with many readers, articles and rules, and the services on it.
struct SQLiteBench: Sendable {
    let path: String
    let services: Services
    let accounts: BenchAccounts
    let articles: BenchArticles
    private let location: DatabaseLocation

    /// What a file is to hold.
    struct Wishes {
        var accounts: Int
        /// How many have had their trial.
        var over: Int
        /// Whether that is recorded.
        var isRecorded = true
        var articles: Int
        /// Whether accounts have more than what a check looks at.
        var isWhole = true
    }

    static func make(_ name: String, _ wishes: Wishes, in directory: String) async throws -> SQLiteBench {
        let now = WallClock.system.now()
        let accounts = BenchAccounts(
            count: wishes.accounts, overCount: wishes.over, isRecorded: wishes.isRecorded, now: now)
        let articles = BenchArticles(count: wishes.articles, now: now)
        let path = directory + "/\(name).db"
        let location = try await setUp(path, at: now + .days(-90))
        try fill(path, location.keyPath, accounts, articles, isWhole: wishes.isWhole)
        let services = try await Services.open(location)
        if articles.count > 0 {
            let rules = directory + "/\(name).yaml"
            try Data(articles.rules.utf8).write(to: URL(filePath: rules))
            _ = try await services.rules.apply(path: rules)
        }
        return SQLiteBench(
            path: path, services: services, accounts: accounts, articles: articles, location: location)
    }

    /// An empty database whose plan has a price.
    private static func setUp(_ path: String, keyPath: String? = nil, at moment: Timestamp) async throws
        -> DatabaseLocation
    {
        let location = DatabaseLocation(path, keyPath: keyPath)
        _ = try await DatabaseSetup(location, clock: WallClock { moment }).initialize(
            .init(price: Money(amountMinor: 990, currency: try Currency(parsing: "EUR"))))
        return location
    }

    /// Services on the same file that have done nothing yet.
    func anew() async throws -> Services {
        try await Services.open(location)
    }

    func reference(writes: Bool) throws -> ReferenceConnection {
        try ReferenceConnection(path, writes: writes)
    }

    // MARK: - Rows

    /// Fills a file by plain SQL. Nothing is synced before the end, where everything is, so that none of it is left to be
    /// written while something is measured.
    private static func fill(
        _ path: String, _ keyPath: String, _ accounts: BenchAccounts, _ articles: BenchArticles, isWhole: Bool
    ) throws {
        let connection = try ReferenceConnection(path, writes: true)
        // Whoever made the file may still be about to close it.
        let deadline = ContinuousClock().now + .seconds(30)
        while true {
            do {
                try connection.run("PRAGMA journal_mode = OFF")
                break
            } catch {
                guard ContinuousClock().now < deadline else { throw error }
                usleep(1000)
            }
        }
        try connection.run(
            """
            PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;
            """)
        let metered = (0..<articles.count).filter { articles.level(of: $0) == .metered }
        let writer = try BenchAccountWriter(connection, keyPath: keyPath, isWhole: isWhole)
        let reads = try BenchReadWriter(connection)
        try connection.run("BEGIN")
        for number in 0..<accounts.count {
            let account = accounts[number]
            try writer.write(account)
            guard !metered.isEmpty, accounts.hasReads(number) else { continue }
            for index in 0..<BenchAccounts.metersReads {
                let place = (number / BenchAccounts.meteredStep * BenchAccounts.metersReads + index) % metered.count
                try reads.write(
                    articles[metered[metered.count - 1 - place]], of: account,
                    at: max(monthStart(accounts.now), accounts.now + .minutes(index - 60)))
            }
        }
        let articleWriter = try BenchArticleWriter(connection)
        if articles.count > 0 { try articleWriter.writeTitles(at: articles.now + .days(-89)) }
        for number in 0..<articles.count { try articleWriter.write(articles[number]) }
        try connection.run("COMMIT; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        let file = open(path, O_RDWR)
        defer { close(file) }
        guard fsync(file) == 0 else { throw Failure("\(path) cannot be synced") }
    }

    static func monthStart(_ moment: Timestamp) -> Timestamp {
        CalendarMonth(containing: moment, in: .utc).interval(in: .utc).startsAt
    }

    // MARK: - Whether the rows are right

    /// Does through the services what ``fill`` does by SQL: a few people sign up, trials end and are recorded as ended,
    /// metered articles are opened, a feed is imported. The rows must be the same, to the hash of each event.
    static func compareRows(in directory: String) async throws {
        let keyPath = directory + "/compared.key"
        let now = WallClock.system.now()
        var accounts = [0, 1, 5].map { BenchAccounts(count: 10, overCount: 5, now: now)[$0] }
        var article = BenchArticles(count: 1000, now: now)[5]
        let real = try await setUp(directory + "/real.db", keyPath: keyPath, at: now + .days(-90))
        _ = try await setUp(directory + "/made.db", keyPath: keyPath, at: now + .days(-90))
        let feed = directory + "/one.xml"
        try Data(BenchFeed.rss(title: article.title, [article]).utf8).write(to: URL(filePath: feed))

        let titleMadeAt = article.importedAt
        _ = try await Services.open(real, clock: WallClock { titleMadeAt }).articles.importFeed(
            path: feed, options: .init(title: Slug(parsing: article.title)))
        let connection = try ReferenceConnection(directory + "/real.db", writes: false)
        article.id = Identifier(rawValue: Int64(try connection.count("SELECT article_id FROM articles")))
        let titleID = Int64(try connection.count("SELECT title_id FROM titles"))

        for index in accounts.indices {
            let account = accounts[index]
            let services = try await Services.open(real, clock: WallClock { account.signedUpAt })
            let signUp = try await services.accounts.signUp(email: EmailAddress(parsing: account.email))
            guard let subscription = signUp.subscription else { throw Failure("\(account.email) got no trial") }
            let grant: Identifier<Grant> = Identifier(
                rawValue: Int64(
                    try connection.count(
                        "SELECT grant_id FROM grants WHERE account_id = ?1", [signUp.account.id.rawValue])))
            accounts[index] = BenchAccount(
                id: signUp.account.id, subscription: subscription.id, grant: grant, email: account.email,
                signedUpAt: account.signedUpAt, endRecordedAt: account.endRecordedAt)
        }
        for recordedAt in accounts.compactMap(\.endRecordedAt) {
            _ = try await Services.open(real, clock: WallClock { recordedAt }).jobs.run("trial-expiry")
        }
        let services = try await Services.open(real, clock: WallClock { now })
        var metered = RuleChange()
        (metered.access, metered.registeredAllowance) = (.metered, BenchArticles.allowance.registered)
        _ = try await services.rules.set(.everything, metered, .init())
        let opening = try await services.access.open(
            reader: .account(.id(accounts[0].id)), article: .id(article.id))
        guard let read = opening.read else { throw Failure("\(opening.answer.decision)") }

        let other = try ReferenceConnection(directory + "/made.db", writes: true)
        try other.run("PRAGMA foreign_keys = OFF; BEGIN")
        let writer = try BenchAccountWriter(other, keyPath: keyPath)
        for account in accounts { try writer.write(account) }
        let articleWriter = try BenchArticleWriter(other)
        try articleWriter.writeTitle(
            Identifier(rawValue: titleID), slug: article.title, at: titleMadeAt)
        try articleWriter.write(article, title: titleID)
        try BenchReadWriter(other).write(article, of: accounts[0], at: now, id: read.id)
        try other.run("COMMIT")
        for table in tables {
            let (ours, generated) = try (connection.dump(table), other.dump(table))
            guard !ours.isEmpty, ours == generated else {
                throw Failure("\(table) would hold\n\(ours)\nand the generated rows are\n\(generated)")
            }
        }
    }

    private static let tables = [
        "accounts", "account_emails", "trial_ledger", "subscriptions", "grants", "events", "event_heads", "outbox",
        "titles", "articles", "article_contents", "reads",
    ]
}

extension ReferenceConnection {
    fileprivate func dump(_ table: String) throws -> [[ReferenceValue]] {
        try rows("SELECT * FROM \(table) ORDER BY 1, 2")
    }
}

/// Writes titles and articles into a file.
final class BenchArticleWriter {
    private let titleStatement: ReferenceStatement
    private let article: ReferenceStatement
    private let content: ReferenceStatement
    private var titleIDs: [String: Int64] = [:]

    init(_ connection: ReferenceConnection) throws {
        titleStatement = try connection.prepare(
            """
            INSERT INTO titles (title_id, slug, name, home_page, language, created_at) VALUES (?1, ?2, ?2, ?3, 'en', ?4)
            """)
        article = try connection.prepare(BenchArticleWriter.articleSQL)
        content = try connection.prepare(BenchArticleWriter.contentSQL)
        let entry = try BenchArticleWriter.sampleEntry()
        content.bind(2, BenchArticle.author)
        if let summary = entry.summary { content.bind(3, summary) } else { content.bindNull(3) }
        content.bind(5, "en")
        content.bind(6, entry.opening)
        content.bind(7, entry.bodyHTML)
    }

    static let articleSQL = """
        INSERT INTO articles (article_id, title_id, slug, source_id, link, headline, section, section_slug,
            published_at, updated_at, imported_at)
        VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, NULL, ?9)
        """
    static let contentSQL = """
        INSERT INTO article_contents (article_id, author, summary, key_points, categories, image_url, language, opening,
            body_html)
        VALUES (?1, ?2, ?3, '[]', ?4, NULL, ?5, ?6, ?7)
        """

    /// What becomes of an article's text when it is imported.
    private static func sampleEntry() throws -> FeedEntry {
        let feed = NSTemporaryDirectory() + "fortnight-bench-sample-\(getpid()).xml"
        defer { unlink(feed) }
        let articles = BenchArticles(count: 1, now: WallClock.system.now())
        try Data(BenchFeed.rss(title: "Sample", [articles[0]]).utf8).write(to: URL(filePath: feed))
        guard case .entry(let entry)? = try FeedDocument.open(path: feed).entries().next(upTo: 1)?.first else {
            throw Failure("the sample article is no entry")
        }
        return entry
    }

    func writeTitles(at moment: Timestamp) throws {
        for number in 0..<BenchArticles.titles {
            try writeTitle(
                BenchAccount.identifier(moment, UInt64(number)), slug: BenchArticles.titleSlug(number), at: moment)
        }
    }

    func writeTitle(_ id: Identifier<Title>, slug: String, at moment: Timestamp) throws {
        titleStatement.bind(1, id.rawValue)
        titleStatement.bind(2, slug)
        titleStatement.bind(3, BenchArticle.homePage)
        titleStatement.bind(4, moment.milliseconds)
        try titleStatement.run()
        titleIDs[slug] = id.rawValue
    }

    func write(_ written: BenchArticle, title: Int64? = nil) throws {
        guard let title = title ?? titleIDs[written.title] else { throw Failure("no title ‘\(written.title)’") }
        article.bind(1, written.id.rawValue)
        article.bind(2, title)
        article.bind(3, written.slug)
        article.bind(4, written.link)
        article.bind(5, written.headline)
        article.bind(6, written.section)
        article.bind(7, written.section.lowercased())
        article.bind(8, written.publishedAt.milliseconds)
        article.bind(9, written.importedAt.milliseconds)
        try article.run()
        content.bind(1, written.id.rawValue)
        content.bind(4, "[\"\(written.section)\"]")
        try content.run()
    }
}

/// Writes that readers opened articles by the meter.
final class BenchReadWriter {
    private let statement: ReferenceStatement

    init(_ connection: ReferenceConnection) throws {
        statement = try connection.prepare(
            """
            INSERT INTO reads (account_id, read_id, article_id, title, section, admitted_by, meter, opened_at)
            VALUES (?1, ?2, ?3, ?4, ?5, 'metered', 'default', ?6)
            """)
    }

    func write(
        _ article: BenchArticle, of account: BenchAccount, at moment: Timestamp, id: Identifier<ArticleRead>? = nil
    ) throws {
        statement.bind(1, account.id.rawValue)
        statement.bind(
            2, (id ?? BenchAccount.identifier(moment, SeededNumbers.mixed(UInt64(article.number)))).rawValue)
        statement.bind(3, article.id.rawValue)
        statement.bind(4, article.title)
        statement.bind(5, article.section)
        statement.bind(6, moment.milliseconds)
        try statement.run()
    }
}
