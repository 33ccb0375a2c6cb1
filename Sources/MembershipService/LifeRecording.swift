import Membership
import MembershipStore

extension WriteTransaction {
    /// Writes down a subscription that has just begun: its row, grants, events and message.
    ///
    /// - Parameter isNewAccount: nothing has happened to the account before.
    func recordBeginning(
        _ life: SubscriptionLife, reason: String? = nil, data: JSONText = JSONText(), before: [NewEvent] = [],
        isNewAccount: Bool = false
    ) throws {
        let subscription = life.subscription
        try insert(subscription)
        try insertGrants(to: subscription, subscription.promisedAccess)
        try record(before + events(of: life, reason: reason, data: data), isNewAccount: isNewAccount)
    }

    /// Writes down what has become of subscriptions: their rows, grants, events and messages. One that has taken no step
    /// is left alone.
    ///
    /// - Parameters:
    ///   - reason: why, for the steps that were not the clock's.
    ///   - data: what else to keep with those steps.
    ///   - isTold: whether the reader is told of it.
    func record(
        _ lives: [SubscriptionLife], reason: String? = nil, data: JSONText = JSONText(), isTold: Bool = true
    ) throws {
        try write(changes(of: lives, reason: reason, data: data, isTold: isTold))
    }

    /// Writes what was put together in this transaction.
    func write(_ changes: LifeChanges) throws {
        try write(changes.updates)
        for (subscription, changes) in changes.grants {
            for grant in changes.voided { try voidGrant(grant.id, of: subscription.accountID) }
            try insertGrants(to: subscription, changes.added.filter { $0.interval.endsAt != $0.interval.startsAt })
        }
        try record(changes.events)
    }
}

/// What is to be written down of subscriptions.
struct LifeChanges: Sendable {
    let updates: SubscriptionUpdates
    /// Those of which grants are voided or added from now on.
    var grants: [(subscription: Subscription, changes: GrantChanges)] = []
    let events: [NewEvent]
}

extension ReadTransaction {
    /// What is to be written down of subscriptions that were taken through steps.
    func changes(
        of lives: [SubscriptionLife], reason: String? = nil, data: JSONText = JSONText(), isTold: Bool = true
    ) throws -> LifeChanges {
        let changed = lives.filter { !$0.steps.isEmpty }
        let live = try liveGrants(of: changed.map(\.subscription.accountID))
        return LifeChanges(
            updates: SubscriptionUpdates(changed.map { (before: $0.recorded, after: $0.subscription) }),
            grants: changed.compactMap { life in
                let subscription = life.subscription
                let own = (live[subscription.accountID] ?? []).filter { $0.subscription == subscription.id }
                let changes = GrantChanges(live: own, promised: subscription.promisedAccess, at: now)
                return changes.voided.isEmpty && changes.added.isEmpty ? nil : (subscription, changes)
            },
            events: changed.flatMap { life in
                let others = (live[life.subscription.accountID] ?? []).filter {
                    $0.subscription != life.subscription.id
                }
                let isOver = life.subscription.status.isFinal && !isCovered(life.subscription, by: others)
                return events(
                    of: life, reason: reason, data: data,
                    isTold: isTold && (isOver || !life.subscription.status.isFinal))
            })
    }

    /// Whether all that a subscription gave is given by other grants now: whoever can read on is not told of an end.
    private func isCovered(_ subscription: Subscription, by others: [Grant]) -> Bool {
        subscription.terms.entitlements.allSatisfy { entitlement in
            others.contains { $0.entitlement.gives(entitlement) && $0.interval.contains(now) }
        }
    }

    /// An event for each step; the reader is told of one of them.
    fileprivate func events(
        of life: SubscriptionLife, reason: String?, data: JSONText, isTold: Bool = true
    ) -> [NewEvent] {
        let told = isTold ? life.toldIndex : nil
        return life.steps.enumerated().map { index, step in
            // What was paid with a beginning belongs to the payment's event alone.
            var json = step.byClock || step.transition == .start ? JSONText() : data
            if let from = step.from { json.add("from", from.rawValue) }
            json.add("subscription", step.subscription.snapshot)
            json.add("transition", step.transition.rawValue)
            return NewEvent(
                step.transition.rule.event, account: step.subscription.accountID, subscription: step.subscription.id,
                reason: step.byClock ? nil : reason, data: json.text, effectiveAt: step.effectiveAt,
                message: index == told ? step.transition.rule.message : nil, isByClock: step.byClock)
        }
    }
}
