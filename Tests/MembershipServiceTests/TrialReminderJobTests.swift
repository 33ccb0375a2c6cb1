import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct TrialReminderJobTests {
    private func signUp(_ database: TestDatabase, _ name: String = "ada") async throws -> AccountReference {
        .id(try await database.services.accounts.signUp(email: EmailAddress(parsing: "\(name)@example.com")).account.id)
    }

    private func run(_ database: TestDatabase, days: Int? = nil) async throws -> Int {
        var options = Services.Options()
        if let days { options.trialReminderDays = days }
        return try await Services.open(database.location, options: options).jobs.run("trial-reminder").processed
    }

    @Test func theReaderIsToldOnceThreeDaysBeforeTheEndAndNoSooner() async throws {
        let database = try await TestDatabase.sandbox()
        let account = try await signUp(database)
        let moment = TestDatabase.start + .days(11)
        _ = try await database.services.clock.set(to: Timestamp(milliseconds: moment.milliseconds - 1))
        #expect(try await run(database) == 0)
        _ = try await database.services.clock.set(to: moment)
        #expect(try await run(database) == 1)
        #expect(try await run(database) == 0)
        _ = try await database.services.clock.advance(by: .days(1))
        #expect(try await run(database) == 0)
        let subscription = try await database.services.subscriptions.show(account)
        #expect(subscription.remindedAt == moment)
        let store = try await database.store()
        let (events, messages) = try await store.read { tx in
            let id = try tx.account(account).id
            return (try tx.events(of: id), try tx.messages(to: id))
        }
        #expect(events.last?.kind == .trialEnding && events.last?.actor.name == "job:trial-reminder")
        #expect(events.last?.data.contains("\"reminded_at\":\"2026-01-12T00:00:00Z\"") == true)
        #expect(messages == [.welcome, .trialEnding])
    }

    @Test func aDayOnWhichNothingRanIsMadeUpForUntilTheEnd() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await signUp(database)
        let end = TestDatabase.start + .days(14)
        _ = try await database.services.clock.set(to: Timestamp(milliseconds: end.milliseconds - 1))
        #expect(try await run(database) == 1)
    }

    @Test func nobodyIsToldAtTheEndOrAfter() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await signUp(database)
        _ = try await database.services.clock.advance(by: .days(14))
        #expect(try await run(database) == 0)
    }

    @Test func theDaysAreTheOperatorsAndNoneTellsNobody() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await signUp(database)
        _ = try await database.services.clock.advance(by: .days(7))
        #expect(try await run(database) == 0)
        #expect(try await run(database, days: 0) == 0)
        #expect(try await run(database, days: 7) == 1)
    }

    @Test func whoCancelledOrGoesOnOrHasAShorterTrialIsNotTold() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.engine().write { sql in
            try sql.runScript(
                "INSERT INTO plan_prices (plan, version, currency, amount_minor) VALUES ('membership', 1, 'EUR', 999)")
        }
        let canceled = try await signUp(database, "canceled")
        let goesOn = try await signUp(database, "goeson")
        _ = try await signUp(database, "plain")
        _ = try await database.services.subscriptions.cancel(canceled, now: false, .init())
        _ = try await database.services.trials.convert(goesOn, now: false, .init())
        // The whole trial is within the days before its end.
        #expect(try await run(database, days: 14) == 0)
        _ = try await database.services.clock.advance(by: .days(11))
        #expect(try await database.services.jobs.list().first { $0.name == "trial-reminder" }?.dueCount == 1)
        #expect(try await run(database) == 1)
    }

    @Test func aLongerTrialIsToldOfItsNewEnd() async throws {
        let database = try await TestDatabase.sandbox()
        let account = try await signUp(database)
        _ = try await database.services.clock.advance(by: .days(11))
        #expect(try await run(database) == 1)
        _ = try await database.services.trials.extend(account, byDays: 7, .init())
        #expect(try await run(database) == 0)
        _ = try await database.services.clock.advance(by: .days(7))
        #expect(try await run(database) == 1)
    }
}
