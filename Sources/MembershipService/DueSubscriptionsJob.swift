import Membership
import MembershipStore

/// Records what the clock has done to subscriptions.
protocol DueSubscriptionsJob: SubscriptionJob {
    /// Those in their trial, or the others.
    static var areTrials: Bool { get }
}

extension DueSubscriptionsJob {
    func dueCount(_ tx: ReadTransaction) throws -> Int {
        try tx.dueSubscriptionCount(trials: Self.areTrials, at: tx.now)
    }

    func due(_ tx: ReadTransaction, asOf: Timestamp, limit: Int) throws -> [SubscriptionKey] {
        try tx.dueSubscriptionKeys(trials: Self.areTrials, job: Self.name, at: asOf, limit: limit)
    }

    func subscriptions(
        _ tx: ReadTransaction, after last: SubscriptionKey, asOf: Timestamp, limit: Int
    ) throws -> [Subscription] {
        try tx.dueSubscriptions(trials: Self.areTrials, job: Self.name, at: asOf, after: last, limit: limit)
    }

    func isDue(_ subscription: Subscription, asOf: Timestamp, now: Timestamp) -> Bool {
        // A row whose due_at is wrong is met below.
        !subscription.status.isFinal && (subscription.status == .trialing) == Self.areTrials
    }

    func changes(of subscriptions: [Subscription], _ tx: ReadTransaction, asOf: Timestamp) throws -> LifeChanges {
        try tx.changes(
            of: subscriptions.map { subscription in
                var life = SubscriptionLife(subscription)
                life.advance(to: asOf)
                guard !life.steps.isEmpty else { throw notDue(subscription) }
                return life
            })
    }

    /// It would be met again and again.
    private func notDue(_ subscription: Subscription) -> MembershipError {
        MembershipError(
            .databaseDamaged,
            "Subscription \(subscription.id) is marked as due, and by its other columns is "
                + (subscription.dueAt.map { "not before \($0)" } ?? "never") + ".",
            remedy: "Someone changed the row by hand; put it back, or restore a backup.")
    }
}
