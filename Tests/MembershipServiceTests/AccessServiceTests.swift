import Foundation
import Membership
import MembershipService
import Testing
import TestSupport

struct AccessServiceTests {
    private let ada = "ada@example.com"

    private func check(_ database: TestDatabase, _ article: ArticleReference, at moment: Timestamp? = nil) async throws
        -> AccessDecision
    {
        try await database.services.access.check(
            reader: ReaderReference(parsing: ada), article: article, .init(at: moment)
        ).decision
    }

    @Test func accessEndsByTheClockWhetherOrNotAJobRan() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada))
        let end = TestDatabase.start + .days(14)
        let lastMoment = Timestamp(milliseconds: end.milliseconds - 1)

        // One millisecond before the end it allows, although a job ran.
        _ = try await database.services.clock.set(to: lastMoment)
        #expect(try await database.services.jobs.run("trial-expiry").processed == 0)
        #expect(try await check(database, article).reason == .entitled)

        // At the end it denies, although no job ran.
        _ = try await database.services.clock.set(to: end)
        #expect(try await check(database, article).reason == .trialEnded)
        #expect(try await database.services.jobs.run("trial-expiry").processed == 1)
        #expect(try await check(database, article).reason == .trialEnded)
        #expect(try await check(database, article, at: lastMoment).reason == .entitled)
    }

    @Test func anotherTimeCanBeAskedAbout() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada))
        let later = try await check(database, article, at: TestDatabase.start + .days(20))
        #expect(later.reason == .trialEnded)
        #expect(later.at == TestDatabase.start + .days(20))
        #expect(try await check(database, article, at: TestDatabase.start + .days(-1)).reason == .notPublished)
    }

    @Test func suspensionsAnswerForTheTimeAskedAbout() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        let accounts = database.services.accounts
        let id = try await accounts.signUp(email: EmailAddress(parsing: ada)).account.id
        _ = try await database.services.clock.advance(by: .hours(1))
        _ = try await accounts.suspend(.id(id), reason: "shared")
        _ = try await database.services.clock.advance(by: .hours(1))
        #expect(try await check(database, article).reason == .accountSuspended)
        _ = try await accounts.reinstate(.id(id), reason: "sorry")
        #expect(try await check(database, article).reason == .entitled)
        #expect(try await check(database, article, at: TestDatabase.start + .minutes(90)).reason == .accountSuspended)
        #expect(try await check(database, article, at: TestDatabase.start + .minutes(30)).reason == .entitled)
    }

    @Test func aVisitorIsOfferedTheTrialOfThePlan() async throws {
        let database = try await TestDatabase.sandbox(trialDays: 30)
        let article = try await database.addArticle()
        let answer = try await database.services.access.check(reader: .anonymous, article: article)
        #expect(answer.account == nil)
        #expect(answer.decision.reason == .signUpRequired)
        #expect(answer.decision.verdict.trialDaysOnOffer == 30)
    }

    @Test func anArticlesOwnAccessComesBeforeItsTitles() async throws {
        let database = try await TestDatabase.sandbox()
        let plain = try await database.addArticle("golem/plain", titleAccess: .registered)
        let own = try await database.addArticle("golem/own", access: .free)
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada), wantsTrial: false)
        #expect(try await check(database, plain).reason == .registered)
        #expect(try await check(database, own).reason == .free)
        _ = try await database.services.articles.setAccess(plain, to: .premium)
        #expect(try await check(database, plain).reason == .subscriptionRequired)
    }

    @Test func whatIsNotThereIsAnErrorAndNotADenial() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        let unknown = await #expect(throws: MembershipError.self) { try await check(database, article) }
        #expect(unknown?.code == .unknownAccount)
        let missing = await #expect(throws: MembershipError.self) {
            try await database.services.access.check(
                reader: .anonymous, article: ArticleReference(parsing: "golem/nothing"))
        }
        #expect(missing?.code == .unknownArticle)
    }

    @Test func whoeverIsAskedAboutFromBeforeSheSignedUpHadTheTrialBeforeHer() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        _ = try await database.services.clock.advance(by: .days(30))
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada))
        let before = try await database.services.access.check(
            reader: ReaderReference(parsing: ada), article: article, .init(at: TestDatabase.start + .days(1))
        ).decision
        #expect(before.reason == .signUpRequired && before.verdict.trialDaysOnOffer == 14)
    }

    @Test func aLiveDatabaseFollowsTheWallClock() async throws {
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        let article = try await database.addArticle()
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada))
        #expect(try await check(database, article).reason == .entitled)
        clock.set(TestDatabase.start + .days(14))
        #expect(try await check(database, article).reason == .trialEnded)
    }

    @Test func theTrialIsPromisedByTheLedgerAndNobodyIsPromisedOneWithoutIt() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada), wantsTrial: false)
        let promised = try await database.services.access.check(reader: ReaderReference(parsing: ada), article: article)
        #expect(promised.decision.actions == [.startTrial])
        #expect(promised.decision.verdict.trialDaysOnOffer == 14)
        try FileManager.default.removeItem(atPath: database.keyPath)
        let blind = try await Services.open(database.location, clock: WallClock { TestDatabase.start })
        for batch in [false, true] {
            let reader = try ReaderReference(parsing: ada)
            let answer =
                batch
                ? try await blind.access.check(reader: reader, articles: [article])[0].get()
                : try await blind.access.check(reader: reader, article: article)
            #expect(answer.decision.reason == .subscriptionRequired)
            #expect(answer.decision.actions.isEmpty)
        }
        // What a grant decides needs no ledger.
        _ = try await blind.grants.add(
            AccountReference(parsing: ada),
            .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "Won it"))
        #expect(try await blind.access.check(reader: ReaderReference(parsing: ada), article: article).decision.allowed)
    }
}
