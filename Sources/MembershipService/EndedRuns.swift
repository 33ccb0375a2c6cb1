import Membership
import Synchronization

/// Runs of jobs that came to their end here while the database could not be told, on a full disk for one. They hold
/// their jobs no longer, whatever their leases say.
final class EndedRuns: Sendable {
    private let errors = Mutex<[Identifier<JobRun>: String]>([:])

    /// What ended a run; nil for one that is not known to be over.
    func error(of run: Identifier<JobRun>) -> String? { errors.withLock { $0[run] } }

    /// Remembers a run. What is remembered is little: of each job at most the one that holds it has not been recorded.
    func note(_ run: Identifier<JobRun>, error: String) { errors.withLock { $0[run] = error } }
}
