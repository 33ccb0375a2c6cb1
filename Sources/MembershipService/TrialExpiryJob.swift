import Membership
import MembershipStore

/// Records that trials have ended and tells their readers. Access does not wait for it: a trial's grant ends by the
/// clock, whether or not this has run.
struct TrialExpiryJob: Job {
    static let name = "trial-expiry"
    static let summary = "Record trials that have ended, and tell their readers"

    /// Trials a transaction: few enough that other writers wait only for milliseconds.
    static let batchSize = 1000

    func dueCount(_ tx: ReadTransaction) throws -> Int {
        try tx.dueTrialCount(at: tx.now)
    }

    func preview(_ tx: ReadTransaction, limit: Int) throws -> [JobService.DueItem] {
        try tx.dueTrials(at: tx.now, limit: limit).map {
            JobService.DueItem(account: $0.accountID, subscription: $0.subscriptionID, dueAt: $0.trialEnd)
        }
    }

    func runBatch(_ tx: WriteTransaction, asOf: Timestamp, limit: Int) throws -> Int {
        try tx.expireTrials(at: asOf, limit: limit)
    }
}
