package import Membership
package import MembershipService
package import MembershipStore
import Synchronization

/// A database of a test's own: a file, or a schema on the server, with a key file in a directory of its own.
package struct TestDatabase: Sendable {
    package let directory: TemporaryDirectory
    /// The file's path or the server's address.
    package let address: String
    package let services: Services

    /// When a test's sandbox begins.
    package static let start = Timestamp(milliseconds: 1_767_225_600_000)  // 2026-01-01T00:00:00Z

    package static func sandbox(trialDays: Int? = nil) async throws -> TestDatabase {
        try await make(.init(sandbox: true, trialDays: trialDays), clock: WallClock { start })
    }

    package static func live(clock: WallClock) async throws -> TestDatabase {
        try await make(.init(), clock: clock)
    }

    private static func make(_ wishes: DatabaseSetup.Wishes, clock: WallClock) async throws -> TestDatabase {
        let directory = try TemporaryDirectory()
        let address = try await TestEngine.makePlace(in: directory)
        let location = location(address, directory)
        try await TestEngine.inTurn { _ = try await DatabaseSetup(location, clock: clock).initialize(wishes) }
        return TestDatabase(
            directory: directory, address: address, services: try await Services.open(location, clock: clock))
    }

    /// A database that is there already.
    package static func open(_ address: String, _ directory: TemporaryDirectory) async throws -> TestDatabase {
        TestDatabase(
            directory: directory, address: address,
            services: try await Services.open(location(address, directory), clock: WallClock { start }))
    }

    package static func location(_ address: String, _ directory: TemporaryDirectory) -> DatabaseLocation {
        DatabaseLocation(address, keyPath: directory.path + "/test.db.key", wait: TestEngine.wait, connections: 4)
    }

    package var location: DatabaseLocation { TestDatabase.location(address, directory) }

    package var keyPath: String { location.keyPath }

    /// The same database as another process would open it.
    package func engine() throws -> any DatabaseEngine {
        TestEngine.isSQLite
            ? try SQLiteEngine.open(path: address, lockWait: TestEngine.wait)
            : try PostgresEngine(url: address, wait: TestEngine.wait, connections: 2)
    }

    /// A database of either engine, as another process would open it.
    package static func engine(of location: DatabaseLocation) throws -> any DatabaseEngine {
        try location.open()
    }

    /// The same beneath the services.
    package func store(_ clock: WallClock = WallClock { TestDatabase.start }) async throws -> Store {
        try await Store.open(engine(), clock: clock)
    }

    /// Adds a title and an article without going through a feed.
    @discardableResult
    package func addArticle(
        _ key: String = "golem/the-bridge", access: AccessLevel? = nil, titleAccess: AccessLevel? = nil,
        section: String? = nil, publishedAt: Timestamp = start
    ) async throws -> ArticleReference {
        let reference = try ArticleReference(parsing: key)
        guard case .key(let parts) = reference else { return reference }
        try await store().write { tx in
            let known = try tx.title(parts.title)
            let title =
                try known
                ?? tx.insertTitle(
                    slug: parts.title, name: parts.title.text, section: nil, homePage: nil, language: nil)
            let always = Interval(from: min(publishedAt, TestDatabase.start), until: nil)
            if known == nil, let titleAccess {
                _ = try tx.insertRule(
                    for: .title(parts.title), RuleSettings(terms: AccessTerms(access: titleAccess)), during: always,
                    reason: nil)
            }
            if let access {
                _ = try tx.insertRule(
                    for: .article(parts), RuleSettings(terms: AccessTerms(access: access)), during: always,
                    reason: nil)
            }
            _ = try tx.insertArticle(
                title: title.id, slug: parts.slug, sourceID: parts.slug.text, headline: parts.slug.text,
                section: section, publishedAt: publishedAt, updatedAt: nil,
                content: ArticleContent(
                    author: nil, link: nil, summary: nil, keyPoints: [], categories: [], imageURL: nil, language: nil,
                    opening: "An opening.", bodyHTML: "<p>An opening. And the rest.</p>"))
        }
        return reference
    }

    /// Many trials that end fourteen days after the start, quicker than by signing up one by one.
    package func fillWithTrials(_ count: Int) async throws {
        try await store().write { tx in
            let plan = try tx.version(1, ofPlan: Slug(stored: "membership"))
            for number in 0..<count {
                let email = try EmailAddress(parsing: "r\(number)@example.com")
                let account = try tx.insertAccount(email: email, name: nil, timeZone: "UTC").id
                let subscription = Subscription.trial(
                    id: tx.newSubscriptionIdentifier(), of: account, to: plan, zone: .utc, at: tx.now)
                try tx.insert(subscription)
                try tx.record(.trialStarted, account: account, subscription: subscription.id)
            }
        }
    }
}

/// A wall clock that a test moves by hand.
package final class ManualClock: Sendable {
    private let moment: Locked<Timestamp>

    package init(at moment: Timestamp = TestDatabase.start) {
        self.moment = Locked(moment)
    }

    package func set(_ moment: Timestamp) {
        self.moment.withLock { $0 = moment }
    }

    package var wallClock: WallClock {
        WallClock { [self] in moment.withLock { $0 } }
    }
}
