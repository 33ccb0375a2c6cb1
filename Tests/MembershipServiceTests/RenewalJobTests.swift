import Foundation
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
                .accountCreated, .subscriptionStarted, .paymentRecorded, .subscriptionRenewed, .subscriptionPastDue,
                .subscriptionExpired,
            ])
        #expect(messages == [.welcome, .accessEnded])
    }

    @Test func whoeverBeginsAgainIsNotToldOfTheEndBeforeThat() async throws {
        let (database, account) = try await prepared()
        _ = try await database.services.trials.start(account)
        _ = try await database.services.clock.advance(by: .days(14))
        _ = try await database.services.subscriptions.start(account, plan: Slug(stored: "membership"), payment: pay(1))
        let messages = try await database.store().read { tx in try tx.messages(to: tx.account(account).id) }
        #expect(messages == [.welcome])
    }

    @Test func whoeverHasAllTitlesIsNotToldOfTheEndOfOne() async throws {
        let (database, account) = try await prepared()
        try await database.addArticle()
        let (plan, plans) = (try Slug(parsing: "one"), database.services.plans)
        _ = try await plans.add(
            plan,
            .init(
                prices: [Money(amountMinor: 999, currency: Currency(parsing: "EUR"))],
                entitlements: [.title(Slug(parsing: "golem"))]))
        _ = try await plans.publish(plan)
        _ = try await database.services.subscriptions.start(account, plan: plan, payment: pay(1))
        _ = try await database.services.grants.add(
            account, .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "Won"))
        _ = try await database.services.subscriptions.cancel(account, now: true, .init())
        let messages = try await database.store().read { tx in try tx.messages(to: tx.account(account).id) }
        #expect(messages == [.welcome])
    }

    @Test func anOverdueLetterSaysHowLongItIsStillAndIsNotSentToWhoeverHasPaid() async throws {
        let (database, account) = try await prepared()
        var options = Services.Options()
        options.mail.destination = "folder:" + database.directory.path + "/mail"
        options.mail.sender = "Harbour Times <letters@harbour.test>"
        let services = try await Services.open(database.location, options: options)
        _ = try await services.jobs.run("outbox-delivery")
        _ = try await services.subscriptions.start(account, plan: Slug(stored: "membership"), payment: pay(1))
        // The first of February, and five days: the job is late.
        _ = try await services.clock.set(to: Timestamp(rfc3339: "2026-02-06T12:00:00Z"))
        #expect(try await services.jobs.run("renewal").processed == 1)
        let overdue = try #require(try await services.outbox.list(.due, limit: PageLimit(9)).messages.first)
        #expect(try await services.outbox.show(overdue.reference).text.contains("for 2 days"))
        _ = try await services.payments.record(account, pay(2))
        #expect(try await services.jobs.run("outbox-delivery").note?.contains("1 came too late") == true)
        #expect(try await services.outbox.list(.due, limit: PageLimit(9)).messages.isEmpty)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: database.directory.path + "/mail").count == 1)
    }

    @Test func aPauseThatIsOverEnds() async throws {
        let (database, account) = try await prepared()
        _ = try await database.services.subscriptions.start(account, plan: Slug(stored: "membership"), payment: pay(1))
        _ = try await database.services.subscriptions.pause(
            account, until: TestDatabase.start + .days(10), .init())
        _ = try await database.services.clock.advance(by: .days(10))
        #expect(try await database.services.jobs.run("renewal").processed == 1)
        let subscription = try await database.services.subscriptions.show(account)
        #expect(subscription.status == .active)
    }
}
