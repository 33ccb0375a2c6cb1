import Membership
import MembershipStore
import Synchronization

/// A run of a job that is under way: what it may still do, and how it does it.
final class RunningJob: Sendable {
    /// As it began.
    let begun: JobRun
    let store: Store
    private let limit: Int?
    private let stopping: @Sendable () -> Bool
    private let counts = Locked(Tally())
    private let took = Locked(Duration.zero)

    /// How many things were done, and with how many something went wrong.
    struct Tally: Equatable, Sendable {
        var processed = 0
        var failed = 0

        static func + (left: Tally, right: Tally) -> Tally {
            Tally(processed: left.processed + right.processed, failed: left.failed + right.failed)
        }
    }

    /// How long a run has its lease without saying that it is still there. Each batch says so.
    static let leaseTime = TimeSpan.minutes(2)

    init(_ begun: JobRun, store: Store, limit: Int?, stopping: @escaping @Sendable () -> Bool) {
        self.begun = begun
        self.store = store
        self.limit = limit
        self.stopping = stopping
    }

    /// The job's name.
    var job: String { begun.job }
    /// What was due then is done now.
    var asOf: Timestamp { begun.asOf }
    /// What was done so far.
    var tally: Tally { counts.withLock { $0 } }
    /// How long the last batch took, from its beginning until it was answered.
    var lastTook: Duration { took.withLock { $0 } }
    /// Whether somebody wants the run to end with the batch under way.
    var isStopping: Bool { stopping() }

    /// How many things the next batch may do.
    ///
    /// - Parameter most: how many a batch has at most.
    func wanted(most: Int) -> Int {
        let tally = tally
        return min(most, (limit ?? .max) - tally.processed - tally.failed)
    }

    /// Runs a batch in a transaction of its own. The body counts what it does.
    ///
    /// - Throws: ``MembershipError`` with code `job_running` when another run has taken the lease meanwhile; nothing is
    ///   written then. And what the body throws.
    @discardableResult
    func batch<Result: Sendable>(
        _ body: @escaping @Sendable (WriteTransaction, inout Tally) throws -> Result
    ) async throws -> Result {
        let before = tally
        let (result, done, start) = try await store.claim(.batch) { [begun] tx in
            // Not the time that was spent on waiting for others.
            let start = ContinuousClock().now
            let leasedUntil = tx.now + RunningJob.leaseTime
            guard try tx.renewJobLease(of: begun.id, job: begun.job, until: leasedUntil) else {
                throw RunningJob.leaseLost(begun, to: try tx.jobLease(of: begun.job))
            }
            var done = Tally()
            let result = try body(tx, &done)
            let all = before + done
            if done != Tally() { try tx.noteProgress(of: begun.id, processed: all.processed, failed: all.failed) }
            return (result, done, start)
        }
        let duration = ContinuousClock().now - start
        took.withLock { $0 = duration }
        counts.withLock { $0 = before + done }
        return result
    }

    private static func leaseLost(_ run: JobRun, to lease: JobLease?) -> MembershipError {
        MembershipError(
            .jobRunning,
            "\(run.job) was taken over from run \(run.id)" + (lease.map { " by \($0.runner)" } ?? "") + ".",
            remedy: "What this run has done stays done; the other does the rest.")
    }
}
