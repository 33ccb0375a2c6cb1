public import Membership
import MembershipStore

/// An idempotent piece of due work, done in batches of one transaction each.
protocol Job: Sendable {
    static var name: String { get }
    static var summary: String { get }
    static var batchSize: Int { get }

    /// How many things are due.
    func dueCount(_ tx: ReadTransaction) throws -> Int
    /// What would be done, longest overdue first.
    func preview(_ tx: ReadTransaction, limit: Int) throws -> [JobService.DueItem]
    /// Does at most `limit` of what was due at a moment, and returns how many that were.
    func runBatch(_ tx: WriteTransaction, asOf: Timestamp, limit: Int) throws -> Int
}

/// Due work: what there is, doing it, and what was done.
public struct JobService: Sendable {
    let store: Store

    /// Every job there is.
    private static let jobs: [any Job] = [TrialExpiryJob()]

    /// A job as a list shows it.
    public struct Entry: Equatable, Sendable {
        /// Its name.
        public let name: String
        /// What it does, in a line.
        public let summary: String
        /// How many things it would do now.
        public let dueCount: Int
        /// Its newest run; nil when it never ran.
        public let lastRun: JobRun?
    }

    /// Something that a job would do.
    public struct DueItem: Equatable, Sendable {
        /// Whose.
        public let account: Identifier<Account>
        /// Which subscription.
        public let subscription: Identifier<Subscription>
        /// Since when it is due.
        public let dueAt: Timestamp
    }

    /// Every job, with what is due.
    public func list() async throws -> [Entry] {
        try await store.read { tx in
            try JobService.jobs.map { job in
                let name = type(of: job).name
                return Entry(
                    name: name, summary: type(of: job).summary, dueCount: try job.dueCount(tx),
                    lastRun: try tx.jobRuns(of: name, limit: 1).first)
            }
        }
    }

    /// What a job would do.
    public struct Preview: Equatable, Sendable {
        /// How many things.
        public let count: Int
        /// The first of them, longest overdue first, at most as many as a page has.
        public let items: [DueItem]
    }

    /// What a job would do now.
    ///
    /// - Parameter limit: how many things it would do at most; nil for all that is due.
    /// - Throws: ``MembershipError`` with code `unknown_job`.
    public func preview(_ name: String, limit: PageLimit? = nil) async throws -> Preview {
        let job = try JobService.job(name)
        let limit = limit?.count ?? .max
        return try await store.read { tx in
            Preview(
                count: min(try job.dueCount(tx), limit), items: try job.preview(tx, limit: min(limit, PageLimit.most)))
        }
    }

    /// Does what is due now, batch after batch, and records the run. What a failing run has done stays done.
    ///
    /// - Parameter limit: how many things to do at most; nil for all that is due when the run begins.
    /// - Throws: ``MembershipError`` with code `unknown_job`, or what made a batch fail, after recording it.
    public func run(_ name: String, limit: PageLimit? = nil) async throws -> JobRun {
        let job = try JobService.job(name)
        let stopwatch = ContinuousClock().now
        let asOf = try await store.read { $0.now }
        var processed = 0
        do {
            while true {
                let wanted = min(type(of: job).batchSize, (limit?.count ?? .max) - processed)
                let done = try await store.claim { tx in try job.runBatch(tx, asOf: asOf, limit: wanted) }
                processed += done
                if done < wanted || processed == limit?.count { break }
            }
        } catch let error as MembershipError {
            // The run's own failure is what the caller must hear of; a second one in recording it would hide it.
            _ = try? await record(job, asOf, stopwatch, processed, error: error.message)
            throw error
        }
        return try await record(job, asOf, stopwatch, processed, error: nil)
    }

    /// The newest runs.
    public func history(limit: PageLimit) async throws -> [JobRun] {
        try await store.read { tx in try tx.jobRuns(of: nil, limit: limit.count) }
    }

    private static func job(_ name: String) throws(MembershipError) -> any Job {
        guard let job = jobs.first(where: { type(of: $0).name == name }) else {
            throw MembershipError(
                .unknownJob, "There is no job ‘\(name)’.",
                remedy: "The jobs are: \(jobs.map { type(of: $0).name }.joined(separator: ", ")).")
        }
        return job
    }

    private func record(
        _ job: any Job, _ asOf: Timestamp, _ begun: ContinuousClock.Instant, _ processed: Int, error: String?
    ) async throws -> JobRun {
        let elapsed = ContinuousClock().now - begun
        let milliseconds = elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
        let name = type(of: job).name
        return try await store.write { [processed] tx in
            try tx.insertJobRun(
                job: name, asOf: asOf, durationMilliseconds: milliseconds, processed: processed, error: error)
        }
    }
}
