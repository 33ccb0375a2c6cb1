import Membership
@testable import MembershipService
import MembershipStore
import Synchronization
import Testing
import TestSupport

/// One account that fails does not keep the others waiting.
struct FailingAccountTests {
    /// Ways in which somebody may have broken the rows of one account by hand.
    private static let damages = [
        // Nobody knows any more that there are events.
        "DELETE FROM event_heads WHERE account_id = ACCOUNT",
        // Due, by a column that nothing else agrees with.
        "UPDATE subscriptions SET trial_end = trial_end + 86400000 WHERE account_id = ACCOUNT",
        // The chain of events is shorter than it was: the next event has the number of one that is there.
        "UPDATE event_heads SET sequence = 0 WHERE account_id = ACCOUNT",
        // An anchor without its day.
        "UPDATE subscriptions SET anchor_at = 5 WHERE account_id = ACCOUNT",
    ]

    private func prepared(_ damage: String) async throws -> (TestDatabase, Identifier<Account>) {
        let database = try await TestDatabase.sandbox()
        var broken: Identifier<Account>?
        for number in 0..<5 {
            let email = try EmailAddress(parsing: "r\(number)@example.com")
            let account = try await database.services.accounts.signUp(email: email).account.id
            if number == 2 { broken = account }
        }
        let account = try #require(broken)
        try await database.engine().write { sql in
            try sql.runScript(damage.replacing("ACCOUNT", with: "\(account.rawValue)"))
        }
        _ = try await database.services.clock.advance(by: .days(14))
        return (database, account)
    }

    @Test(arguments: 1...6) func whoeverIsToldToStopForgetsNoFailure(call: Int) async throws {
        let (database, account) = try await prepared(FailingAccountTests.damages[0])
        #expect(try await database.services.jobs.run("trial-expiry").run.failed == 1)
        _ = try await database.services.clock.advance(by: .minutes(1))
        let asked = Locked(0)
        _ = try await database.services.jobs.run("trial-expiry") {
            asked.withLock { count in
                count += 1
                return count >= call
            }
        }
        let failures = try await database.store().read { try $0.jobFailures(limit: 10) }
        #expect(failures.map(\.account) == [account])
    }

    @Test func inASandboxAnAccountThatFailsIsNotTriedInCircles() async throws {
        let (database, _) = try await prepared(FailingAccountTests.damages[0])
        let jobs = database.services.jobs
        #expect(try await jobs.runDue().count == 5)
        #expect(try await jobs.runDue().isEmpty)
        _ = try await database.services.clock.advance(by: .minutes(1))
        #expect(try await jobs.runDue().contains { $0.job == "trial-expiry" })
    }

    @Test(arguments: damages) func theOthersAreDoneAndItIsTriedAgainLaterAndLater(damage: String) async throws {
        let (database, account) = try await prepared(damage)
        let jobs = database.services.jobs
        let run = try await jobs.run("trial-expiry").run
        #expect(run.processed == 4 && run.failed == 1 && run.state == .incomplete)
        let store = try await database.store()
        #expect(try await store.read { try $0.eventCount(.trialEnded) } == 4)
        var failure = try #require(try await store.read { try $0.jobFailures(limit: 10) }.first)
        let start = TestDatabase.start + .days(14)
        #expect(failure.account == account && failure.job == "trial-expiry" && failure.attempts == 1)
        #expect(failure.failedAt == start && failure.retryAt == start + .minutes(1))

        // Not before its time, and then after twice as long.
        #expect(try await jobs.run("trial-expiry").run.failed == 0)
        _ = try await database.services.clock.advance(by: .minutes(1))
        #expect(try await jobs.run("trial-expiry").run.failed == 1)
        failure = try #require(try await store.read { try $0.jobFailures(limit: 10) }.first)
        #expect(failure.attempts == 2 && failure.retryAt == start + .minutes(3))

        let finding = try await Doctor(database.location).examine().first { $0.subject == "failing accounts" }
        #expect(finding?.isSound == false)
        #expect(finding?.detail.contains("\(account)") == true)
        #expect(finding?.detail.contains(failure.error) == true)
        #expect(finding?.detail.contains("example.com") == false)
    }

    @Test func oneThatSucceedsIsForgotten() async throws {
        let (database, account) = try await prepared(FailingAccountTests.damages[1])
        #expect(try await database.services.jobs.run("trial-expiry").run.failed == 1)
        try await database.engine().write { sql in
            try sql.runScript(
                "UPDATE subscriptions SET trial_end = trial_end - 86400000 WHERE account_id = \(account.rawValue)")
        }
        _ = try await database.services.clock.advance(by: .minutes(1))
        #expect(try await database.services.jobs.run("trial-expiry").processed == 1)
        #expect(try await database.store().read { try $0.jobFailureCount() } == 0)
    }

    @Test func oneOfWhichNothingIsDueAnyMoreIsForgotten() async throws {
        let (database, account) = try await prepared(FailingAccountTests.damages[1])
        #expect(try await database.services.jobs.run("trial-expiry").run.failed == 1)
        try await database.engine().write { sql in
            try sql.runScript(
                "UPDATE subscriptions SET due_at = trial_end WHERE account_id = \(account.rawValue)")
        }
        _ = try await database.services.clock.advance(by: .minutes(1))
        #expect(try await database.services.jobs.run("trial-expiry").processed == 0)
        #expect(try await database.store().read { try $0.jobFailureCount() } == 0)
    }

    @Test func theWaitDoublesUpToADay() {
        let waits = (1...20).map { Backoff.failingAccount.wait(afterFailure: $0) }
        #expect(waits.prefix(4) == [.minutes(1), .minutes(2), .minutes(4), .minutes(8)])
        #expect(waits.last == .days(1))
        #expect(Backoff.mail.wait(afterFailure: 1_000_000) == .hours(6))
    }

    @Test func anErrorIsKeptWithoutAddresses() {
        #expect(
            "Key (ada@example.com) is there; membership@2 too".withoutAddresses == "Key … is there; membership@2 too")
        #expect(String(repeating: "x", count: 600).withoutAddresses.count == 500)
    }
}
