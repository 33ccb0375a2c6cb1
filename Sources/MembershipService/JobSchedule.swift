import Membership

/// How often a job runs: once in each stretch of time of a length, counted from 1970. So a job that a timer starts a
/// little early or late misses no turn.
struct JobSchedule: Equatable, Sendable {
    let interval: TimeSpan

    /// Whether a job is to run that last ran with a time; nil when it never did.
    func isDue(lastRun: Timestamp?, at now: Timestamp) -> Bool {
        guard let lastRun else { return true }
        return next(after: lastRun) <= now
    }

    /// The beginning of the stretch after the one that holds a moment.
    func next(after moment: Timestamp) -> Timestamp {
        let into = moment.milliseconds.flooredDivision(by: interval.milliseconds).remainder
        return moment - TimeSpan(milliseconds: into) + interval
    }
}
