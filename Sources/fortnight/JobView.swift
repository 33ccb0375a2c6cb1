import Membership
import MembershipService

/// A job as JSON.
struct JobView: Encodable {
    let name: String
    let summary: String
    let everySeconds: Int64
    let due: Int
    let nextRun: Timestamp
    @ExplicitNull var lastRun: JobRunView?
    @ExplicitNull var runner: String?

    init(_ entry: JobService.Entry) {
        name = entry.name
        summary = entry.summary
        everySeconds = entry.interval.milliseconds / 1000
        due = entry.dueCount
        nextRun = entry.nextRun
        lastRun = entry.lastRun.map { JobRunView($0) }
        runner = entry.lease?.runner
    }
}

/// A run of a job as JSON.
struct JobRunView: Encodable {
    let id: String
    let job: String
    let asOf: Timestamp
    @ExplicitNull var durationMs: Int64?
    let processed: Int
    let failed: Int
    let state: String
    @ExplicitNull var error: String?
    @ExplicitNull var runner: String?
    @ExplicitNull var note: String?

    init(_ run: JobRun, note: String? = nil) {
        id = run.id.description
        job = run.job
        asOf = run.asOf
        durationMs = run.durationMilliseconds
        processed = run.processed
        failed = run.failed
        state = run.state.rawValue
        error = run.error
        runner = run.runner
        self.note = note
    }
}

/// What became of a job that was due, as JSON.
struct JobOutcomeView: Encodable {
    let job: String
    let outcome: String
    @ExplicitNull var run: JobRunView?
    @ExplicitNull var error: String?

    init(_ outcome: JobService.Outcome) {
        switch outcome {
        case .ran(let report):
            (job, self.outcome) = (report.run.job, "ran")
            run = JobRunView(report.run, note: report.note)
        case .skipped(let job, let error):
            (self.job, self.outcome) = (job, "skipped")
            self.error = error.message
        case .failed(let job, let error):
            (self.job, self.outcome) = (job, "failed")
            self.error = error.message
        }
    }
}

extension JobService.Report {
    /// For people.
    var line: String {
        let failed = run.failed == 0 ? "" : ", \(run.failed) failed"
        return "\(run.job): \(run.processed) done\(failed), as of \(run.asOf), in \(run.durationMilliseconds ?? 0) ms."
    }
}

extension JobService.Outcome {
    /// For people.
    var line: String {
        switch self {
        case .ran(let report): report.line + (report.note.map { " " + $0 } ?? "")
        case .skipped(_, let error): error.message
        case .failed(let job, let error): "\(job) failed: \(error.message)"
        }
    }
}

extension TimeSpan {
    /// For people: `1 min`, `1 d`.
    var inWords: String {
        let minutes = milliseconds / 60_000
        return switch minutes {
        case let days where days % 1440 == 0: "\(days / 1440) d"
        case let hours where hours % 60 == 0: "\(hours / 60) h"
        default: "\(minutes) min"
        }
    }
}
