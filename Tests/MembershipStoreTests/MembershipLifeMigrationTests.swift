import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

/// What was in a database of the main job is in one of schema version 2.
struct MembershipLifeMigrationTests {
    private let start = TestDatabase.start.milliseconds
    private let trialEnd = (TestDatabase.start + .days(14)).milliseconds

    /// A database at schema version 1 with one reader on trial and one whose trial has ended.
    private func old() async throws -> OldDatabase {
        let (start, trialEnd) = (start, trialEnd)
        return try await OldDatabase(version: 1) { sql in
            let rows = [
                "INSERT INTO deployment (deployment_id, sandbox_now, key_fingerprint, created_at) "
                    + "VALUES (1, \(trialEnd), 'none', \(start))",
                "INSERT INTO plan_versions (plan, version, trial_days, price_minor, currency, created_at) "
                    + "VALUES ('membership', 1, 14, 999, 'EUR', \(start))",
                "INSERT INTO plan_entitlements (plan, version, entitlement) VALUES ('membership', 1, 'all-titles')",
            ]
            for row in rows { try sql.run(row, []) }
            for (id, status, ended) in [(1, "trialing", "NULL"), (2, "expired", "\(trialEnd)")] {
                let statements = [
                    "INSERT INTO accounts (account_id, email, name, time_zone, created_at) "
                        + "VALUES (\(id), 'r\(id)@example.com', NULL, 'Europe/Berlin', \(start))",
                    "INSERT INTO account_emails (canonical_email, account_id) VALUES ('r\(id)@example.com', \(id))",
                    "INSERT INTO subscriptions (account_id, subscription_id, plan, plan_version, status, trial_start, "
                        + "trial_end, ended_at, created_at) "
                        + "VALUES (\(id), 7, 'membership', 1, '\(status)', \(start), \(trialEnd), \(ended), \(start))",
                    "INSERT INTO grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at, "
                        + "recorded_at) "
                        + "VALUES (\(id), 9, 'all-titles', 'trial', 7, \(start), \(trialEnd), \(start))",
                    "INSERT INTO events (account_id, sequence, kind, recorded_at) "
                        + "VALUES (\(id), 1, 'account.created', \(start))",
                    "INSERT INTO events (account_id, sequence, kind, subscription_id, reason, recorded_at) "
                        + "VALUES (\(id), 2, 'trial.started', 7, 'because', \(start))",
                    "INSERT INTO outbox (account_id, event_sequence, message, created_at, delivered_at) "
                        + "VALUES (\(id), 1, 'welcome', \(start), \(id == 1 ? "NULL" : "\(start)"))",
                ]
                for statement in statements { try sql.run(statement, []) }
            }
            try sql.run(
                "INSERT INTO job_runs (run_id, job, as_of, duration_ms, processed) VALUES (1, 'trial-expiry', 0, 5, 1)",
                [])
        }
    }

    @Test func everythingIsStillThereAndEventsAreChained() async throws {
        let old = try await old()
        let taken = try await DatabaseSetup(old.location).migrate(dryRun: false).migrations
        #expect(taken.first == "m0002_membership_life")
        let store = try await Store.open(old.engine, clock: .system)
        try await store.read { tx in
            for id in [1, 2] as [Int64] {
                let account = try tx.account(.id(.init(rawValue: id)))
                #expect(account.email == "r\(id)@example.com")
                #expect(account.language == .english)
                #expect(try tx.chainFault(of: account.id) == nil)
                #expect(try tx.events(of: account.id).map(\.kind) == [.accountCreated, .trialStarted])
                #expect(try tx.events(of: account.id).last?.reason == "because")
                #expect(try tx.grants(of: account.id).map(\.interval.endsAt?.milliseconds) == [trialEnd])
                #expect(try tx.messages(to: account.id) == [.welcome])
                let found = try tx.subscriptions(of: account.id).first
                let subscription = try #require(found)
                #expect(subscription.status == (id == 1 ? .trialing : .expired))
                #expect(subscription.zone.name == "Europe/Berlin")
                #expect(subscription.advanced(to: tx.now).status == .expired)
            }
            let published = try tx.publishedVersion(ofPlan: Slug(parsing: "membership"))
            let version = try #require(published)
            #expect(version.terms.prices.map(\.description) == ["9.99 EUR"])
            #expect(version.terms.interval == .month)
            #expect(version.terms.trialDays == 14)
            #expect(try tx.jobRuns(of: nil, limit: 10).map(\.job) == ["trial-expiry"])
            #expect(try tx.dueSubscriptionCount(trials: true, at: tx.now) == 1)
        }
    }

    @Test func whatComesNextContinuesTheChain() async throws {
        let old = try await old()
        _ = try await DatabaseSetup(old.location).migrate(dryRun: false)
        let services = try await Services.open(old.location)
        _ = try await services.jobs.run("trial-expiry")
        let store = try await Store.open(old.engine, clock: .system)
        let (kinds, fault) = try await store.read { tx in
            let id = Identifier<Account>(rawValue: 1)
            return (try tx.events(of: id).map(\.kind), try tx.chainFault(of: id))
        }
        #expect(kinds == [.accountCreated, .trialStarted, .trialEnded])
        #expect(fault == nil)
    }
}
