/// One run of a job, as recorded.
public struct JobRun: Equatable, Sendable {
    /// Its identity.
    public let id: Identifier<JobRun>
    /// The job's name.
    public let job: String
    /// The time the job worked with.
    public let asOf: Timestamp
    /// The process that ran it; nil in runs from before processes were named.
    public let runner: String?
    /// How long it took, in milliseconds; nil while it runs, and for ever when its process went away.
    public let durationMilliseconds: Int64?
    /// How many things it did.
    public let processed: Int
    /// How many things it failed with; each is tried again later.
    public let failed: Int
    /// What ended it before its time; nil when nothing did.
    public let error: String?

    /// Makes a record of a run.
    public init(
        id: Identifier<JobRun>, job: String, asOf: Timestamp, runner: String?, durationMilliseconds: Int64?,
        processed: Int, failed: Int, error: String?
    ) {
        self.id = id
        self.job = job
        self.asOf = asOf
        self.runner = runner
        self.durationMilliseconds = durationMilliseconds
        self.processed = processed
        self.failed = failed
        self.error = error
    }

    /// What became of a run.
    public enum State: String, Sendable {
        /// It is at work, or its process went away and nobody has noticed yet.
        case running
        /// It did what was due.
        case done
        /// It did so, except for some things that are tried again later.
        case incomplete
        /// Something ended it before its time.
        case failed
        /// Its process went away, and another run took over.
        case abandoned
    }

    /// What became of it.
    public var state: State {
        switch (durationMilliseconds, error) {
        case (nil, nil): .running
        case (nil, _): .abandoned
        case (_, nil): failed == 0 ? .done : .incomplete
        default: .failed
        }
    }
}

extension JobRun: IdentifiedKind {
    /// `run_…`
    public static let identifierPrefix = "run"
}

/// The right of one process to run a job, until it is done or the time is over.
public struct JobLease: Equatable, Sendable {
    /// The job's name.
    public let job: String
    /// The run that has it.
    public let run: Identifier<JobRun>
    /// The process that has it.
    public let runner: String
    /// The first moment at which another may take it.
    public let leasedUntil: Timestamp

    /// Makes a record of a lease.
    public init(job: String, run: Identifier<JobRun>, runner: String, leasedUntil: Timestamp) {
        self.job = job
        self.run = run
        self.runner = runner
        self.leasedUntil = leasedUntil
    }
}

/// An account with which a job failed.
public struct JobFailure: Equatable, Sendable {
    /// Which account.
    public let account: Identifier<Account>
    /// The job's name.
    public let job: String
    /// How often in a row.
    public let attempts: Int
    /// When the job tries again.
    public let retryAt: Timestamp
    /// What went wrong the last time; it holds no address.
    public let error: String
    /// When that was.
    public let failedAt: Timestamp

    /// Makes a record of a failure.
    public init(
        account: Identifier<Account>, job: String, attempts: Int, retryAt: Timestamp, error: String,
        failedAt: Timestamp
    ) {
        self.account = account
        self.job = job
        self.attempts = attempts
        self.retryAt = retryAt
        self.error = error
        self.failedAt = failedAt
    }
}
