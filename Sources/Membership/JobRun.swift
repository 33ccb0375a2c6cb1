/// One run of a job, as recorded.
public struct JobRun: Equatable, Sendable {
    /// Its identity.
    public let id: Identifier<JobRun>
    /// The job's name.
    public let job: String
    /// The time the job worked with.
    public let asOf: Timestamp
    /// How long it took, in milliseconds.
    public let durationMilliseconds: Int64
    /// How many things it did.
    public let processed: Int
    /// What went wrong; nil when nothing did.
    public let error: String?

    /// Makes a record of a run.
    public init(
        id: Identifier<JobRun>, job: String, asOf: Timestamp, durationMilliseconds: Int64, processed: Int,
        error: String?
    ) {
        self.id = id
        self.job = job
        self.asOf = asOf
        self.durationMilliseconds = durationMilliseconds
        self.processed = processed
        self.error = error
    }
}

extension JobRun: IdentifiedKind {
    /// `run_…`
    public static let identifierPrefix = "run"
}
