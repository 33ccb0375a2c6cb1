import Membership
import MembershipStore

/// Subscriptions that are due, and what is to be written down of them, put together before the transaction that writes
/// it.
struct PreparedBatch: Sendable {
    let subscriptions: [Subscription]
    /// The last of them.
    let last: SubscriptionKey
    let updates: SubscriptionUpdates
    /// Whatever happens to one of the accounts is the last event of it, and then these have no place.
    let events: LinkedEvents
    /// Whether access begins or ends with it, which it does when it is recorded.
    let changesGrants: Bool
}

/// Something has happened since a batch was put together.
private struct Overtaken: Error {}

extension SubscriptionJob {
    /// Puts each batch together while the one before it is written: where one writes at a time, that is half of the work
    /// and keeps nobody from writing. What it leaves is still due.
    func runAhead(_ run: RunningJob, _ batchSize: inout BatchSize) async throws {
        var next = try await prepare(run, after: .beforeAll, limit: run.wanted(most: batchSize.count))
        while let batch = next, !run.isStopping {
            let count = batch.subscriptions.count
            let limit = run.wanted(most: count + batchSize.count) - count
            // It waits for the transaction to begin, until when nobody here reads: so the log could be begun anew.
            let (isBegun, begun) = AsyncStream.makeStream(of: Never.self)
            async let following = {
                for await _ in isBegun {}
                try Task.checkCancellation()
                return try await prepare(run, after: batch.last, limit: limit)
            }()
            do {
                try await run.batch { tx, tally in
                    begun.finish()
                    tally.processed += try write(batch, tx, asOf: run.asOf)
                }
                batchSize.adapt(to: run.lastTook, for: count)
                next = try await following
            } catch is Overtaken {
                _ = try await following
                try await run.batch { tx, tally in tally.processed += try runBatch(tx, asOf: run.asOf, limit: count) }
                batchSize.adapt(to: run.lastTook, for: count)
                // That may have done some of the following ones, in the place of what others did.
                next = try await prepare(run, after: .beforeAll, limit: run.wanted(most: batchSize.count))
            }
        }
    }

    /// - Returns: nil when nothing is due.
    @concurrent
    func prepare(_ run: RunningJob, after last: SubscriptionKey, limit: Int) async throws -> PreparedBatch? {
        guard limit > 0 else { return nil }
        return try await run.store.read { tx in
            try tx.takesLong()
            let due = try subscriptions(tx, after: last, asOf: run.asOf, limit: limit)
            guard let last = due.last.flatMap(SubscriptionKey.init) else { return nil }
            let changes = try changes(of: due, tx, asOf: run.asOf)
            return PreparedBatch(
                subscriptions: due, last: last, updates: changes.updates, events: try tx.linked(changes.events),
                changesGrants: !changes.grants.isEmpty)
        }
    }

    /// - Returns: how many were done.
    func write(_ batch: PreparedBatch, _ tx: WriteTransaction, asOf: Timestamp) throws -> Int {
        let count = batch.subscriptions.count
        if batch.changesGrants { return try runBatch(tx, asOf: asOf, limit: count) }
        guard batch.subscriptions.allSatisfy({ isDue($0, asOf: asOf, now: tx.now) }), try tx.record(batch.events)
        else { throw Overtaken() }
        try tx.write(batch.updates)
        try tx.forgetJobFailures(of: Self.name, accounts: batch.subscriptions.map(\.accountID))
        return count
    }
}
