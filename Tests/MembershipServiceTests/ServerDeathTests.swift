import Foundation
import Membership
@testable import MembershipService
import MembershipStore
import Synchronization
import Testing
import TestSupport

/// Kills the server on purpose, so that it has one of its own: `Scripts/postgres --restarting` with
/// `FORTNIGHT_SERVER_MAY_DIE=1`, as Scripts/test runs it.
@Suite(
    .serialized,
    .enabled(
        if: !TestEngine.isSQLite && ProcessInfo.processInfo.environment["FORTNIGHT_SERVER_MAY_DIE"] != nil))
struct ServerDeathTests {
    private struct Server {
        let data: String

        init() throws {
            data = try #require(ProcessInfo.processInfo.environment["FORTNIGHT_POSTGRES_DATA"])
        }

        /// kill -9, as the kernel does it when memory runs out. The script starts it again.
        func kill() throws {
            let lines = try String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8).split(separator: "\n")
            let process = try #require(lines.first.flatMap { pid_t($0) })
            try #require(Foundation.kill(process, SIGKILL) == 0)
        }
    }

    /// Calls the body when a number is reached, once.
    private final class Trigger: Sendable {
        private let left: Locked<Int>
        private let body: @Sendable () -> Void

        init(at count: Int, _ body: @escaping @Sendable () -> Void) {
            left = Locked(count)
            self.body = body
        }

        func step() {
            let isReached = left.withLock { left in
                left -= 1
                return left == 0
            }
            if isReached { body() }
        }
    }

    /// Asks until the server answers again, by a new connection: one that is there may lead to what is left of the
    /// server that was killed, and break a moment later. No other server begins while any of it is left.
    private func waitForServer(_ database: TestDatabase) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            // Whoever has been connected waits for the server; a first connection does not.
            _ = try? await database.services.clock.read()
            if (try? await database.store().read(\.now)) != nil { return }
        }
        Issue.record("the server does not come back")
    }

    @Test func whatWasAcknowledgedIsThereAndNothingTwiceAfterTwentyDeaths() async throws {
        let server = try Server()
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        let accounts = database.services.accounts
        var acknowledged: Set<String> = []
        let kills = Locked(0)
        for round in 0..<20 {
            clock.set(TestDatabase.start + .days(15 * round))
            let trigger = Trigger(at: .random(in: 1...30)) {
                if (try? server.kill()) != nil { kills.withLock { $0 += 1 } }
            }
            let names = (0..<40).map { "round\(round)reader\($0)@example.com" }
            async let expiry: Void = {
                // What the rounds before have left comes due now; a run that fails has done what it has done.
                for _ in 0..<3 { _ = try? await database.services.jobs.run("trial-expiry", limit: JobLimit(7)) }
            }()
            let done = try await withThrowingTaskGroup(of: [String].self) { group in
                for caller in 0..<4 {
                    group.addTask {
                        var done: [String] = []
                        for name in names where name.hashValue & 3 == caller {
                            if (try? await accounts.signUp(email: EmailAddress(parsing: name))) != nil {
                                done.append(name)
                            }
                            trigger.step()
                        }
                        return done
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            await expiry
            acknowledged.formUnion(done)
            try await waitForServer(database)
        }
        #expect(kills.withLock { $0 } == 20)
        // A run whose server died could not give its lease back; by now its time is over.
        clock.set(TestDatabase.start + .days(1000))
        _ = try await database.services.jobs.run("trial-expiry")
        try await verify(database, acknowledged)
    }

    /// Everything acknowledged is there, nothing twice, nothing half.
    private func verify(_ database: TestDatabase, _ acknowledged: Set<String>) async throws {
        var emails: [String] = []
        var cursor: Cursor<Account>?
        repeat {
            let page = try await database.services.accounts.list(after: cursor, limit: PageLimit(500))
            emails += page.accounts.map(\.account.email)
            for overview in page.accounts {
                let id = overview.account.id
                let (events, messages) = try await database.store().read { tx in
                    (try tx.events(of: id).map(\.kind), try tx.messages(to: id))
                }
                #expect(events == [.accountCreated, .trialStarted, .trialEnded])
                #expect(messages == [.welcome, .trialEnded])
                #expect(overview.subscriptions.map(\.status) == [.expired])
            }
            cursor = page.next
        } while cursor != nil
        #expect(acknowledged.count > 200)
        #expect(Set(emails).count == emails.count)
        #expect(acknowledged.isSubset(of: emails))
        #expect(try await Doctor(database.location).examine().filter { !$0.isSound && $0.subject != "clock" }.isEmpty)
    }

    @Test func aServerKilledInTheMiddleOfABatchEndsEachTrialOnce() async throws {
        let server = try Server()
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(3000)
        _ = try await database.services.clock.advance(by: .days(14))
        // In the first batch, after its rows are written and before it is committed.
        let engine = try database.engine()
        let hasStruck = Locked(false)
        let wasKilled = Locked(false)
        let store = try await Store.open(engine, clock: .system)
        let processed = try? await store.claim { tx in
            let count = try TrialExpiryJob().runBatch(tx, asOf: tx.now, limit: 1000)
            let isFirst = hasStruck.withLock { struck in
                defer { struck = true }
                return !struck
            }
            if isFirst { try server.kill() }
            wasKilled.withLock { $0 = true }
            return count
        }
        #expect(wasKilled.withLock { $0 })
        try await waitForServer(database)
        // A call that comes after another has found the server gone waits for it just the same.
        _ = try await database.services.jobs.run("trial-expiry")
        let (ended, due) = try await database.store().read { tx in
            (try tx.eventCount(.trialEnded), try tx.dueSubscriptionCount(trials: true, at: tx.now))
        }
        #expect(ended == 3000)
        #expect(due == 0)
        #expect(processed == nil || processed == 1000)
    }
}
