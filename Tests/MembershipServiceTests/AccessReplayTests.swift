import Foundation
import Membership
import MembershipService
import Testing
import TestSupport

/// What was decided can be decided again, by what was known then.
struct AccessReplayTests {
    private let ada = "ada@example.com"

    private func reason(
        _ database: TestDatabase, _ article: ArticleReference, at moment: Timestamp? = nil, knownAt: Timestamp? = nil
    ) async throws -> AccessDecision.Reason {
        try await database.services.access.check(
            reader: ReaderReference(parsing: ada), article: article, .init(at: moment, knownAt: knownAt)
        ).decision.reason
    }

    @Test func aRuleThatIsCorrectedLaterDoesNotLeakIntoTheReplay() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada), wantsTrial: false)
        _ = try await database.services.clock.advance(by: .days(1))
        let then = try await database.services.clock.read().now
        #expect(try await reason(database, article) == .subscriptionRequired)
        _ = try await database.services.clock.advance(by: .days(1))
        var free = RuleChange()
        free.access = .free
        // It is written down now that it has been free all along.
        _ = try await database.services.rules.set(
            .title(Slug(parsing: "golem")), free, .init(from: TestDatabase.start))
        #expect(try await reason(database, article, at: then) == .free)
        #expect(try await reason(database, article, at: then, knownAt: then) == .subscriptionRequired)
        #expect(try await reason(database, article, knownAt: then) == .subscriptionRequired)
    }

    @Test func aGrantThatIsVoidedLaterStillAnswersThen() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        let accounts = database.services.accounts
        _ = try await accounts.signUp(email: EmailAddress(parsing: ada), wantsTrial: false)
        let reader = try AccountReference(parsing: ada)
        let grant = try await database.services.grants.add(
            reader, .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "Won it"))
        _ = try await database.services.clock.advance(by: .days(1))
        let then = try await database.services.clock.read().now
        _ = try await database.services.clock.advance(by: .days(1))
        _ = try await database.services.grants.void(reader, grant: grant.id, reason: "Wrong person")
        #expect(try await reason(database, article, at: then) == .subscriptionRequired)
        #expect(try await reason(database, article, knownAt: then) == .entitled)
    }

    @Test func aDateThatAFeedCorrectsLaterDoesNotLeakIntoTheReplay() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada), wantsTrial: false)
        _ = try await database.services.titles.add(slug: Slug(parsing: "golem"), name: "Golem", access: .free)
        func take(published: String) async throws {
            let feed = database.directory.path + "/feed.json"
            try Data(
                """
                {"version": "https://jsonfeed.org/version/1.1", "title": "Golem", "items": [{"id": "1",
                 "title": "The bridge", "date_published": "\(published)", "content_text": "One. Two. Three. Four."}]}
                """.utf8
            ).write(to: URL(filePath: feed))
            _ = try await database.services.articles.importFeed(
                path: feed, options: .init(title: Slug(parsing: "golem")))
        }
        try await take(published: "2026-01-02T00:00:00Z")
        let article = try ArticleReference(parsing: "golem/the-bridge")
        _ = try await database.services.clock.advance(by: .days(2))
        let then = try await database.services.clock.read().now
        #expect(try await reason(database, article) == .free)
        _ = try await database.services.clock.advance(by: .hours(1))
        try await take(published: "2026-02-01T00:00:00Z")
        #expect(try await reason(database, article) == .notPublished)
        #expect(try await reason(database, article, knownAt: then) == .free)
    }

    @Test func theMeterIsReplayedAsItStood() async throws {
        let database = try await TestDatabase.sandbox()
        let (first, second) = (
            try await database.addArticle("golem/a"), try await database.addArticle("golem/b")
        )
        var metered = RuleChange()
        (metered.access, metered.registeredAllowance) = (.metered, 1)
        _ = try await database.services.rules.set(.everything, metered, .init())
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada), wantsTrial: false)
        _ = try await database.services.clock.advance(by: .hours(1))
        let before = try await database.services.clock.read().now
        _ = try await database.services.clock.advance(by: .hours(1))
        _ = try await database.services.access.open(reader: ReaderReference(parsing: ada), article: first)
        let after = try await database.services.clock.read().now
        #expect(try await reason(database, second) == .meterExhausted)
        #expect(try await reason(database, second, knownAt: before) == .metered)
        #expect(try await reason(database, second, at: before) == .metered)
        #expect(try await reason(database, first, knownAt: after) == .openedBefore)
        // What was known before is that she had one left, at whatever time of that month.
        #expect(try await reason(database, second, at: after, knownAt: before) == .metered)
    }

    @Test func whoHadNotSignedUpWasAskedTo() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        _ = try await database.services.clock.advance(by: .days(1))
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada))
        let early = TestDatabase.start + .hours(1)
        #expect(try await reason(database, article, knownAt: early) == .signUpRequired)
        #expect(try await reason(database, article, at: early) == .signUpRequired)
    }

    @Test func whatWillBeKnownCannotBeAsked() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.access.check(
                reader: .anonymous, article: article, .init(knownAt: TestDatabase.start + .days(1)))
        }
        #expect(error?.code == .invalidInput)
    }
}
