extension Subscription {
    /// What another account is given when this subscription ends because its account becomes part of that one, which
    /// has a subscription of its own: nobody loses what was given or paid for.
    ///
    /// - Free days stay free until the same moment. There is one trial for a person, so they are not made longer.
    /// - What is paid for keeps its length, and begins when the other subscription no longer gives the same right;
    ///   where something else that was paid for and carried before gives it, it makes way, and goes on behind that.
    /// - A period without a price is kept to its end. Grace was promised for a payment, and is not carried.
    ///
    /// - Parameters:
    ///   - other: the subscription that goes on.
    ///   - grants: what its account has besides.
    package func carriedAccess(
        into other: Subscription, beside grants: [Grant] = [], at now: Timestamp
    ) -> [PromisedAccess] {
        var life = SubscriptionLife(self)
        life.advance(to: now)
        // What a paused subscription has kept begins again now.
        if life.subscription.status == .paused { try? life.resume(at: now) }
        let rest = life.subscription
        // What is paid for of each right stays in a row; and of two rights one may be part of the other.
        var laid: [PromisedAccess] = []
        return rest.promisedAccess.flatMap { promise -> [PromisedAccess] in
            let (entitlement, start) = (promise.entitlement, max(promise.interval.startsAt, now))
            guard let end = promise.interval.endsAt ?? rest.currentPeriodEnd, end > start else { return [] }
            switch promise.source {
            case .subscription where !rest.costsNothing(promise):
                let paid =
                    laid + grants.filter { $0.source == .purchase && $0.voidedAt == nil }.map(PromisedAccess.init)
                let row = laid.last { $0.entitlement == entitlement }?.interval.endsAt
                let free = row ?? max(start, other.paidEnd(of: entitlement, at: now) ?? start)
                let new = paid.stretches(of: end - start, without: entitlement, from: free).map {
                    PromisedAccess(entitlement: entitlement, source: .purchase, interval: $0)
                }
                laid += new
                return new
            case .trial, .subscription:
                return [
                    PromisedAccess(
                        entitlement: entitlement, source: .complimentary, interval: Interval(from: start, until: end))
                ]
            case .grace, .gift, .complimentary, .group, .purchase:
                return []
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

extension PromisedAccess {
    fileprivate init(_ grant: Grant) {
        self.init(entitlement: grant.entitlement, source: grant.source, interval: grant.interval)
    }
}

extension [PromisedAccess] {
    /// The first stretches of time from a moment on, so long together, in which nothing of these gives a right; what
    /// has no end is left aside.
    fileprivate func stretches(
        of length: TimeSpan, without entitlement: Entitlement, from moment: Timestamp
    ) -> [Interval] {
        let paid = filter { $0.interval.endsAt != nil && $0.entitlement.gives(entitlement) }.map(\.interval)
        var stretches: [Interval] = []
        var (free, rest) = (moment, length)
        while rest > TimeSpan(milliseconds: 0) {
            if let end = paid.first(where: { $0.contains(free) })?.endsAt {
                free = end
                continue
            }
            let next = paid.map(\.startsAt).filter { $0 > free }.min()
            let end = Swift.min(free + rest, next ?? free + rest)
            stretches.append(Interval(from: free, until: end))
            rest = TimeSpan(milliseconds: rest.milliseconds - (end - free).milliseconds)
            free = end
        }
        return stretches
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
