import Membership
import MembershipStore

/// Subscriptions that are due, and what is to be written down of them, put together before the transaction that writes it.
struct PreparedBatch: Sendable {
    let accounts: [Identifier<Account>]
    /// The last of them.
    let last: SubscriptionKey
    let updates: SubscriptionUpdates
    /// Whatever happens to one of the accounts is the last event of it, and then these have no place.
    let events: LinkedEvents
    /// Whether access begins or ends with it, which it does when it is recorded.
    let changesGrants: Bool
}

/// Something has happened to an account since a batch was put together.
private struct Overtaken: Error {}

extension SubscriptionJob {
    /// Puts each batch together while the one before it is written: where one writes at a time, that is half of the work
    /// and keeps nobody from writing. What it leaves is still due.
    func runAhead(_ run: RunningJob, _ batchSize: inout BatchSize) async throws {
        var next = try await prepare(run, after: .beforeAll, limit: run.wanted(most: batchSize.count))
        while let batch = next, !run.isStopping {
            let count = batch.accounts.count
            async let following = prepare(
                run, after: batch.last, limit: run.wanted(most: count + batchSize.count) - count)
            do {
                try await run.batch { tx, tally in tally.processed += try write(batch, tx, asOf: run.asOf) }
            } catch is Overtaken {
                try await run.batch { tx, tally in tally.processed += try runBatch(tx, asOf: run.asOf, limit: count) }
            }
            batchSize.adapt(toHolding: run.lastHeld, by: count)
            next = try await following
        }
    }

    /// - Returns: nil when nothing is due.
    @concurrent
    func prepare(_ run: RunningJob, after last: SubscriptionKey, limit: Int) async throws -> PreparedBatch? {
        guard limit > 0 else { return nil }
        return try await run.store.read { tx in
            try tx.liftTimeLimit()
            let due = try claim(tx, after: last, asOf: run.asOf, limit: limit)
            guard let last = due.last.flatMap(SubscriptionKey.init) else { return nil }
            let changes = try changes(of: due, tx, asOf: run.asOf)
            return PreparedBatch(
                accounts: due.map(\.accountID), last: last, updates: changes.updates,
                events: try tx.link(changes.events), changesGrants: !changes.grants.isEmpty)
        }
    }

    /// - Returns: how many were done.
    func write(_ batch: PreparedBatch, _ tx: WriteTransaction, asOf: Timestamp) throws -> Int {
        if batch.changesGrants { return try runBatch(tx, asOf: asOf, limit: batch.accounts.count) }
        guard try tx.record(batch.events) else { throw Overtaken() }
        try tx.write(batch.updates)
        try tx.forgetJobFailures(of: Self.name, accounts: batch.accounts)
        return batch.accounts.count
    }
}
