public import Membership
import MembershipStore

/// Due work: what there is, doing it, and what was done.
public struct JobService: Sendable {
    let store: Store
    let options: Services.Options
    let ended: EndedRuns

    private var jobs: [ScheduledJob] { ScheduledJob.all(options) }

    /// A job as a list shows it.
    public struct Entry: Equatable, Sendable {
        /// Its name.
        public let name: String
        /// What it does, in a line.
        public let summary: String
        /// How often it runs.
        public let interval: TimeSpan
        /// How many things it would do now.
        public let dueCount: Int
        /// Its newest run; nil when it never ran.
        public let lastRun: JobRun?
        /// From when its schedule wants it to run; the past when it is late.
        public let nextRun: Timestamp
        /// Who runs it now; nil when nobody does.
        public let lease: JobLease?
    }

    /// Something that a job would do.
    public struct DueItem: Equatable, Sendable {
        /// Whose.
        public let account: Identifier<Account>
        /// With which subscription; nil for a message.
        public let subscription: Identifier<Subscription>?
        /// Which message; nil for a subscription.
        public let message: MessageReference?
        /// Since when it is due.
        public let dueAt: Timestamp
    }

    /// Every job in the order in which they run, with what is due.
    public func list() async throws -> [Entry] {
        try await store.read { [jobs] tx in
            let leases = try tx.jobLeases()
            return try jobs.map { job in
                let lastFinished = try tx.lastFinishedRun(of: job.name)
                return Entry(
                    name: job.name, summary: job.summary, interval: job.schedule.interval,
                    dueCount: try job.job.dueCount(tx), lastRun: try tx.jobRuns(of: job.name, limit: 1).first,
                    nextRun: lastFinished.map { job.schedule.next(after: $0.asOf) } ?? tx.now,
                    lease: leases.first { $0.job == job.name })
            }
        }
    }

    /// What a job would do.
    public struct Preview: Equatable, Sendable {
        /// How many things.
        public let count: Int
        /// The first of them, longest overdue first, at most as many as a page has. A job whose things are not worth
        /// a look names none.
        public let items: [DueItem]
    }

    /// What a job would do now.
    ///
    /// - Parameter limit: how many things it would do at most; nil for all that is due.
    /// - Throws: ``MembershipError`` with code `unknown_job`.
    public func preview(_ name: String, limit: JobLimit? = nil) async throws -> Preview {
        let job = try job(name).job
        let limit = limit?.count ?? .max
        return try await store.read { tx in
            Preview(
                count: min(try job.dueCount(tx), limit), items: try job.preview(tx, limit: min(limit, PageLimit.most)))
        }
    }

    /// A run that came to an end.
    public struct Report: Equatable, Sendable {
        /// As it was recorded.
        public let run: JobRun
        /// What there is to say beside the counts; nil when there is nothing.
        public let note: String?
        /// How many things it did.
        public var processed: Int { run.processed }
    }

    /// Does what is due now, batch after batch, and records the run. What a failing run has done stays done. With an
    /// account that fails the job tries again later, and the others are done.
    ///
    /// - Parameters:
    ///   - limit: how many things to do at most; nil for all that is due when the run begins.
    ///   - stopping: whether the run should end with the batch under way.
    /// - Throws: ``MembershipError`` with code `unknown_job`, `job_running` when another process runs it, or what made
    ///   a batch fail, after recording it; `CancellationError` when its task is cancelled.
    public func run(
        _ name: String, limit: JobLimit? = nil, stopping: @escaping @Sendable () -> Bool = { false }
    ) async throws -> Report {
        let job = try job(name)
        guard let run = try await begin(job, onlyWhenDue: false) else {
            preconditionFailure("a run that is wanted at any time begins or throws")
        }
        return try await finish(run, job, limit: limit?.count, stopping: stopping)
    }

    /// What became of a job that was due.
    public enum Outcome: Equatable, Sendable {
        /// It ran.
        case ran(Report)
        /// Another process is at it.
        case skipped(job: String, MembershipError)
        /// It could not run, or ended before its time.
        case failed(job: String, MembershipError)

        /// The job's name.
        public var job: String {
            switch self {
            case .ran(let report): report.run.job
            case .skipped(let job, _), .failed(let job, _): job
            }
        }
    }

    /// Runs every job whose turn it is, one after the other. One that fails does not keep the others from theirs.
    ///
    /// It is a job's turn when it has not run in the stretch of time that its schedule has for each run, and in a
    /// sandbox, whose clock may stand still, also when something is due.
    ///
    /// - Parameters:
    ///   - stopping: whether to end with the batch under way.
    ///   - report: hears of each job as soon as it is done.
    /// - Throws: ``MembershipError`` when the database cannot be asked what is due; `CancellationError` when its task
    ///   is cancelled.
    public func runDue(
        stopping: @escaping @Sendable () -> Bool = { false }, report: (Outcome) -> Void = { _ in }
    ) async throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for job in try await due() where !stopping() {
            guard let outcome = try await runIfDue(job, stopping: stopping) else { continue }
            report(outcome)
            outcomes.append(outcome)
        }
        return outcomes
    }

    /// How long until the next turn of a job: nothing when one has come while the others ran. A sandbox's clock may be
    /// moved at any time, so that it is looked at often.
    ///
    /// - Parameter outcomes: those of the round before. A job that could not run in it waits for the turn after.
    public func untilNextTurn(after outcomes: [Outcome] = []) async throws -> TimeSpan {
        guard !store.deployment.isSandbox else { return TimeSpan(milliseconds: 500) }
        let waiting = Set(outcomes.filter { if case .ran = $0 { false } else { true } }.map(\.job))
        return try await store.read { [jobs] tx in
            let turns = try jobs.map { job in
                let last = waiting.contains(job.name) ? tx.now : try tx.lastFinishedRun(of: job.name)?.asOf
                return last.map(job.schedule.next(after:)) ?? tx.now
            }
            let wait = (turns.min() ?? tx.now) - tx.now
            // A clock that is kept from going back may stand just before a turn.
            return wait > TimeSpan(milliseconds: 0) ? max(wait, TimeSpan(milliseconds: 100)) : TimeSpan(milliseconds: 0)
        }
    }

    /// The newest runs.
    public func history(limit: PageLimit) async throws -> [JobRun] {
        try await store.read { tx in try tx.jobRuns(of: nil, limit: limit.count) }
    }

    // MARK: - Turns

    private func job(_ name: String) throws(MembershipError) -> ScheduledJob {
        guard let job = jobs.first(where: { $0.name == name }) else {
            throw MembershipError(
                .unknownJob, "There is no job ‘\(name)’.",
                remedy: "The jobs are: \(jobs.map(\.name).joined(separator: ", ")).")
        }
        return job
    }

    private func due() async throws -> [ScheduledJob] {
        let isSandbox = store.deployment.isSandbox
        return try await store.read { [jobs] tx in
            try jobs.filter { job in try isTurn(of: job, tx) || isSandbox && job.job.hasWork(tx) }
        }
    }

    private func isTurn(of job: ScheduledJob, _ tx: ReadTransaction) throws -> Bool {
        job.schedule.isDue(lastRun: try tx.lastFinishedRun(of: job.name)?.asOf, at: tx.now)
    }

    /// - Returns: nil when another process has done it meanwhile.
    private func runIfDue(_ job: ScheduledJob, stopping: @escaping @Sendable () -> Bool) async throws -> Outcome? {
        do {
            guard let run = try await begin(job, onlyWhenDue: !store.deployment.isSandbox) else { return nil }
            return .ran(try await finish(run, job, limit: nil, stopping: stopping))
        } catch let error as MembershipError {
            return error.code == .jobRunning ? .skipped(job: job.name, error) : .failed(job: job.name, error)
        } catch let error as CancellationError {
            throw error
        } catch {
            return .failed(job: job.name, MembershipError(.unforeseen, "\(error)", remedy: "Report this as a bug."))
        }
    }

    // MARK: - A run

    /// Takes the lease of a job and begins a run, in one transaction.
    ///
    /// A lease that another run has is taken over when its time is over, and at once when the run ended without being
    /// able to say so, or its process is gone from this machine: the clock of a sandbox would never end it.
    private func begin(_ job: ScheduledJob, onlyWhenDue: Bool) async throws -> JobRun? {
        var gone: (run: Identifier<JobRun>, why: String)?
        while true {
            let schema = store.engine.schema
            let attempt = try await store.acting(as: .job(job.name)).write { [gone] tx -> Beginning in
                // Another version of the program may have changed the tables since they were looked at.
                try tx.requireCurrent(schema)
                if onlyWhenDue, try !isTurn(of: job, tx) { return .notDue }
                if let lease = try tx.jobLease(of: job.name) {
                    let why = lease.run == gone?.run ? gone?.why : nil
                    guard why != nil || lease.leasedUntil <= tx.now else { return .held(lease, now: tx.now) }
                    try tx.abandonJobRun(
                        lease.run, error: why ?? "abandoned: nothing was heard of it for two minutes")
                    if why != nil { try job.job.takeOver(tx) }
                }
                return .begun(
                    try tx.beginJobRun(
                        of: job.name, runner: JobRunner.current.name, until: tx.now + RunningJob.leaseTime))
            }
            switch attempt {
            case .begun(let run): return run
            case .notDue: return nil
            case .held(let lease, let now):
                guard lease.run != gone?.run, let why = whyOver(lease) else { throw held(lease, now: now) }
                gone = (lease.run, why)
            }
        }
    }

    /// Why a run is over that still holds its job; nil while it is not known to be.
    private func whyOver(_ lease: JobLease) -> String? {
        ended.error(of: lease.run) ?? (JobRunner.isGone(lease.runner) ? "abandoned: its process was gone" : nil)
    }

    private enum Beginning: Sendable {
        case begun(JobRun)
        case notDue
        case held(JobLease, now: Timestamp)
    }

    private func held(_ lease: JobLease, now: Timestamp) -> MembershipError {
        let wait = "It holds the job until \(lease.leasedUntil), and for longer while it works"
        return MembershipError(
            .jobRunning, "\(lease.job) is being run by \(lease.runner).",
            remedy: store.deployment.isSandbox
                ? wait + "; in a sandbox, fortnight clock advance 2m ends a hold that nobody needs."
                : wait + ".")
    }

    private func finish(
        _ begun: JobRun, _ job: ScheduledJob, limit: Int?, stopping: @escaping @Sendable () -> Bool
    ) async throws -> Report {
        let stopwatch = ContinuousClock().now
        let run = RunningJob(
            begun, store: store.acting(as: .job(job.name)), limit: limit, stopping: stopping)
        do {
            let note = try await job.job.run(run)
            return Report(run: try await end(run, stopwatch, error: nil), note: note)
        } catch let error as MembershipError where error.code == .jobRunning {
            throw error
        } catch {
            // The run's own failure is what the caller must hear of; a second one in recording it would hide it.
            let failure = (error as? MembershipError) ?? MembershipError(.unforeseen, "\(error)")
            let isCancelled = error is CancellationError
            let said = isCancelled ? "stopped: whoever ran it gave it up" : failure.message.withoutAddresses
            do { _ = try await end(run, stopwatch, error: said) } catch { ended.note(begun.id, error: said) }
            throw isCancelled ? error : failure
        }
    }

    /// Records what a run has done, and gives its lease back.
    private func end(_ run: RunningJob, _ begun: ContinuousClock.Instant, error: String?) async throws -> JobRun {
        let elapsed = (ContinuousClock().now - begun).components
        let (tally, record) = (run.tally, run.begun)
        let ended = JobRun(
            id: record.id, job: record.job, asOf: record.asOf, runner: record.runner,
            durationMilliseconds: elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000,
            processed: tally.processed, failed: tally.failed, error: error)
        try await run.store.write { tx in
            try tx.endJobRun(ended)
            try tx.raiseClockFloor()
        }
        return ended
    }
}
