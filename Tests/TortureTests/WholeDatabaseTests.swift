import Foundation
import Membership
import MembershipService
import MembershipStore
import TestSupport
import Testing
@testable import Torture

/// On SQLite, whatever engine the suite is on: its rows can be broken in a transaction that is never committed.
struct WholeDatabaseTests {
    /// Ada and Dan are on trial, and Dan has paid for two months behind it; Bob is in the last of three months that he
    /// has paid for; Cem's trial is over.
    private func site() async throws -> Site {
        let site = try Site()
        try await site.place.furnish(site.clock.wallClock, anonymous: 3, registered: 5)
        let services = try await site.place.services(site.clock.wallClock)
        func ask(_ calls: ClientCall...) async throws {
            for call in calls { _ = try await call.ask(services) }
        }
        try await ask(.signUp(email: "bob@example.com"), .signUp(email: "cem@example.com"))
        try await ask(.pay(email: "bob@example.com", reference: "bob-1", periods: 3))
        for (days, job) in [(14, "trial-expiry"), (46, "renewal"), (80, "renewal")] {
            site.clock.set(TestDatabase.start + .days(days))
            _ = try await services.jobs.run(job)
        }
        try await ask(.signUp(email: "ada@example.com"), .signUp(email: "dan@example.com"))
        try await ask(.pay(email: "dan@example.com", reference: "dan-1", periods: 2))
        return site
    }

    /// A row that is broken, and the one rule that this breaks.
    private struct Break {
        let broken: String
        /// $ada, $bob, $cem and $dan are their accounts.
        let sql: String
    }

    private static let breaks = [
        Break(broken: "an account without an address", sql: "DELETE FROM account_emails WHERE account_id = $ada"),
        Break(
            broken: "an account that was not made exactly once",
            sql: "UPDATE events SET kind = 'account.suspended' WHERE account_id = $ada AND kind = 'account.created'"),
        Break(
            broken: "an account that is not welcomed exactly once",
            sql: "DELETE FROM outbox WHERE account_id = $ada AND message = 'welcome'"),
        Break(
            broken: "events whose head is not their last",
            sql: "UPDATE event_heads SET sequence = sequence + 1 WHERE account_id = $ada"),
        Break(
            broken: "a trial that did not begin exactly once",
            sql: "UPDATE events SET kind = 'trial.extended' WHERE account_id = $ada AND kind = 'trial.started'"),
        Break(broken: "a trial that gave nothing", sql: "DELETE FROM grants WHERE account_id = $ada"),
        Break(
            broken: "a difference between trials and the ledger of trials",
            sql: """
                DELETE FROM trial_ledger WHERE identity_hmac = (SELECT min(identity_hmac) FROM trial_ledger)
                """),
        Break(
            broken: "a trial that was not ended exactly once",
            sql: "UPDATE events SET kind = 'trial.extended' WHERE account_id = $cem AND kind = 'trial.ended'"),
        Break(
            broken: "a moment at which the clock did the same thing twice",
            sql: """
                UPDATE events SET effective_at = (SELECT min(effective_at) FROM events
                    WHERE account_id = $bob AND kind = 'subscription.renewed')
                WHERE account_id = $bob AND kind = 'subscription.renewed'
                """),
        Break(
            broken: "a thing that holds from a moment before the one recorded before it",
            sql: """
                UPDATE events SET effective_at = effective_at - 1
                WHERE account_id = $ada AND kind = 'trial.started'
                """),
        Break(
            broken: "a subscription with other periods than were paid for",
            sql: "UPDATE subscriptions SET settled_periods = 1 WHERE account_id = $cem"),
        Break(
            broken: "a right that is paid for and not given, or not for as long",
            sql: """
                UPDATE grants SET voided_at = recorded_at
                WHERE account_id = $bob AND source = 'subscription' AND voided_at IS NULL
                """),
        // An hour of the current month.
        Break(
            broken: "a right that is paid for and not given, or not for as long",
            sql: "UPDATE grants SET ends_at = ends_at - 3600000 WHERE account_id = $bob AND source = 'subscription'"),
        // The second of two months that are to come.
        Break(
            broken: "a right that is paid for and not given, or not for as long",
            sql: """
                UPDATE grants SET ends_at = ends_at - 28 * 86400000
                WHERE account_id = $dan AND source = 'subscription'
                """),
        // A day between the trial and what is paid for.
        Break(
            broken: "a right that is paid for and not given, or not for as long",
            sql: """
                UPDATE grants SET starts_at = starts_at + 86400000
                WHERE account_id = $dan AND source = 'subscription'
                """),
        Break(
            broken: "a payment without its event, or an event without its payment",
            sql: "UPDATE events SET kind = 'trial.extended' WHERE account_id = $bob AND kind = 'payment.recorded'"),
        Break(
            broken: "a payment whose reference is not kept",
            sql: "DELETE FROM payment_references WHERE account_id = $bob"),
        Break(
            broken: "a reference without its payment",
            sql: """
                INSERT INTO payment_references (reference_sha256, account_id, payment_id)
                VALUES (hex(zeroblob(32)), $bob, 1)
                """),
        Break(
            broken: "an end of a trial of which nobody is told exactly once",
            sql: "DELETE FROM outbox WHERE account_id = $cem AND message <> 'welcome'"),
        Break(
            broken: "a message without its event",
            sql: """
                INSERT INTO outbox (account_id, event_sequence, message, created_at, due_at)
                VALUES ($ada, 99, 'renewal', 0, 0)
                """),
        Break(
            broken: "an article that says nothing",
            sql: """
                DELETE FROM article_contents WHERE article_id = (SELECT min(article_id) FROM article_contents)
                """),
    ]

    /// What a broken row leads to, before it is put back.
    private struct Found: Error {
        let faults: [String]
    }

    private func faults(after sql: String, on engine: any DatabaseEngine) async throws -> [String] {
        let named = ["ada", "bob", "cem", "dan"].reduce(sql) { text, name in
            text.replacingOccurrences(
                of: "$" + name,
                with: "(SELECT account_id FROM accounts WHERE email = '\(name)@example.com')")
        }
        do {
            try await engine.write { sql -> Void in
                // What a row refers to is looked for at the commit, and there is none.
                try sql.runScript("PRAGMA defer_foreign_keys = ON; \(named)")
                throw Found(faults: try WholeDatabase.brokenRules(sql))
            }
            return ["committed"]
        } catch let found as Found {
            return found.faults
        }
    }

    @Test func anUnbrokenDatabaseBreaksNoRule() async throws {
        let site = try await site()
        #expect(try await site.place.engine().read(WholeDatabase.brokenRules) == [])
        #expect(try await site.whole.faults() == [])
    }

    @Test func aBrokenRowBreaksItsRuleAndNoOther() async throws {
        let site = try await site()
        let engine = try site.place.engine()
        for row in Self.breaks {
            #expect(try await faults(after: row.sql, on: engine) == ["1 × \(row.broken)"], "\(row.sql)")
        }
        #expect(try await site.whole.faults() == [])
        #expect(Set(Self.breaks.map(\.broken)) == Set(WholeDatabase.rules.map(\.broken)))
    }

    @Test func aBrokenChainIsAFault() async throws {
        let site = try await site()
        try await site.place.engine().write { sql in
            try sql.runScript("UPDATE events SET data = '{\"days\":99}' WHERE kind = 'trial.ended'")
        }
        let faults = try await site.whole.faults()
        #expect(faults.count == 2)
        #expect(faults.allSatisfy { $0.hasPrefix("events") }, "\(faults)")
    }

    @Test func whatIsDueAndWasNotDoneIsAFault() async throws {
        let site = try await site()
        func due(_ moment: Timestamp) async throws -> [String] {
            try await site.place.engine().read { try WholeDatabase.overdue($0, at: moment) }
        }
        #expect(try await due(TestDatabase.start) == [])
        #expect(
            try await due(TestDatabase.start + .days(200)) == [
                "3 × a subscription of which something is due and was not done"
            ])
    }

    @Test func afterDueWorkNothingIsDueAndEverythingIsDelivered() async throws {
        let site = try await site()
        site.clock.set(TestDatabase.start + .days(200))
        #expect(try await site.whole.faultsAfterDueWork(lettersTo: site.place.letters) == [])
    }

    @Test func whatClientsWereToldIsLookedForAndNothingElseMayBeThere() async throws {
        let site = try await site()
        let services = try await site.place.services(site.clock.wallClock)
        var told = ToldFacts()
        func faults(_ told: ToldFacts) async throws -> [String] {
            try await site.place.engine().read { try told.faults($0) }
        }
        func account(_ email: String) async throws -> String {
            try await services.accounts.overview(AccountReference(parsing: email)).account.id.description
        }
        for email in ["ada@example.com", "bob@example.com", "cem@example.com"] {
            try told.note(.signUp(email: email), await account(email))
        }
        let calls: [ClientCall] = [
            .pay(email: "bob@example.com", reference: "bob-1", periods: 3),
            .open(email: "bob@example.com", article: "premium/article-1", key: "key"),
        ]
        for call in calls { try told.note(call, await call.ask(services)) }
        try told.note(.renew(email: "bob@example.com"), "1")
        // Of Dan and his payment nobody was told.
        let alien = try await faults(told)
        #expect(alien.count == 2 && alien.allSatisfy { $0.contains("dan") }, "\(alien)")
        let dan = try await account("dan@example.com")
        let paid = ClientCall.pay(email: "dan@example.com", reference: "dan-1", periods: 2)
        try told.note(.signUp(email: "dan@example.com"), dan)
        try told.note(paid, await paid.ask(services))
        #expect(try await faults(told) == [])
        var wrong = told
        try wrong.note(.renew(email: "bob@example.com"), "99")
        let behind = try await faults(wrong)
        #expect(behind.count == 1 && behind[0].hasPrefix("bob@example.com is at revision "), "\(behind)")
        wrong = told
        try wrong.note(.signUp(email: "ada@example.com"), dan)
        let other = try await faults(wrong)
        #expect(other.count == 1 && other[0].contains("ada"), "\(other)")
        wrong = told
        try wrong.note(.pay(email: "cem@example.com", reference: "cem-1", periods: 1), "pay_0000000000000")
        #expect(try await faults(wrong) == ["of 8 acknowledged 1 are gone, among them paid(\"cem-1\")"])
    }

    @Test func whatWasAnsweredIsThereOnce() async throws {
        let site = try await site()
        let services = try await site.place.services(site.clock.wallClock)
        var told = AnsweredRows()
        for (name, periods) in [("bob", 3), ("dan", 2)] {
            let call = ClientCall.pay(email: name + "@example.com", reference: name + "-1", periods: periods)
            let payment = try await call.ask(services)
            told.note(.paid(payment: payment, settledPeriods: periods, wasKnown: false))
            told.note(.paid(payment: payment, settledPeriods: periods, wasKnown: true))
        }
        let visitor = try await services.access.open(
            reader: ReaderReference(parsing: "visitor:nobody-knows-who-1"),
            article: ArticleReference(parsing: "metered/article-1"))
        let read = try #require(visitor.read).id.description
        let before = told
        told.note(.opened(read: read, spent: 0, isRetry: false))
        told.note(.opened(read: read, spent: 1, isRetry: true))
        func faults(_ told: AnsweredRows) async throws -> [String] {
            try await site.place.engine().read { try told.faults($0) }
        }
        #expect(try await faults(told) == [])
        #expect(try await faults(before) == ["0 openings were answered, and others are there, 1"])
        told.note(.paid(payment: "pay_0000000000000", settledPeriods: 1, wasKnown: false))
        #expect(try await faults(told) == ["3 payments were answered, and others are there, 2"])
    }
}

extension WholeDatabaseTests {
    /// A place of a test's own, gone when the test is.
    private final class Site: Sendable {
        let place: TrialPlace
        let clock = ManualClock()
        private let directory: TemporaryDirectory

        init() throws {
            let directory = try TemporaryDirectory()
            self.directory = directory
            place = TrialPlace(folder: directory.path, address: directory.path + "/trial.db")
        }

        var whole: WholeDatabase { WholeDatabase(location: place.location(), clock: clock.wallClock) }
    }
}
