import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct RenewalJobTests {
    private func prepared() async throws -> (TestDatabase, AccountReference) {
        let database = try await TestDatabase.sandbox()
        try await database.engine().write { sql in
            try sql.runScript(
                "INSERT INTO plan_prices (plan, version, currency, amount_minor) VALUES ('membership', 1, 'EUR', 999)")
        }
        let email = try EmailAddress(parsing: "ada@example.com")
        let account = try await database.services.accounts.signUp(email: email, wantsTrial: false).account.id
        return (database, .id(account))
    }

    private func pay(_ periods: Int) throws -> NewPayment {
        try NewPayment(
            amount: Money(amountMinor: Int64(999 * periods), currency: Currency(parsing: "EUR")),
            reference: "r\(periods)",
            periods: periods)
    }

    @Test func whatIsPaidIsRenewedAndWhatIsNotFallsDueAndExpires() async throws {
        let (database, account) = try await prepared()
        _ = try await database.services.subscriptions.start(account, plan: Slug(stored: "membership"), payment: pay(2))
        let jobs = database.services.jobs
        #expect(try await jobs.run("renewal").processed == 0)
        var seen: [Subscription.Status] = []
        for month in ["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z"] {
            _ = try await database.services.clock.set(to: Timestamp(rfc3339: month))
            #expect(try await jobs.run("renewal").processed == 1)
            #expect(try await jobs.run("renewal").processed == 0)
            seen.append(try await database.services.subscriptions.show(account).status)
        }
        #expect(seen == [.active, .pastDue, .expired])
        let store = try await database.store()
        let messages = try await store.read { tx in try tx.messages(to: tx.account(account).id) }
        #expect(messages == [.welcome, .renewal, .paymentOverdue, .accessEnded])
    }

    @Test func aJobThatIsMonthsLateCatchesUpAndTellsTheReaderOnce() async throws {
        let (database, account) = try await prepared()
        _ = try await database.services.subscriptions.start(account, plan: Slug(stored: "membership"), payment: pay(2))
        _ = try await database.services.clock.advance(by: .days(365))
        #expect(try await database.services.jobs.run("renewal").processed == 1)
        let store = try await database.store()
        let (kinds, messages) = try await store.read { tx in
            let id = try tx.account(account).id
            return (try tx.events(of: id).map(\.kind), try tx.messages(to: id))
        }
        #expect(
            kinds == [
                .accountCreated, .subscriptionStarted, .paymentRecorded, .subscriptionRenewed, .subscriptionPastDue, .subscriptionExpired,
            ])
        #expect(messages == [.welcome, .accessEnded])
    }

    @Test func aPauseThatIsOverEnds() async throws {
        let (database, account) = try await prepared()
        _ = try await database.services.subscriptions.start(account, plan: Slug(stored: "membership"), payment: pay(1))
        _ = try await database.services.subscriptions.pause(
            account, until: TestDatabase.start + .days(10), Edit())
        _ = try await database.services.clock.advance(by: .days(10))
        #expect(try await database.services.jobs.run("renewal").processed == 1)
        let subscription = try await database.services.subscriptions.show(account)
        #expect(subscription.status == .active)
    }
}
