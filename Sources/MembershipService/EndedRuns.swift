import Membership
import Synchronization

/// Runs of jobs that came to their end here while the database could not be told, on a full disk for one. They hold
/// their jobs no longer, whatever their leases say.
final class EndedRuns: Sendable {
    /// Few: of each job at most the one that holds it has not been recorded.
    private let ended = Locked<[(run: Identifier<JobRun>, error: String)]>([])

    /// What ended a run; nil for one that is not known to be over.
    func error(of run: Identifier<JobRun>) -> String? {
        ended.withLock { ended in ended.last { $0.run == run }?.error }
    }

    /// Remembers a run.
    func note(_ run: Identifier<JobRun>, error: String) { ended.withLock { $0.append((run, error)) } }
}
