import Membership
import MembershipStore

/// A job, and how often it runs.
struct ScheduledJob: Sendable {
    let name: String
    let summary: String
    let schedule: JobSchedule
    let job: any Job

    init(_ name: String, every interval: TimeSpan, _ summary: String, _ job: any Job) {
        self.name = name
        self.summary = summary
        schedule = JobSchedule(interval: interval)
        self.job = job
    }

    /// Every job there is, in the order in which they run. What the first ones have to tell leaves with the same round.
    static func all(_ options: Services.Options) -> [ScheduledJob] {
        [
            ScheduledJob(
                "trial-expiry", every: .minutes(1), "Record trials that have ended, and tell their readers",
                TrialExpiryJob()),
            ScheduledJob(
                "renewal", every: .minutes(1),
                "Record periods, grace and pauses that have ended, and tell their readers",
                RenewalJob()),
            ScheduledJob(
                "trial-reminder", every: .minutes(15), "Tell readers that their trial ends soon",
                TrialReminderJob(days: options.trialReminderDays)),
            ScheduledJob(
                "purge", every: .days(1), "Remove records of old runs, and messages settled long ago", PurgeJob()),
            // The last, because it waits for a server that may not answer.
            ScheduledJob(
                "outbox-delivery", every: .minutes(1), "Deliver the messages to readers",
                OutboxDeliveryJob(options: options.mail)),
        ]
    }
}

/// An idempotent piece of due work, done in transactions that are over within milliseconds.
protocol Job: Sendable {
    /// How many things are due.
    func dueCount(_ tx: ReadTransaction) throws -> Int
    /// Whether a run would try something now.
    func hasWork(_ tx: ReadTransaction) throws -> Bool
    /// What would be done, longest overdue first.
    func preview(_ tx: ReadTransaction, limit: Int) throws -> [JobService.DueItem]
    /// Does what was due when the run began.
    ///
    /// - Returns: what there is to say beside the counts.
    func run(_ run: RunningJob) async throws -> String?
    /// Tidies up after a run whose process is gone, before another begins.
    func takeOver(_ tx: WriteTransaction) throws
}

extension Job {
    func takeOver(_ tx: WriteTransaction) throws {}

    func hasWork(_ tx: ReadTransaction) throws -> Bool { try dueCount(tx) > 0 }
}
