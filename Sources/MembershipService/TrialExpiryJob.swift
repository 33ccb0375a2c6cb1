import Membership
import MembershipStore

/// Records that trials have ended and tells their readers. Access does not wait for it: a trial's grant ends by the
/// clock, whether or not this has run.
struct TrialExpiryJob: Job {
    static let name = "trial-expiry"
    static let summary = "Record trials that have ended, and tell their readers"

    /// Trials a transaction: few enough that other writers wait only for milliseconds.
    static let batchSize = 200

    func dueCount(_ tx: ReadTransaction) throws -> Int {
        try tx.dueSubscriptionCount(trials: true, at: tx.now)
    }

    func preview(_ tx: ReadTransaction, limit: Int) throws -> [JobService.DueItem] {
        try tx.dueSubscriptions(trials: true, job: TrialExpiryJob.name, at: tx.now, limit: limit).map {
            JobService.DueItem(account: $0.accountID, subscription: $0.id, dueAt: $0.dueAt ?? tx.now)
        }
    }

    func runBatch(_ tx: WriteTransaction, asOf: Timestamp, limit: Int) throws -> Int {
        let due = try tx.claimDueSubscriptions(trials: true, job: TrialExpiryJob.name, at: asOf, limit: limit)
        try tx.record(
            due.map { subscription in
                var life = SubscriptionLife(subscription)
                life.advance(to: asOf)
                return life
            })
        return due.count
    }
}
