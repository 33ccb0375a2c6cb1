extension Subscription {
    /// What another account is given when this subscription ends because its account becomes part of that one, which
    /// has a subscription of its own: nobody loses what was given or paid for.
    ///
    /// - Free days stay free until the same moment. There is one trial for a person, so they are not made longer.
    /// - What is paid for keeps its length, and begins when the other subscription no longer gives the same right, nor
    ///   anything else that was paid for and carried before.
    /// - A period without a price is kept to its end. Grace was promised for a payment, and is not carried.
    ///
    /// - Parameters:
    ///   - other: the subscription that goes on.
    ///   - grants: what its account has besides.
    public func carriedAccess(
        into other: Subscription, beside grants: [Grant] = [], at now: Timestamp
    ) -> [PromisedAccess] {
        var life = SubscriptionLife(self)
        life.advance(to: now)
        // What a paused subscription has kept begins again now.
        if life.subscription.status == .paused { try? life.resume(at: now) }
        let rest = life.subscription
        let access = rest.promisedAccess
        return access.compactMap { promise -> PromisedAccess? in
            let start = max(promise.interval.startsAt, now)
            guard let end = promise.interval.endsAt ?? rest.currentPeriodEnd, end > start else { return nil }
            switch promise.source {
            case .trial:
                return PromisedAccess(
                    entitlement: promise.entitlement, source: .complimentary,
                    interval: Interval(from: start, until: end))
            case .subscription:
                let isFree = rest.costsNothing(promise)
                // All that is paid for moves by the same length, so that it stays in a row.
                let first =
                    access.first {
                        $0.source == .subscription && $0.entitlement == promise.entitlement && !rest.costsNothing($0)
                    } ?? promise
                let paidFrom = max(first.interval.startsAt, now)
                let otherEnd = other.paidEnd(of: promise.entitlement, at: now) ?? paidFrom
                let free = grants.firstFree(of: promise.entitlement, from: max(otherEnd, paidFrom))
                let wait = isFree ? TimeSpan(milliseconds: 0) : free - paidFrom
                return PromisedAccess(
                    entitlement: promise.entitlement, source: isFree ? .complimentary : .purchase,
                    interval: Interval(from: start + wait, until: end + wait))
            case .grace, .gift, .complimentary, .group, .purchase:
                return nil
            }
        }
    }

    /// Whether what it promises is of periods without a price: of a free plan, up to the plan that it changes to.
    private func costsNothing(_ promise: PromisedAccess) -> Bool {
        guard promise.interval.endsAt != nil else { return true }
        guard terms.isFree else { return false }
        return nextVersion.map { promise.interval.startsAt < boundary($0.fromIndex) } ?? true
    }

    /// Until when it gives a right, or all of which that is part, without grace; nil when it does not, or for ever.
    private func paidEnd(of entitlement: Entitlement, at now: Timestamp) -> Timestamp? {
        let given = advanced(to: now).promisedAccess.filter {
            $0.source != .grace && $0.entitlement.gives(entitlement)
        }
        return given.compactMap(\.interval.endsAt).max()
    }
}

extension [Grant] {
    /// The first moment from one on at which nothing of these that was paid for gives a right; what is paid for without
    /// an end is left aside.
    fileprivate func firstFree(of entitlement: Entitlement, from moment: Timestamp) -> Timestamp {
        let paid = filter { $0.source == .purchase && $0.voidedAt == nil && $0.entitlement.gives(entitlement) }
        var free = moment
        while let end = paid.first(where: { $0.interval.contains(free) && $0.interval.endsAt != nil })?.interval.endsAt
        {
            free = end
        }
        return free
    }
}

extension Subscription {
    /// The same agreement of another account.
    package func moved(
        to account: Identifier<Account>, as id: Identifier<Subscription>, at now: Timestamp
    ) -> Subscription {
        var moved = Subscription(
            id: id, accountID: account, version: version, status: status, zone: zone, settledPeriods: settledPeriods,
            revision: 1, createdAt: createdAt, updatedAt: max(updatedAt, now))
        (moved.trialStart, moved.trialEnd) = (trialStart, trialEnd)
        (moved.convertsTrial, moved.remindedAt) = (convertsTrial, remindedAt)
        (moved.anchor, moved.periodIndex) = (anchor, periodIndex)
        (moved.currentPeriodStart, moved.currentPeriodEnd) = (currentPeriodStart, currentPeriodEnd)
        (moved.cancelAtPeriodEnd, moved.canceledAt) = (cancelAtPeriodEnd, canceledAt)
        (moved.pausedAt, moved.pauseUntil) = (pausedAt, pauseUntil)
        moved.nextVersion = nextVersion
        return moved
    }
}
