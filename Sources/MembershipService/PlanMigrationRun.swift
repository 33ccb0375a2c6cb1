public import Membership
import MembershipStore

/// What became, or would become, of a subscription when those of its version were moved to another.
public struct MigratedSubscription: Equatable, Sendable {
    /// Whose.
    public let account: Identifier<Account>
    /// Which subscription.
    public let subscription: Identifier<Subscription>
    /// What it is.
    public let status: Subscription.Status
    /// When it is on the other version; nil when it stays as it is.
    public let takesEffectAt: Timestamp?
    /// Why it stays as it is; nil when it is moved.
    public let refusal: MembershipError?
}

/// How moving the subscribers of a version went.
public struct PlanMigrationReport: Equatable, Sendable {
    /// From which version to which, and when.
    public let migration: PlanMigration
    /// How many subscriptions were moved.
    public internal(set) var moved = 0
    /// How many stay as they are, because they cannot be moved.
    public internal(set) var refused = 0
    /// How many had been moved before.
    public internal(set) var alreadyMoved = 0
}

extension PlanService {
    /// Moves every subscription to one version of a plan that has not ended to another version of it, batch after batch
    /// of one transaction each. One that cannot be moved does not stop the others; a second run does nothing twice.
    ///
    /// - Parameters:
    ///   - dryRun: only tells what would become of them.
    ///   - reason: why; kept with the events.
    ///   - tell: told what became of each subscription that was not moved before, batch by batch.
    /// - Throws: ``MembershipError`` with code `unknown_plan` for a plan or version that is not there, `invalid_input`
    ///   for a draft. What was moved before a batch failed stays moved.
    public func migrate(
        _ name: Slug, from: Int, to: Int, at moment: PlanMigration.Moment = .renewal, dryRun: Bool = false,
        reason: String? = nil, tell: (PlanMigration, [MigratedSubscription]) throws -> Void = { _, _ in }
    ) async throws -> PlanMigrationReport {
        let reason = try reason.map { try PlainText.reason($0) }
        let migration = try await store.read { tx in
            _ = try tx.requirePlan(name)
            return try PlanMigration(
                from: tx.version(from, ofPlan: name), to: tx.version(to, ofPlan: name), at: moment)
        }
        var report = PlanMigrationReport(migration: migration)
        var last: Identifier<Account>?
        while true {
            let after = last
            let batch =
                dryRun
                ? try await store.read { tx in try tx.examine(migration, after: after) }
                : try await store.write { tx in
                    let batch = try tx.examine(migration, after: after)
                    try tx.record(batch.moved, reason: reason)
                    return batch
                }
            report.count(batch)
            if !batch.items.isEmpty { try tell(migration, batch.items) }
            guard batch.size == MigrationBatch.limit else { return report }
            last = batch.last
        }
    }
}

/// Some of the subscriptions to be moved, in the order of their accounts.
private struct MigrationBatch: Sendable {
    /// How many are looked at in a transaction: few enough that other writers wait only for milliseconds.
    static let limit = 200

    let size: Int
    let last: Identifier<Account>?
    var items: [MigratedSubscription] = []
    var moved: [SubscriptionLife] = []
    var alreadyMoved = 0
}

extension ReadTransaction {
    fileprivate func examine(_ migration: PlanMigration, after last: Identifier<Account>?) throws -> MigrationBatch {
        let subscriptions = try openSubscriptions(to: migration.from, after: last, limit: MigrationBatch.limit)
        var batch = MigrationBatch(size: subscriptions.count, last: subscriptions.last?.accountID)
        for subscription in subscriptions {
            var life = SubscriptionLife(subscription)
            let outcome = migration.move(&life, at: now)
            switch outcome {
            case .moves(let moment):
                batch.moved.append(life)
                batch.items.append(MigratedSubscription(subscription, at: now, takesEffectAt: moment))
            case .stays(let refusal):
                batch.items.append(MigratedSubscription(subscription, at: now, refusal: refusal))
            case .wasMoved:
                batch.alreadyMoved += 1
            case .isGone:
                break
            }
        }
        return batch
    }
}

extension MigratedSubscription {
    fileprivate init(
        _ subscription: Subscription, at now: Timestamp, takesEffectAt: Timestamp? = nil,
        refusal: MembershipError? = nil
    ) {
        account = subscription.accountID
        self.subscription = subscription.id
        status = subscription.advanced(to: now).status
        self.takesEffectAt = takesEffectAt
        self.refusal = refusal
    }
}

extension PlanMigrationReport {
    fileprivate mutating func count(_ batch: MigrationBatch) {
        moved += batch.moved.count
        refused += batch.items.count - batch.moved.count
        alreadyMoved += batch.alreadyMoved
    }
}
