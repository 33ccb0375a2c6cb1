import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct PlanServiceTests {
    private let archive = Slug(stored: "archive")
    private let membership = Slug(stored: "membership")

    private func euros(_ amount: String) throws -> Money {
        try Money(parsing: amount, currency: Currency(parsing: "EUR"))
    }

    private func wishes(_ price: String, entitlements: [Entitlement] = [.allTitles]) throws -> PlanService.Wishes {
        .init(prices: [try euros(price)], entitlements: entitlements)
    }

    /// A database with a plan that has been published so many times, at 4.01, 4.02, … euros.
    private func database(versions: Int) async throws -> TestDatabase {
        let database = try await TestDatabase.sandbox()
        for version in 0..<versions {
            _ = try await database.services.plans.add(archive, wishes("4.0\(version + 1)"))
            _ = try await database.services.plans.publish(archive)
        }
        return database
    }

    private func subscriber(
        _ name: String, _ database: TestDatabase, paid: Int = 1
    ) async throws -> AccountReference {
        let services = database.services
        let email = try EmailAddress(parsing: "\(name)@example.com")
        let account = AccountReference.id(
            try await services.accounts.signUp(email: email, wantsTrial: false).account.id)
        let version = try #require(try await services.plans.show(archive).plan.published)
        let price = try #require(version.terms.prices.first)
        _ = try await services.subscriptions.start(
            account, plan: archive,
            payment: NewPayment(
                amount: Money(amountMinor: price.amountMinor * Int64(paid), currency: price.currency), reference: name,
                periods: paid))
        return account
    }

    private func migrate(
        _ database: TestDatabase, from: Int = 1, to: Int = 2, at moment: PlanMigration.Moment = .renewal,
        dryRun: Bool = false
    ) async throws -> (PlanMigrationReport, [MigratedSubscription]) {
        var items: [MigratedSubscription] = []
        let report = try await database.services.plans.migrate(
            archive, from: from, to: to, at: moment, dryRun: dryRun
        ) { items += $1 }
        return (report, items)
    }

    private func code(_ body: () async throws -> Void) async throws -> MembershipError.Code? {
        do {
            try await body()
            return nil
        } catch let error as MembershipError {
            return error.code
        }
    }

    // MARK: - Drafting and publishing

    @Test func aNewPlanBeginsWithTheDraftOfItsFirstVersion() async throws {
        let database = try await TestDatabase.sandbox()
        let plans = database.services.plans
        let drafted = try await plans.add(archive, wishes("4.99"))
        #expect(drafted.draft.description == "archive@1")
        #expect(drafted.replaced == nil)
        #expect(drafted.draft.publishedAt == nil)
        #expect(drafted.draft.terms.interval == .month)
        #expect(drafted.draft.terms.trialDays == 0)
        #expect(drafted.draft.terms.graceDays == 7)
        #expect(try await plans.show(archive).plan.published == nil)
    }

    @Test func nobodyCanSubscribeToADraft() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.plans.add(archive, wishes("4.99"))
        let account = try await database.services.accounts.signUp(
            email: EmailAddress(parsing: "ada@example.com"), wantsTrial: false
        ).account
        #expect(
            try await code { _ = try await database.services.subscriptions.start(.id(account.id), plan: archive) }
                == .unknownPlan)
    }

    @Test func aDraftThatIsThereIsReplacedAndWhatIsNotSaidStays() async throws {
        let database = try await TestDatabase.sandbox()
        let plans = database.services.plans
        _ = try await plans.add(archive, wishes("4.99"))
        let drafted = try await plans.add(
            archive, .init(interval: BillingInterval(parsing: "5 days"), graceDays: 4))
        #expect(drafted.draft.version == 1)
        #expect(drafted.replaced?.terms.interval == .month)
        #expect(drafted.draft.terms.prices == [try euros("4.99")])
        #expect(drafted.draft.terms.entitlements == [.allTitles])
        #expect(try await plans.show(archive).plan.versions.count == 1)
    }

    @Test func aPublishedVersionNeverChangesAndItsSubscribersStayOnIt() async throws {
        let database = try await database(versions: 1)
        let plans = database.services.plans
        let first = try await plans.show(archive).plan.published
        let account = try await subscriber("ada", database)
        _ = try await plans.add(archive, wishes("5.99"))
        #expect(try await plans.show(archive).plan.published == first)
        let published = try await plans.publish(archive)
        #expect(published.version.description == "archive@2")
        #expect(published.version.publishedAt == TestDatabase.start)
        #expect(published.openSubscriptionsBefore == 1)
        #expect(published.difference.changes.map(\.field) == ["price EUR"])
        let overview = try await plans.show(archive)
        #expect(overview.plan.versions.first == first)
        #expect(overview.openSubscriptions == [1: 1])
        #expect(try await database.services.subscriptions.show(account).version == first)
    }

    @Test func publishingWithoutADraftIsTold() async throws {
        let database = try await TestDatabase.sandbox()
        let plans = database.services.plans
        let error = await #expect(throws: MembershipError.self) { try await plans.publish(membership) }
        #expect(error?.code == .unknownPlan)
        #expect(error?.message.contains("no draft") == true)
        #expect(try await code { _ = try await plans.publish(archive) } == .unknownPlan)
    }

    @Test func anEntitlementToATitleThatIsNotThereIsRefused() async throws {
        let database = try await TestDatabase.sandbox()
        let golem = try Entitlement(parsing: "title:golem")
        let plans = database.services.plans
        let new = try wishes("4.99", entitlements: [golem])
        #expect(try await code { _ = try await plans.add(archive, new) } == .unknownTitle)
        #expect(try await plans.list().map(\.plan.name) == [membership])
        try await database.addArticle()
        #expect(try await plans.add(archive, new).draft.terms.entitlements == [golem])
    }

    @Test(arguments: [
        PlanService.Wishes(), .init(trialDays: -1, entitlements: [.allTitles]),
        .init(trialDays: 366, entitlements: [.allTitles]), .init(graceDays: 28, entitlements: [.allTitles]),
        .init(
            prices: [Money(amountMinor: 1, currency: Currency(stored: "EUR"))]
                + [Money(amountMinor: 2, currency: Currency(stored: "EUR"))], entitlements: [.allTitles]),
    ])
    func termsThatCannotBeAreRefusedAndNothingIsWritten(wishes: PlanService.Wishes) async throws {
        let database = try await TestDatabase.sandbox()
        let plans = database.services.plans
        #expect(try await code { _ = try await plans.add(archive, wishes) } == .invalidInput)
        #expect(try await plans.list().map(\.plan.name) == [membership])
    }

    // MARK: - Retiring

    @Test func aRetiredPlanKeepsItsSubscribersAndGetsNoMore() async throws {
        let database = try await database(versions: 1)
        let account = try await subscriber("ada", database, paid: 2)
        let retired = try await database.services.plans.retire(archive)
        #expect(!retired.wasRetired)
        #expect(retired.overview.plan.retiredAt == TestDatabase.start)
        #expect(try await code { _ = try await subscriber("bea", database) } == .planRetired)
        _ = try await database.services.clock.advance(by: .days(40))
        #expect(try await database.services.subscriptions.show(account).status == .active)
        let again = try await database.services.plans.retire(archive)
        #expect(again.wasRetired)
        #expect(again.overview.plan.retiredAt == TestDatabase.start)
    }

    @Test func thePlanThatTrialsAreOfCannotBeRetired() async throws {
        let database = try await TestDatabase.sandbox()
        #expect(
            try await code { _ = try await database.services.plans.retire(membership) } == .transitionForbidden)
        let result = try await database.services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        #expect(result.trial == .started)
    }

    // MARK: - Moving subscribers

    @Test func atTheRenewalEachIsMovedWithTheFirstPeriodThatIsNotPaidFor() async throws {
        let database = try await database(versions: 1)
        let ada = try await subscriber("ada", database)
        let bea = try await subscriber("bea", database, paid: 3)
        _ = try await database.services.plans.add(archive, wishes("5.99"))
        _ = try await database.services.plans.publish(archive)
        let (report, items) = try await migrate(database)
        #expect(report.moved == 2)
        #expect(report.refused == 0)
        let effects = items.map(\.takesEffectAt)
        #expect(
            effects == [try Timestamp(rfc3339: "2026-02-01T00:00:00Z"), try Timestamp(rfc3339: "2026-04-01T00:00:00Z")])
        for account in [ada, bea] {
            #expect(try await database.services.subscriptions.show(account).version.version == 1)
        }
        _ = try await database.services.clock.advance(by: .days(31))
        #expect(try await database.services.subscriptions.show(ada).version.version == 2)
        #expect(try await database.services.subscriptions.show(bea).version.version == 1)
    }

    @Test func aSecondRunDoesNothingTwice() async throws {
        let database = try await database(versions: 1)
        let ada = try await subscriber("ada", database)
        _ = try await database.services.plans.add(archive, wishes("5.99"))
        _ = try await database.services.plans.publish(archive)
        _ = try await migrate(database)
        let revision = try await database.services.subscriptions.show(ada).revision
        let (again, items) = try await migrate(database)
        #expect(again.moved == 0)
        #expect(again.alreadyMoved == 1)
        #expect(items.isEmpty)
        #expect(try await database.services.subscriptions.show(ada).revision == revision)
    }

    @Test func aMoveThatIsToComeIsMadeNowWhereThatIsWanted() async throws {
        let database = try await database(versions: 1)
        let ada = try await subscriber("ada", database)
        let bea = try await subscriber("bea", database, paid: 3)
        _ = try await database.services.plans.add(archive, wishes("5.99"))
        _ = try await database.services.plans.publish(archive)
        _ = try await migrate(database)
        let (report, _) = try await migrate(database, at: .now)
        #expect((report.moved, report.refused, report.alreadyMoved) == (1, 1, 0))
        let moved = try await database.services.subscriptions.show(ada)
        #expect(moved.version.version == 2 && moved.nextVersion == nil)
        // Who has paid ahead stays, and changes when she was to.
        #expect(try await database.services.subscriptions.show(bea).nextVersion?.version.version == 2)
        #expect(try await migrate(database, at: .now).0.moved == 0)
    }

    @Test func whomTheClockHasBroughtToTheVersionIsMovedBeforeAJobHasRecordedIt() async throws {
        let database = try await database(versions: 1)
        let other = try Slug(parsing: "other")
        _ = try await database.services.plans.add(other, wishes("3.00"))
        _ = try await database.services.plans.publish(other)
        let email = try EmailAddress(parsing: "ada@example.com")
        let ada = AccountReference.id(
            try await database.services.accounts.signUp(email: email, wantsTrial: false).account.id)
        let subscriptions = database.services.subscriptions
        _ = try await subscriptions.start(
            ada, plan: other,
            payment: NewPayment(amount: euros("3.00"), reference: "1", periods: 1))
        _ = try await subscriptions.changePlan(ada, to: archive, now: false, .init())
        _ = try await database.services.payments.record(
            ada, NewPayment(amount: euros("4.01"), reference: "2", periods: 1))
        _ = try await database.services.plans.add(archive, wishes("5.99"))
        _ = try await database.services.plans.publish(archive)
        #expect(try await migrate(database).0.moved == 0)
        _ = try await database.services.clock.advance(by: .days(31))
        #expect(try await subscriptions.show(ada).version.description == "archive@1")
        #expect(try await migrate(database).0.moved == 1)
        #expect(try await subscriptions.show(ada).nextVersion?.version.version == 2)
    }

    @Test func nowTheCurrentPeriodStaysAndWhatItGivesChanges() async throws {
        let database = try await database(versions: 1)
        let ada = try await subscriber("ada", database)
        try await database.addArticle()
        let golem = try Entitlement(parsing: "title:golem")
        _ = try await database.services.plans.add(archive, wishes("4.01", entitlements: [golem]))
        _ = try await database.services.plans.publish(archive)
        let before = try await database.services.subscriptions.show(ada)
        let (report, items) = try await migrate(database, at: .now)
        #expect(report.migration.gained == [golem])
        #expect(report.migration.lost == [.allTitles])
        #expect(items.map(\.takesEffectAt) == [TestDatabase.start])
        let after = try await database.services.subscriptions.show(ada)
        #expect(after.version.version == 2)
        #expect(after.currentPeriodEnd == before.currentPeriodEnd)
        let grants = try await database.services.grants.list(ada, at: TestDatabase.start)
        #expect(grants.map(\.entitlement) == [golem])
    }

    @Test func oneThatCannotBeMovedIsNamedAndDoesNotStopTheOthers() async throws {
        let database = try await database(versions: 1)
        let ahead = try await subscriber("ahead", database, paid: 3)
        let paused = try await subscriber("paused", database)
        _ = try await database.services.subscriptions.pause(paused, until: nil, .init())
        let leaving = try await subscriber("leaving", database)
        _ = try await database.services.subscriptions.changePlan(leaving, to: other(database), now: false, .init())
        let ada = try await subscriber("ada", database)
        _ = try await database.services.plans.add(archive, wishes("5.99"))
        _ = try await database.services.plans.publish(archive)
        let (report, items) = try await migrate(database, at: .now)
        #expect(report.moved == 1)
        #expect(report.refused == 3)
        let refusals = items.map { $0.refusal?.message ?? "moved" }
        #expect(refusals[0].contains("paid ahead"))
        #expect(refusals[1].contains("it is paused"))
        #expect(refusals[2].contains("other@1"))
        #expect(refusals[3] == "moved")
        #expect(items.map(\.status) == [.active, .paused, .active, .active])
        #expect(try await database.services.subscriptions.show(ada).version.version == 2)
        for account in [ahead, paused, leaving] {
            #expect(try await database.services.subscriptions.show(account).version.version == 1)
        }
        #expect(try await database.services.subscriptions.show(leaving).nextVersion?.version.plan.text == "other")
    }

    private func other(_ database: TestDatabase) async throws -> Slug {
        let other = Slug(stored: "other")
        _ = try await database.services.plans.add(other, wishes("1.00"))
        _ = try await database.services.plans.publish(other)
        return other
    }

    @Test func aTrialIsMovedAtOnceAndEndsWhenItWould() async throws {
        let database = try await TestDatabase.sandbox()
        let email = try EmailAddress(parsing: "ada@example.com")
        let account = try await database.services.accounts.signUp(email: email).account
        _ = try await database.services.plans.add(membership, .init(prices: [euros("9.99")], trialDays: 7))
        _ = try await database.services.plans.publish(membership)
        let report = try await database.services.plans.migrate(membership, from: 1, to: 2)
        #expect(report.moved == 1)
        let subscription = try await database.services.subscriptions.show(.id(account.id))
        #expect(subscription.version.version == 2)
        #expect(subscription.status == .trialing)
        #expect(subscription.trialEnd == TestDatabase.start + .days(14))
    }

    @Test func aDryRunTellsTheSameAndWritesNothing() async throws {
        let database = try await database(versions: 1)
        let ada = try await subscriber("ada", database)
        _ = try await subscriber("bea", database, paid: 2)
        _ = try await database.services.plans.add(archive, wishes("5.99"))
        _ = try await database.services.plans.publish(archive)
        let before = try await database.services.subscriptions.show(ada)
        for moment in PlanMigration.Moment.allCases {
            let told = try await migrate(database, at: moment, dryRun: true)
            #expect(try await database.services.subscriptions.show(ada) == before)
            guard moment == .now else { continue }
            let done = try await migrate(database, at: moment)
            #expect(told.0 == done.0)
            #expect(told.1 == done.1)
        }
    }

    @Test func whatTheClockHasEndedIsNotOneToBeMoved() async throws {
        let database = try await database(versions: 2)
        let email = try EmailAddress(parsing: "ada@example.com")
        let account = AccountReference.id(
            try await database.services.accounts.signUp(email: email, wantsTrial: false).account.id)
        _ = try await database.services.subscriptions.start(account, plan: archive)
        _ = try await database.services.clock.advance(by: .days(8))
        let (report, items) = try await migrate(database, from: 2, to: 1)
        #expect(items.isEmpty)
        #expect(report.moved + report.refused + report.alreadyMoved == 0)
    }

    @Test func movesThatAreToComeCanBeTakenBackOrMadeOthers() async throws {
        let database = try await database(versions: 1)
        let ada = try await subscriber("ada", database)
        for price in ["5.99", "6.99"] {
            _ = try await database.services.plans.add(archive, wishes(price))
            _ = try await database.services.plans.publish(archive)
        }
        _ = try await migrate(database, to: 2)
        _ = try await migrate(database, to: 3)
        #expect(try await database.services.subscriptions.show(ada).nextVersion?.version.version == 3)
        let (report, _) = try await migrate(database, to: 1)
        #expect(report.moved == 1)
        #expect(try await database.services.subscriptions.show(ada).nextVersion == nil)
    }

    @Test func versionsThatNobodyCanMoveBetweenAreRefused() async throws {
        let database = try await database(versions: 2)
        let plans = database.services.plans
        _ = try await plans.add(archive, wishes("9.99"))
        #expect(try await code { _ = try await migrate(database, to: 3) } == .invalidInput)
        #expect(try await code { _ = try await migrate(database, to: 4) } == .unknownPlan)
        #expect(try await code { _ = try await migrate(database, from: 0) } == .unknownPlan)
        #expect(try await code { _ = try await migrate(database, to: 1, at: .now) } == .invalidInput)
        let nothing = Slug(stored: "nothing")
        #expect(try await code { _ = try await plans.migrate(nothing, from: 1, to: 2) } == .unknownPlan)
    }

    @Test func everyoneIsMovedWhenThereAreMoreThanABatch() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(450)
        let plans = database.services.plans
        _ = try await plans.add(membership, .init(prices: [euros("9.99")]))
        _ = try await plans.publish(membership)
        var batches: [Int] = []
        let report = try await plans.migrate(membership, from: 1, to: 2) { batches.append($1.count) }
        #expect(batches == [200, 200, 50])
        #expect(report.moved == 450)
        #expect(try await plans.show(membership).openSubscriptions == [2: 450])
    }

    // MARK: - The catalog

    private func apply(_ text: String, _ database: TestDatabase, dryRun: Bool = false) async throws -> CatalogReport {
        let path = try database.directory.write("catalog.yml", text)
        return try await database.services.plans.applyCatalog(path: path, dryRun: dryRun)
    }

    private static let catalog = """
        plans:
          membership:
            prices: {EUR: 9.99}
            interval: 1 month
            trial_days: 14
            grace_days: 7
            entitlements: [all-titles]
          archive:
            prices: {EUR: 4.99, JPY: 800}
            interval: 1 year
            trial_days: 0
            grace_days: 14
            entitlements: [all-titles]
        """

    @Test func applyingMakesThePlansWhatTheFileSaysOnce() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await other(database)
        let told = try await apply(PlanServiceTests.catalog, database, dryRun: true)
        #expect(try await database.services.plans.list().count == 2)
        let done = try await apply(PlanServiceTests.catalog, database)
        #expect(told == done)
        #expect(done.missing.map(\.text) == ["other"])
        #expect(done.plans.map(\.after) == [2, 1])
        #expect(done.plans.map(\.isNew) == [false, true])
        #expect(done.plans[0].difference?.changes.map(\.field) == ["price EUR"])
        #expect(done.plans[0].difference?.changes.map(\.after) == ["9.99"])
        let again = try await apply(PlanServiceTests.catalog, database)
        #expect(again.isUnchanged)
        let terms = try await database.services.plans.show(archive).plan.published?.terms
        #expect(terms?.prices.map(\.description) == ["4.99 EUR", "800 JPY"])
        #expect(try await database.services.plans.show(membership).plan.versions.count == 2)
    }

    @Test func aCatalogThatTheDatabaseCannotFollowIsRefusedWhole() async throws {
        let database = try await TestDatabase.sandbox()
        let bad = PlanServiceTests.catalog.replacing("[all-titles]", with: "[title:golem]")
        for text in [
            bad, PlanServiceTests.catalog + "\n  gone: {retired: true}\n",
            PlanServiceTests.catalog
                + "\n  born: {prices: {EUR: 5.99}, interval: 1 month, trial_days: 0, grace_days: 7, "
                + "entitlements: [all-titles], retired: true}\n",
            PlanServiceTests.catalog.replacing("  archive:", with: "    retired: true\n  archive:"),
        ] {
            #expect(try await code { _ = try await apply(text, database) } == .invalidCatalog)
            #expect(try await database.services.plans.list().map(\.plan.versions.count) == [1])
        }
    }

    @Test func aPlanIsRetiredByTheFileAndStaysSo() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await apply(PlanServiceTests.catalog, database)
        let retired = try await apply("plans: {archive: {retired: true}}", database)
        #expect(retired.plans.map(\.retires) == [true])
        #expect(retired.plans.map(\.publishes) == [false])
        #expect(try await database.services.plans.show(archive).plan.retiredAt != nil)
        #expect(try await apply("plans: {archive: {retired: true}}", database).isUnchanged)
        let error = await #expect(throws: MembershipError.self) { try await apply(PlanServiceTests.catalog, database) }
        #expect(error?.code == .invalidCatalog)
        #expect(error?.message.contains("line 8") == true)
        #expect(error?.message.contains("retired at") == true)
    }

    @Test func aDraftGivesWayToTheFileOnlyWhereItSaysSomethingNew() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await apply(PlanServiceTests.catalog, database)
        _ = try await database.services.plans.add(archive, wishes("1.23"))
        #expect(try await apply(PlanServiceTests.catalog, database).isUnchanged)
        #expect(try await database.services.plans.show(archive).plan.draft?.version == 2)
        let changed = try await apply(PlanServiceTests.catalog.replacing("4.99", with: "5.99"), database)
        #expect(changed.plans.last?.replacesDraft == true)
        let plan = try await database.services.plans.show(archive).plan
        #expect(plan.draft == nil)
        #expect(plan.versions.last?.terms.prices.first?.decimal == "5.99")
    }
}
