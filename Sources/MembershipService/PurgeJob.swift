import Membership
import MembershipStore

/// Removes what nobody will ask for: records of old runs, and messages that were delivered or given up long ago. What
/// waits stays, and so does what is in a folder, until the reader is erased and the letter with her.
struct PurgeJob: Job {
    /// How long the record of a run is kept; the newest of each job stays.
    static let runsKept = TimeSpan.days(30)
    /// How long a message is kept after it was delivered or given up.
    static let messagesKept = TimeSpan.days(90)

    private static let batchSize = 500

    func dueCount(_ tx: ReadTransaction) throws -> Int {
        try tx.oldJobRunCount(before: tx.now - PurgeJob.runsKept)
            + tx.pastMessageCount(before: tx.now - PurgeJob.messagesKept)
    }

    /// Nothing of it is worth a look.
    func preview(_ tx: ReadTransaction, limit: Int) throws -> [JobService.DueItem] { [] }

    func run(_ run: RunningJob) async throws -> String? {
        let (runs, messages) = (run.asOf - PurgeJob.runsKept, run.asOf - PurgeJob.messagesKept)
        try await purge(run) { tx, limit in try tx.deleteJobRuns(before: runs, limit: limit) }
        try await purge(run) { tx, limit in try tx.deletePastMessages(before: messages, limit: limit) }
        return nil
    }

    private func purge(
        _ run: RunningJob, _ delete: @escaping @Sendable (WriteTransaction, Int) throws -> Int
    ) async throws {
        while !run.isStopping {
            let wanted = run.wanted(most: PurgeJob.batchSize)
            guard wanted > 0 else { return }
            let removed = try await run.batch { tx, tally in
                let removed = try delete(tx, wanted)
                tally.processed += removed
                return removed
            }
            // A row that was made due meanwhile is left: fewer than were wanted need not be the last.
            if removed == 0 { return }
        }
    }
}
