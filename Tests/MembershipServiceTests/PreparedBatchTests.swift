import Foundation
import GRDB
import Membership
@testable import MembershipService
import MembershipStore
import Synchronization
import Testing
import TestSupport

/// What jobs put together before they write it.
struct PreparedBatchTests {
    private func reference(_ number: Int) throws -> AccountReference {
        .email(try EmailAddress(parsing: "r\(number)@example.com"))
    }

    private func run(_ job: String, _ database: TestDatabase) async throws -> RunningJob {
        let store = try await database.store().acting(as: .job(job))
        let begun = try await store.write { tx in
            try tx.beginJobRun(of: job, runner: JobRunner.current.name, until: tx.now + .minutes(2))
        }
        return RunningJob(begun, store: store, limit: nil, stopping: { false })
    }

    /// Trials that have ended, and a run that is to write that down.
    private func due(_ count: Int) async throws -> (TestDatabase, RunningJob) {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(count)
        _ = try await database.services.clock.advance(by: .days(14))
        return (database, try await run("trial-expiry", database))
    }

    // MARK: - The same as without

    /// Readers in trials and subscriptions of every kind, on the day on which much is over.
    private func fill(_ services: Services) async throws {
        let price = try Money(parsing: "9.99", currency: Currency(parsing: "EUR"))
        for number in 0..<40 {
            let email = try EmailAddress(parsing: "r\(number)@example.com")
            _ = try await services.accounts.signUp(email: email, wantsTrial: number % 2 == 0)
            let reader = try reference(number)
            if number % 2 == 1 {
                let periods = 1 + number % 3
                let paid = Money(amountMinor: price.amountMinor * Int64(periods), currency: price.currency)
                _ = try await services.subscriptions.start(
                    reader, plan: Slug(stored: "membership"),
                    payment: NewPayment(amount: paid, reference: "p\(number)", periods: periods))
            }
            switch number {
            case 2, 3: _ = try await services.subscriptions.cancel(reader, now: false, .init())
            case 4: _ = try await services.trials.convert(reader, now: false, .init())
            case 6: _ = try await services.trials.extend(reader, byDays: 1, .init())
            case 7: _ = try await services.subscriptions.pause(reader, until: TestDatabase.start + .days(20), .init())
            case 8, 9:
                _ = try await services.grants.add(
                    reader,
                    .init(
                        entitlement: Entitlement(stored: "premium"), source: .gift, from: nil, until: nil,
                        reason: "A gift."))
            default: break
            }
        }
    }

    private static let tables = ["subscriptions", "grants", "events", "event_heads", "outbox"]

    /// What the jobs have written. A grant's identifier is a random number.
    private func written(_ location: DatabaseLocation) async throws -> [String: Set<String>] {
        try await DatabaseContents.of(location).filter { PreparedBatchTests.tables.contains($0.key) }.mapValues {
            rows in
            Set(rows.map { $0.replacing(#/grant_id: [^,]*, /#, with: "") })
        }
    }

    private func endAll(of job: some SubscriptionJob, _ database: TestDatabase) async throws -> Int {
        try await database.store().acting(as: .job(type(of: job).name)).claim { tx in
            try job.runBatch(tx, asOf: tx.now, limit: 1000)
        }
    }

    @Test(.enabled(if: TestEngine.isSQLite), arguments: [9, 13, 14, 21, 31, 45, 100])
    func aRunThatPreparesItsBatchesWritesWhatATransactionAloneWouldHaveWritten(day: Int) async throws {
        let database = try await TestDatabase.sandbox()
        try await database.engine().write { sql in
            try sql.runScript(
                "INSERT INTO plan_prices (plan, version, currency, amount_minor) VALUES ('membership', 1, 'EUR', 999)")
        }
        try await fill(database.services)
        _ = try await database.services.clock.advance(by: .days(day))
        let directory = try TemporaryDirectory()
        let path = directory.path + "/other.db"
        _ = try SQLiteBackup(of: database.address, lockWait: TestEngine.wait).make(at: path)
        try FileManager.default.copyItem(atPath: database.address + ".key", toPath: path + ".key")
        let other = try await TestDatabase.open(path, directory)
        #expect(try await written(other.location) == written(database.location))

        let jobs = database.services.jobs
        let processed = [
            try await jobs.run("trial-expiry").processed, try await jobs.run("renewal").processed,
            try await jobs.run("trial-reminder").processed,
        ]
        let alone = [
            try await endAll(of: TrialExpiryJob(), other), try await endAll(of: RenewalJob(), other),
            try await endAll(of: TrialReminderJob(days: Services.Options().trialReminderDays), other),
        ]
        #expect(processed == alone)
        #expect(processed.reduce(0, +) > 0 || day == 9)
        let (here, there) = (try await written(database.location), try await written(other.location))
        for table in PreparedBatchTests.tables { #expect(here[table] == there[table], "\(table)") }
    }

    // MARK: - Overtaken

    @Test func whatHasHappenedToAnAccountMeanwhileKeepsItsBatchFromBeingWritten() async throws {
        let (database, run) = try await due(20)
        let job = TrialExpiryJob()
        let batch = try #require(try await job.prepare(run, after: .beforeAll, limit: 20))
        #expect(batch.subscriptions.count == 20)
        _ = try await database.services.accounts.suspend(reference(7), reason: "Asked for it.")
        await #expect(throws: (any Error).self) {
            try await run.batch { tx, tally in tally.processed += try job.write(batch, tx, asOf: run.asOf) }
        }
        #expect(run.tally.processed == 0)
        let store = try await database.store()
        #expect(try await store.read { try $0.eventCount(.trialEnded) } == 0)
        #expect(try await store.read { try $0.dueSubscriptionCount(trials: true, at: $0.now) } == 20)
        // Nothing was lost: what was to be done is done by whoever comes next.
        #expect(try await job.run(run) == nil)
        #expect(run.tally.processed == 20)
        #expect(try await store.read { try $0.eventCount(.trialEnded) } == 20)
        #expect(try await Doctor(database.location).examine().allSatisfy { $0.isSound || $0.subject == "job runs" })
    }

    /// What waits for a batch to begin does not wait for ever when it never does.
    @Test func aRunWithoutItsLeaseEndsThoughTheNextBatchWaitsForTheOneThatIsNotWritten() async throws {
        let (database, run) = try await due(3)
        _ = try await self.run("trial-expiry", database)
        let error = await #expect(throws: MembershipError.self) { _ = try await TrialExpiryJob().run(run) }
        #expect(error?.code == .jobRunning)
        #expect(run.tally.processed == 0)
        #expect(try await database.store().read { try $0.eventCount(.trialEnded) } == 0)
    }

    @Test func aBatchIsWrittenOnce() async throws {
        let (database, run) = try await due(3)
        let job = TrialExpiryJob()
        let batch = try #require(try await job.prepare(run, after: .beforeAll, limit: 2))
        for _ in 0..<2 {
            _ = try? await run.batch { tx, tally in tally.processed += try job.write(batch, tx, asOf: run.asOf) }
        }
        #expect(run.tally.processed == 2)
        let rest = try #require(try await job.prepare(run, after: batch.last, limit: 10))
        #expect(rest.subscriptions.count == 1)
        #expect(Set(rest.subscriptions).isDisjoint(with: batch.subscriptions))
        #expect(try await job.prepare(run, after: rest.last, limit: 10) == nil)
        #expect(try await database.store().read { try $0.eventCount(.trialEnded) } == 2)
    }

    /// Somebody else writes down what was due before the third batch is written; and nobody does.
    @Test(.enabled(if: TestEngine.isSQLite), arguments: [true, false])
    func oneBatchThatWasOvertakenLeavesTheNextOnesAsTheyWere(isOvertaken: Bool) async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(3000)
        _ = try await database.services.clock.advance(by: .days(14))
        let job = WatchedExpiryJob(path: isOvertaken ? database.address : nil)
        let run = try await run("trial-expiry", database)
        #expect(try await job.run(run) == nil)
        #expect(run.tally.processed == (isOvertaken ? 2999 : 3000))
        let store = try await database.store()
        #expect(try await store.read { try $0.dueSubscriptionCount(trials: true, at: $0.now) } == 0)
        // The last one finds that nothing is left.
        #expect(job.alone.value == (isOvertaken ? 2 : 1))
        #expect(job.ahead.value > 3)
    }

    /// Decided before it ended, a reminder of a trial that is over would be recorded.
    @Test func aReminderIsNotWrittenOnceTheTrialIsOver() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(3)
        _ = try await database.services.clock.advance(by: .days(13))
        let job = TrialReminderJob(days: 3)
        let run = try await run("trial-reminder", database)
        let batch = try #require(try await job.prepare(run, after: .beforeAll, limit: 10))
        #expect(batch.subscriptions.count == 3)
        _ = try await database.services.clock.advance(by: .days(1))
        await #expect(throws: (any Error).self) {
            try await run.batch { tx, tally in tally.processed += try job.write(batch, tx, asOf: run.asOf) }
        }
        #expect(try await job.run(run) == nil)
        #expect(run.tally.processed == 0)
        #expect(try await database.store().read { try $0.eventCount(.trialEnding) } == 0)
    }

    /// As when somebody has changed a row by hand: what the state promises is put right, from the moment it is
    /// recorded.
    @Test func aBatchThatVoidsAGrantIsPutTogetherWhenItIsWritten() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(3)
        let store = try await database.store()
        let account = try await store.write { tx in
            let account = try tx.account(reference(1)).id
            let promise = PromisedAccess(
                entitlement: Entitlement(stored: "premium"), source: .trial,
                interval: Interval(from: tx.now, until: tx.now + .days(30)))
            _ = try tx.insertGrant(
                to: account, promise, subscription: tx.openSubscription(of: account).map(\.id))
            return account
        }
        _ = try await database.services.clock.advance(by: .days(14))
        let job = TrialExpiryJob()
        let run = try await run("trial-expiry", database)
        #expect(try await job.prepare(run, after: .beforeAll, limit: 10)?.changesGrants == true)
        #expect(try await job.run(run) == nil)
        #expect(run.tally.processed == 3)
        let now = try await store.read { $0.now }
        let grants = try await store.read { try $0.allGrants(of: account) }
        #expect(grants.map(\.voidedAt) == [now, nil])
        #expect(grants.map(\.interval.endsAt) == [TestDatabase.start + .days(30), now])
    }

    @Test func readersWhoAreSuspendedWhileTheJobRunsHaveBothWrittenOnce() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(1500)
        _ = try await database.services.clock.advance(by: .days(14))
        async let report = database.services.jobs.run("trial-expiry")
        for number in stride(from: 1499, to: 0, by: -50) {
            _ = try await database.services.accounts.suspend(reference(number), reason: "Asked for it.")
        }
        #expect(try await report.processed == 1500)
        let store = try await database.store()
        #expect(try await store.read { try $0.eventCount(.trialEnded) } == 1500)
        #expect(try await store.read { try $0.eventCount(.accountSuspended) } == 30)
        #expect(try await store.read { try $0.dueSubscriptionCount(trials: true, at: $0.now) } == 0)
        #expect(try await Doctor(database.location).examine().allSatisfy(\.isSound))
    }
}

/// The expiry of trials, counting how batches are put together. With a path it ends one of the third batch by itself,
/// as another process would, when that batch has been put together.
private struct WatchedExpiryJob: DueSubscriptionsJob {
    static let name = "trial-expiry"
    static let areTrials = true

    let path: String?
    let ahead = Count()
    let alone = Count()

    /// Atomics cannot be copied with the job.
    final class Count: Sendable {
        private let count = Atomic(0)

        var value: Int { count.load(ordering: .relaxed) }
        func add() -> Int { count.add(1, ordering: .relaxed).newValue }
    }

    func changes(of subscriptions: [Subscription], _ tx: ReadTransaction, asOf: Timestamp) throws -> LifeChanges {
        let changes = try TrialExpiryJob().changes(of: subscriptions, tx, asOf: asOf)
        if tx is WriteTransaction {
            _ = alone.add()
        } else if ahead.add() == 3, let path, let first = subscriptions.first {
            try end(first.accountID, path)
        }
        return changes
    }

    private func end(_ account: Identifier<Account>, _ path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(60)
        try DatabaseQueue(path: path, configuration: configuration).write { database in
            try database.execute(
                sql: """
                    UPDATE subscriptions SET status = 'expired', due_at = NULL, ended_at = trial_end,
                        revision = revision + 1 WHERE account_id = ?
                    """, arguments: [account.rawValue])
            try database.execute(
                sql: "UPDATE event_heads SET sequence = sequence + 1 WHERE account_id = ?",
                arguments: [account.rawValue])
        }
    }
}
