import Foundation
import Membership
import MembershipService
import Synchronization

/// Trials that have ended are recorded as ended by the job, beside the same writes in the same batches by plain SQL.
/// Ours and the reference take turns at those that are due, longest overdue first.
struct TrialExpiry {
    let size: BenchSize
    let directory: String

    func measure() async throws -> [Measurement] {
        let bench = try await SQLiteBench.make(
            "expiry",
            .init(accounts: size.expiry.of, over: size.expiry.due, isRecorded: false, articles: 0), in: directory)
        let services = bench.services
        // The process holds nothing of the reference's yet.
        let idle = try ProcessMemory.idle()
        // In a quarter of all, one run is as long as the four after it: what grew with its length would be seen.
        let stretches = [8, 32, 32, 32, 32].map { size.expiry.due / $0 }
        var watched: [LockWatch.Found] = []
        for stretch in stretches {
            watched.append(try await LockWatch.during(bench) { try await expire(stretch, services) })
        }
        let reference = try ReferenceExpiry(on: bench.reference(writes: true))
        let counter = try bench.reference(writes: false)
        // Half of them are ended in turns.
        let turn = size.expiry.due / 2 / (2 * size.rounds + 2)
        var rates: [(ours: Double, reference: Double)] = []
        var longestOfReference = Duration.zero
        for round in 0...size.rounds {
            var batches = 0
            let ours = try await timed(turn, counter, &batches) { try await expire(turn, services) }
            let batchSize = max(1, turn / max(1, batches))
            let theirs = try await timed(turn, counter, &batches) {
                longestOfReference = max(longestOfReference, try reference.expire(turn, batchSize: batchSize))
            }
            if round == 0 {
                try compare(counter)
            } else {
                rates.append((ours: ours, reference: theirs))
            }
        }
        let held = watched.map { run in
            (ours: run.longest / .milliseconds(1), reference: longestOfReference / .milliseconds(1))
        }
        var latencies: [(ours: Double, reference: Double)] = []
        var all: [Double] = []
        for stretch in stretches { latencies.append(try await signUpsMeanwhile(stretch, services, &all)) }
        func shown(_ time: Double) -> String { time.formatted(.number.precision(.significantDigits(3))) }
        print(
            "trial expiry: \(all.count) sign-ups meanwhile in \(stretches.count) runs, p99 of all "
                + "\(shown(TrialExpiry.p99(all))) ms, the slowest \(shown(all.max() ?? .nan)) ms")
        return [
            Measurement("trial expiry", unit: "/s", rounds: rates, atLeast: 0.8),
            Measurement("trial expiry: longest write lock", unit: "ms", rounds: held, eachAtMost: 50),
            Measurement(
                "trial expiry: memory, and idle", unit: "MB",
                rounds: watched.map { (ours: $0.mostMemory, reference: idle) },
                eachMoreByAtMost: 64),
            Measurement("sign-ups' p99 meanwhile, and alone", unit: "ms", rounds: latencies, eachAtMost: 100),
        ]
    }

    @concurrent
    private func expire(_ count: Int, _ services: Services) async throws {
        let report = try await services.jobs.run("trial-expiry", limit: JobLimit(count))
        guard report.processed == count, report.run.failed == 0 else {
            throw Failure("of \(count) trials \(report.processed) were ended, and \(report.run.failed) failed")
        }
    }

    // MARK: - Sign-ups meanwhile

    /// People come at their own pace, twenty milliseconds after one another, and wait from then on.
    private static let pace = Duration.milliseconds(20)

    private func signUpsMeanwhile(
        _ count: Int, _ services: Services, _ all: inout [Double]
    ) async throws -> (ours: Double, reference: Double) {
        let isOver = Atomic(false)
        async let expiry: Void = {
            defer { isOver.store(true, ordering: .relaxed) }
            try await expire(count, services)
        }()
        let during = try await latencies(services) { _ in !isOver.load(ordering: .relaxed) }
        try await expiry
        all += during
        let alone = try await latencies(services) { $0 < during.count }
        return (ours: TrialExpiry.p99(during), reference: TrialExpiry.p99(alone))
    }

    /// Milliseconds of one sign-up after the other, from when it should have begun.
    @concurrent
    private func latencies(_ services: Services, while goesOn: (Int) -> Bool) async throws -> [Double] {
        let clock = ContinuousClock()
        return try await withThrowingTaskGroup(of: Double.self) { group in
            var (count, next) = (0, clock.now)
            while goesOn(count) {
                try await clock.sleep(until: next)
                group.addTask { [next] in
                    try await SignUps.signUp(services)
                    return (clock.now - next) / .milliseconds(1)
                }
                count += 1
                next += TrialExpiry.pace
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private static func p99(_ latencies: [Double]) -> Double {
        let sorted = latencies.sorted()
        return sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
    }

    // MARK: - Whether both are the same

    /// How many are ended a second; each must have left one event and one message, and not be due any more.
    ///
    /// - Parameter batches: how many moments there were at which something was recorded.
    private func timed(
        _ count: Int, _ counter: ReferenceConnection, _ batches: inout Int, _ body: () async throws -> Void
    ) async throws -> Double {
        let due = """
            SELECT count(*) FROM subscriptions WHERE status = 'trialing' AND due_at <= ?1
            """
        let start = WallClock.system.now().milliseconds
        let before = try counter.count(due, [start])
        let elapsed = try await ContinuousClock().measure { try await body() }
        let events = try counter.count(
            "SELECT count(*) FROM events WHERE recorded_at >= ?1 AND kind = 'trial.ended'", [start])
        let messages = try counter.count(
            "SELECT count(*) FROM outbox WHERE due_at >= ?1 AND message = 'trial_ended'", [start])
        let done = try before - counter.count(due, [start])
        guard events == count, messages == count, done == count else {
            throw Failure("of \(count) trials \(done) were ended, with \(events) events and \(messages) messages")
        }
        batches = try counter.count(
            "SELECT count(DISTINCT recorded_at) FROM events WHERE recorded_at >= ?1 AND kind = 'trial.ended'", [start])
        return Double(count) / (elapsed / .seconds(1))
    }

    private static let tables = ["subscriptions", "grants", "events", "event_heads", "outbox"]

    /// The rows of one whom ours has ended, and of one whom the reference has, must have the same shape.
    private func compare(_ connection: ReferenceConnection) throws {
        let ended = "SELECT account_id FROM events WHERE kind = 'trial.ended' ORDER BY recorded_at"
        let accounts = try [" LIMIT 1", " DESC LIMIT 1"].compactMap { order in
            try connection.rows(ended + order).first?.first?.integer
        }
        for table in TrialExpiry.tables {
            let shapes = try accounts.map { account in
                RowShape.of(
                    try connection.rows("SELECT * FROM \(table) WHERE account_id = ?1 ORDER BY 1, 2", [account]))
            }
            guard shapes.count == 2, shapes[0] == shapes[1] else {
                throw Failure("the reference writes other rows of \(table):\n\(shapes)")
            }
        }
    }
}

/// The expiry of trials by plain SQL: a set of rows a statement, and a transaction a batch. The statements say by what
/// the rows are found, so that no table is gone through.
final class ReferenceExpiry {
    private let connection: ReferenceConnection
    private let begin: ReferenceStatement
    private let commit: ReferenceStatement
    private let start: [ReferenceStatement]
    private let batch: [ReferenceStatement]
    private let end: [ReferenceStatement]
    private var number: Int64 = 0

    init(on connection: ReferenceConnection) throws {
        self.connection = connection
        try connection.run(
            "CREATE TEMP TABLE batch (account_id INTEGER PRIMARY KEY, subscription_id INTEGER, due_at INTEGER)")
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        start = try ReferenceExpiry.startSQL.map(connection.prepare)
        batch = try ReferenceExpiry.batchSQL.map(connection.prepare)
        end = try ReferenceExpiry.endSQL.map(connection.prepare)
    }

    /// ?1 the run, ?2 now.
    private static let startSQL = [
        "INSERT INTO job_runs (run_id, job, as_of, runner, processed) VALUES (?1, 'trial-expiry', ?2, 'reference', 0)",
        """
        INSERT INTO job_leases (job, run_id, runner, leased_until) VALUES ('trial-expiry', ?1, 'reference', ?2 + 120000)
        """,
    ]

    /// ?1 the run, ?2 now, ?3 how many, ?4 what an event holds.
    private static let batchSQL = [
        "UPDATE job_leases SET leased_until = ?2 + 120000 WHERE job = 'trial-expiry' AND run_id = ?1",
        """
        INSERT INTO temp.batch SELECT account_id, subscription_id, due_at FROM main.subscriptions
        WHERE due_at <= ?2 AND status = 'trialing' ORDER BY due_at, account_id, subscription_id LIMIT ?3
        """,
        """
        UPDATE subscriptions SET status = 'expired', due_at = NULL, ended_at = trial_end, revision = revision + 1,
            updated_at = trial_end
        WHERE (account_id, subscription_id) IN (SELECT account_id, subscription_id FROM temp.batch)
        """,
        """
        INSERT INTO events (account_id, sequence, kind, subscription_id, actor, data, effective_at, recorded_at, hash)
        SELECT b.account_id, h.sequence + 1, 'trial.ended', b.subscription_id, 'job:trial-expiry', ?4, b.due_at, ?2,
            lower(hex(randomblob(32)))
        FROM temp.batch AS b CROSS JOIN event_heads AS h ON h.account_id = b.account_id
        """,
        """
        UPDATE event_heads SET sequence = sequence + 1,
            hash = (SELECT e.hash FROM events AS e
                WHERE e.account_id = event_heads.account_id AND e.sequence = event_heads.sequence + 1)
        WHERE account_id IN (SELECT account_id FROM temp.batch)
        """,
        """
        INSERT INTO outbox (account_id, event_sequence, message, created_at, due_at)
        SELECT h.account_id, h.sequence, 'trial_ended', ?2, ?2
        FROM temp.batch AS b CROSS JOIN event_heads AS h ON h.account_id = b.account_id
        """,
        "UPDATE job_runs SET processed = processed + ?3 WHERE run_id = ?1",
        "DELETE FROM temp.batch",
    ]

    /// ?1 the run, ?2 now.
    private static let endSQL = [
        "UPDATE job_runs SET duration_ms = max(0, ?2 - as_of) WHERE run_id = ?1",
        "DELETE FROM job_leases WHERE job = 'trial-expiry' AND run_id = ?1",
        "UPDATE deployment SET clock_floor = max(coalesce(clock_floor, 0), ?2)",
    ]

    /// As long as what an event holds; the identifier and the times are nobody's.
    private let data: String = {
        let account = BenchAccounts(count: 1, overCount: 1, now: WallClock.system.now())[0]
        return BenchEvent.ended(account, account.trialEnd).data
    }()

    /// - Returns: for how long the write lock was held at most.
    func expire(_ count: Int, batchSize: Int) throws -> Duration {
        number += 1
        let run = WallClock.system.now().milliseconds << 21 | number
        try transaction(start, run, 0)
        var (left, longest) = (count, Duration.zero)
        while left > 0 {
            longest = max(longest, try transaction(batch, run, min(batchSize, left)))
            left -= min(batchSize, left)
        }
        try transaction(end, run, 0)
        return longest
    }

    @discardableResult
    private func transaction(_ statements: [ReferenceStatement], _ run: Int64, _ count: Int) throws -> Duration {
        try begin.run()
        let now = WallClock.system.now().milliseconds
        let elapsed = try ContinuousClock().measure {
            for statement in statements {
                // A statement that has no such placeholder does without.
                statement.bind(1, run)
                statement.bind(2, now)
                statement.bind(3, Int64(count))
                statement.bind(4, data)
                try statement.run()
            }
            try commit.run()
        }
        return elapsed
    }
}
