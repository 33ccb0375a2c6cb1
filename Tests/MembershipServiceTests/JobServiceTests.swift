import Membership
@testable import MembershipService
import MembershipStore
import Synchronization
import Testing
import TestSupport

struct JobServiceTests {
    private func signUp(_ count: Int, _ database: TestDatabase, prefix: String = "r") async throws {
        for number in 0..<count {
            _ = try await database.services.accounts.signUp(
                email: EmailAddress(parsing: "\(prefix)\(number)@example.com"))
        }
    }

    @Test func eachTrialEndsOnceWithOneEventAndOneMessage() async throws {
        let database = try await TestDatabase.sandbox()
        try await signUp(5, database)
        _ = try await database.services.clock.advance(by: .days(14))
        #expect(try await database.services.jobs.run("trial-expiry").processed == 5)
        #expect(try await database.services.jobs.run("trial-expiry").processed == 0)
        let store = try await database.store()
        for account in try await database.services.accounts.list(limit: PageLimit(10)).accounts {
            let (events, messages) = try await store.read { tx in
                (try tx.events(of: account.account.id), try tx.messages(to: account.account.id))
            }
            #expect(events.map(\.kind) == [.accountCreated, .trialStarted, .trialEnded])
            #expect(events.map(\.sequence) == [1, 2, 3])
            #expect(messages == [.welcome, .trialEnded])
            #expect(account.subscriptions.map(\.status) == [.expired])
            #expect(account.subscriptions.map(\.endedAt) == [TestDatabase.start + .days(14)])
        }
    }

    @Test func aTurnThatHasComeMeanwhileIsTakenAtOnce() async throws {
        let clock = ManualClock(at: TestDatabase.start + TimeSpan(milliseconds: 30_000))
        let database = try await TestDatabase.live(clock: clock.wallClock)
        let jobs = database.services.jobs
        #expect(try await jobs.untilNextTurn() == TimeSpan(milliseconds: 0))
        let first = try await jobs.runDue()
        #expect(first.count == 5)
        #expect(try await jobs.untilNextTurn(after: first) == TimeSpan(milliseconds: 30_000))
        // As if they had taken until the next minute.
        clock.set(TestDatabase.start + TimeSpan(milliseconds: 61_000))
        #expect(try await jobs.untilNextTurn(after: first) == TimeSpan(milliseconds: 0))
        #expect(try await jobs.runDue().map(\.job) == ["trial-expiry", "renewal", "outbox-delivery"])
        #expect(try await jobs.untilNextTurn() == TimeSpan(milliseconds: 59_000))
        clock.set(TestDatabase.start + TimeSpan(milliseconds: 119_999))
        #expect(try await jobs.untilNextTurn() == TimeSpan(milliseconds: 100))
    }

    @Test func aJobThatCouldNotRunWaitsForTheTurnAfter() async throws {
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        let jobs = database.services.jobs
        _ = try await jobs.runDue()
        clock.set(TestDatabase.start + .minutes(1))
        _ = try await database.store(clock.wallClock).write { tx in
            try tx.beginJobRun(of: "renewal", runner: "elsewhere:1", until: tx.now + .minutes(2))
        }
        let outcomes = try await jobs.runDue()
        guard case .skipped("renewal", _) = try #require(outcomes.first { $0.job == "renewal" }) else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(try await jobs.untilNextTurn(after: outcomes) == .minutes(1))
    }

    @Test func inASandboxAJobRunsAgainOnlyWhereItWouldDoSomething() async throws {
        let database = try await TestDatabase.sandbox()
        try await signUp(2, database)
        #expect(try await database.services.jobs.runDue().count == 5)
        // There are messages, and nothing says where they go.
        #expect(try await database.services.jobs.list().last?.dueCount == 2)
        #expect(try await database.services.jobs.runDue().isEmpty)
    }

    @Test func noJobRunsOnTablesThatAnotherVersionHasChanged() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.engine().write { sql in
            try sql.runScript(
                "INSERT INTO schema_migrations SELECT version + 1, 'm9999_later', checksum, applied_at "
                    + "FROM schema_migrations ORDER BY version DESC LIMIT 1")
        }
        let error = await #expect(throws: MembershipError.self) { try await database.services.jobs.run("renewal") }
        #expect(error?.code == .databaseNewer)
    }

    @Test(.enabled(if: !TestEngine.isSQLite))
    func statementsThatNoLongerFitAreMadeAnew() async throws {
        let database = try await TestDatabase.sandbox()
        let jobs = database.services.jobs
        for _ in 0..<3 { _ = try await jobs.runDue() }
        let before = try await jobs.history(limit: PageLimit(100))
        try await database.engine().upgrade { sql in
            try sql.runScript("ALTER TABLE job_runs ALTER processed TYPE INTEGER")
        }
        #expect(try await jobs.history(limit: PageLimit(100)) == before)
        #expect(try await jobs.run("renewal").processed == 0)
    }

    @Test func aRunWhoseTaskIsCancelledIsRecordedAsStoppedAndLeavesTheRest() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(4000)
        _ = try await database.services.clock.advance(by: .days(14))
        let jobs = database.services.jobs
        let asked = Locked(0)
        let run = Task {
            try await jobs.run("trial-expiry") {
                // Behind the first batch, while the next one is put together.
                let count = asked.withLock { count in
                    count += 1
                    return count
                }
                if count == 2 { withUnsafeCurrentTask { $0?.cancel() } }
                return false
            }
        }
        let result = await run.result
        let record = try #require(try await jobs.history(limit: PageLimit(1)).first)
        if TestEngine.isSQLite {
            guard case .failure(let error) = result else {
                Issue.record("\(result)")
                return
            }
            #expect(error is CancellationError, "\(error)")
            #expect(record.error == "stopped: whoever ran it gave it up" && record.processed < 4000)
        }
        #expect(try await jobs.run("trial-expiry").processed == 4000 - record.processed)
    }

    /// Runs the job from many processes' worth of services until all have had a turn without being told to wait.
    private func runAtOnce(_ workers: Int, _ database: TestDatabase) async throws -> (processed: [Int], refused: Int) {
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<workers {
                group.addTask {
                    do {
                        return try await Services.open(database.location).jobs.run("trial-expiry").processed
                    } catch let error as MembershipError where error.code == .jobRunning {
                        return nil
                    }
                }
            }
            return try await group.reduce(into: ([], 0)) { result, processed in
                if let processed { result.0.append(processed) } else { result.1 += 1 }
            }
        }
    }

    @Test(arguments: [2, 8]) func ofRunsAtOnceOneDoesTheWorkAndTheOthersAreToldSo(workers: Int) async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(4000)
        _ = try await database.services.clock.advance(by: .days(14))
        let (processed, refused) = try await runAtOnce(workers, database)
        // A worker that comes when the first is done finds nothing left.
        #expect(processed.reduce(0, +) == 4000)
        #expect(processed.filter { $0 > 0 } == [4000])
        #expect(processed.count + refused == workers)
        #expect(try await database.store().read { try $0.eventCount(.trialEnded) } == 4000)
        #expect(try await database.store().read { try $0.dueSubscriptionCount(trials: true, at: $0.now) } == 0)
        #expect(try await database.services.jobs.history(limit: PageLimit(20)).allSatisfy { $0.state == .done })
        #expect(try await database.store().read { try $0.jobLeases() }.isEmpty)
    }

    /// The lease is one line of defence; that a row is claimed by one transaction is the other.
    @Test func batchesAtOnceWithoutALeaseEndEachTrialOnce() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(2000)
        _ = try await database.services.clock.advance(by: .days(14))
        let processed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let store = try await database.store()
                    var all = 0
                    while true {
                        let done = try await store.claim { try TrialExpiryJob().runBatch($0, asOf: $0.now, limit: 150) }
                        all += done
                        if done == 0 { return all }
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(processed == 2000)
        #expect(try await database.store().read { try $0.eventCount(.trialEnded) } == 2000)
    }

    @Test func aTrialEndsInTheJobNoSoonerThanByTheClock() async throws {
        let database = try await TestDatabase.sandbox()
        try await signUp(1, database)
        let end = TestDatabase.start + .days(14)
        _ = try await database.services.clock.set(to: Timestamp(milliseconds: end.milliseconds - 1))
        #expect(try await database.services.jobs.run("trial-expiry").processed == 0)
        _ = try await database.services.clock.set(to: end)
        #expect(try await database.services.jobs.run("trial-expiry").processed == 1)
    }

    @Test func aLimitLeavesTheRestForTheNextRunLongestOverdueFirst() async throws {
        let database = try await TestDatabase.sandbox()
        try await signUp(3, database, prefix: "early")
        _ = try await database.services.clock.advance(by: .days(1))
        try await signUp(3, database, prefix: "late")
        _ = try await database.services.clock.advance(by: .days(30))
        let due = try await database.services.jobs.preview("trial-expiry", limit: JobLimit(4))
        #expect(due.count == 4)
        #expect(due.items.map(\.dueAt) == [14, 14, 14, 15].map { TestDatabase.start + .days($0) })
        #expect(try await database.services.jobs.run("trial-expiry", limit: JobLimit(4)).processed == 4)
        #expect(try await database.services.jobs.list().first?.dueCount == 2)
        #expect(try await database.services.jobs.run("trial-expiry").processed == 2)
    }

    @Test func aPreviewChangesNothing() async throws {
        let database = try await TestDatabase.sandbox()
        try await signUp(2, database)
        _ = try await database.services.clock.advance(by: .days(14))
        #expect(try await database.services.jobs.preview("trial-expiry").items.count == 2)
        #expect(try await database.services.jobs.list().first?.dueCount == 2)
        #expect(try await database.services.jobs.history(limit: PageLimit(10)).isEmpty)
    }

    @Test func everyRunIsRecordedNewestFirst() async throws {
        let database = try await TestDatabase.sandbox()
        try await signUp(2, database)
        _ = try await database.services.jobs.run("trial-expiry")
        _ = try await database.services.clock.advance(by: .days(14))
        _ = try await database.services.jobs.run("trial-expiry")
        let history = try await database.services.jobs.history(limit: PageLimit(10))
        #expect(history.map(\.processed) == [2, 0])
        #expect(history.map(\.asOf) == [TestDatabase.start + .days(14), TestDatabase.start])
        #expect(history.allSatisfy { $0.error == nil && ($0.durationMilliseconds ?? -1) >= 0 })
    }

    @Test func anUnknownJobIsRefusedNamingThoseThereAre() async throws {
        let database = try await TestDatabase.sandbox()
        let error = await #expect(throws: MembershipError.self) { try await database.services.jobs.run("renew") }
        #expect(error?.code == .unknownJob)
        #expect(error?.remedy?.contains("trial-expiry") == true)
    }

    @Test func aRunThatFailsWithEverybodyIsRecordedWithItsErrorAndNothingHalfDone() async throws {
        let database = try await TestDatabase.sandbox()
        try await signUp(25, database)
        _ = try await database.services.clock.advance(by: .days(14))
        let store = try await database.store()
        try await store.engine.write { try $0.runScript("ALTER TABLE outbox RENAME COLUMN created_at TO made_at") }
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.jobs.run("trial-expiry")
        }
        #expect(error?.message.contains("created_at") == true)
        #expect(try await store.read { try $0.eventCount(.trialEnded) } == 0)
        let run = try await database.services.jobs.history(limit: PageLimit(1)).first
        #expect(run?.error == error?.message)
        // After so many it is not the accounts' fault, and the others are left in peace.
        #expect(run?.failed == 20 && run?.state == .failed)
        try await store.engine.write { try $0.runScript("ALTER TABLE outbox RENAME COLUMN made_at TO created_at") }
        #expect(try await database.services.jobs.run("trial-expiry").processed == 5)
        _ = try await database.services.clock.advance(by: .minutes(1))
        #expect(try await database.services.jobs.run("trial-expiry").processed == 20)
        #expect(try await store.read { try $0.jobFailureCount() } == 0)
    }
}
