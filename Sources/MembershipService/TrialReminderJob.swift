import Membership
import MembershipStore

/// Tells readers that their trial ends soon: once, also when nothing ran on the very day, and never after the end.
struct TrialReminderJob: SubscriptionJob {
    static let name = "trial-reminder"

    /// How many days before the end; 0 tells nobody.
    let days: Int

    private var span: TimeSpan { .days(days) }

    func dueCount(_ tx: ReadTransaction) throws -> Int {
        guard days > 0 else { return 0 }
        return try tx.subscriptionsToRemindCount(endingAfter: tx.now, notAfter: tx.now + span, longerThan: span)
    }

    func due(_ tx: ReadTransaction, asOf: Timestamp, limit: Int) throws -> [SubscriptionKey] {
        guard days > 0 else { return [] }
        return try tx.subscriptionKeysToRemind(
            endingAfter: max(asOf, tx.now), notAfter: asOf + span, longerThan: span, job: TrialReminderJob.name,
            limit: limit)
    }

    func subscriptions(
        _ tx: ReadTransaction, after last: SubscriptionKey, asOf: Timestamp, limit: Int
    ) throws -> [Subscription] {
        guard days > 0 else { return [] }
        return try tx.subscriptionsToRemind(
            endingAfter: max(asOf, tx.now), notAfter: asOf + span, longerThan: span, job: TrialReminderJob.name,
            after: last, limit: limit)
    }

    func isDue(_ subscription: Subscription, asOf: Timestamp, now: Timestamp) -> Bool {
        guard subscription.status == .trialing, subscription.remindedAt == nil, let start = subscription.trialStart,
            let end = subscription.trialEnd, end - start > span
        else { return false }
        return end > now && end <= asOf + span && subscription.settledPeriods == 0 && !subscription.convertsTrial
            && !subscription.cancelAtPeriodEnd
    }

    func changes(of subscriptions: [Subscription], _ tx: ReadTransaction, asOf: Timestamp) throws -> LifeChanges {
        let reminded = subscriptions.map { subscription in
            var life = SubscriptionLife(subscription)
            life.remind(at: tx.now)
            return (before: subscription, after: life.subscription)
        }
        return LifeChanges(
            updates: SubscriptionUpdates(reminded),
            events: reminded.map(\.after).map { subscription in
                var data = JSONText()
                data.add("subscription", subscription.snapshot)
                return NewEvent(
                    .trialEnding, account: subscription.accountID, subscription: subscription.id, data: data.text,
                    message: .trialEnding)
            })
    }
}
