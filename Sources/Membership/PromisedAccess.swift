/// What a subscription gives: access follows from its state, never from a job.
package struct PromisedAccess: Hashable, Sendable {
    /// What it gives.
    package let entitlement: Entitlement
    /// By what right.
    package let source: Grant.Source
    /// During which time.
    package let interval: Interval

    /// Makes a promise.
    package init(entitlement: Entitlement, source: Grant.Source, interval: Interval) {
        self.entitlement = entitlement
        self.source = source
        self.interval = interval
    }
}

extension Subscription {
    /// All access that follows from the state, now and later, if nobody does anything: the trial, what is paid for, and
    /// the grace after it. So that a job that is late takes nothing away, it is granted ahead.
    package var promisedAccess: [PromisedAccess] {
        switch status {
        case .trialing:
            guard let trialStart, let trialEnd else { return [] }
            let trial = promise(terms, .trial, trialStart, trialEnd)
            guard settledPeriods > 0 || convertsTrial && (terms.isFree || !cancelAtPeriodEnd) else { return trial }
            return trial + paidAccess(from: trialEnd)
        case .active:
            return currentPeriodStart.map(paidAccess(from:)) ?? []
        case .pastDue:
            guard let currentPeriodStart, let graceEnd else { return [] }
            return promise(terms, .grace, currentPeriodStart, graceEnd)
        case .paused:
            // Resumed by the clock, when that is known.
            guard let pauseUntil else { return [] }
            return advanced(to: pauseUntil).paidAccess(from: pauseUntil)
        case .canceled, .expired:
            return []
        }
    }

    /// What is paid for from the current period on, and what follows.
    private func paidAccess(from start: Timestamp) -> [PromisedAccess] {
        let changeIndex = nextVersion?.fromIndex ?? Int.max
        if terms.isFree {
            let end = cancelAtPeriodEnd || nextVersion != nil ? freeEnd(changeIndex) : nil
            let free = promise(terms, .subscription, start, end)
            return free + (end.map { afterwards(from: $0, paidUpTo: changeIndex) } ?? [])
        }
        let paidIndex = min(settledPeriods, changeIndex)
        let paidEnd = paidIndex > (periodIndex ?? -1) ? boundary(paidIndex) : start
        return promise(terms, .subscription, start, paidEnd) + afterwards(from: paidEnd, paidUpTo: paidIndex)
    }

    /// The plan changes with a later period, or nobody has paid any more.
    private func afterwards(from moment: Timestamp, paidUpTo index: Int) -> [PromisedAccess] {
        let next = terms(ofPeriod: index)
        if settledPeriods > index {
            let end = boundary(settledPeriods)
            return promise(next, .subscription, moment, end)
                + (cancelAtPeriodEnd ? [] : promise(next, .grace, end, end + next.graceLength))
        }
        if cancelAtPeriodEnd { return [] }
        return next.isFree
            ? promise(next, .subscription, moment, nil)
            : promise(next, .grace, moment, moment + next.graceLength)
    }

    /// The end of what is free: with the current period, or with the one before the plan changes.
    private func freeEnd(_ changeIndex: Int) -> Timestamp {
        boundary(min(max(settledPeriods, (periodIndex ?? 0) + 1), changeIndex))
    }

    private func promise(
        _ terms: PlanTerms, _ source: Grant.Source, _ start: Timestamp, _ end: Timestamp?
    ) -> [PromisedAccess] {
        if let end, end <= start { return [] }
        return terms.entitlements.map {
            PromisedAccess(entitlement: $0, source: source, interval: Interval(from: start, until: end))
        }
    }
}

/// What has to be done with a subscription's grants so that they are what it promises. A grant is never edited: it is
/// voided and replaced, and what has been given stays given.
package struct GrantChanges: Equatable, Sendable {
    /// Grants that are no longer true.
    package private(set) var voided: [Grant] = []
    /// Grants to write.
    package private(set) var added: [PromisedAccess] = []

    /// Compares what is with what is promised.
    ///
    /// - Parameter live: the grants of the subscription that have not been voided.
    package init(live: [Grant], promised: [PromisedAccess], at now: Timestamp) {
        // A job promises by its own beginning, and what it does takes a while.
        var missing = promised.filter { !$0.interval.hasEnded(by: now) }
        var leftover: [Grant] = []
        for grant in live where !grant.interval.hasEnded(by: now) {
            if let index = missing.firstIndex(where: { GrantChanges.isKept(grant, $0, now) }) {
                missing.remove(at: index)
            } else {
                leftover.append(grant)
            }
        }
        added = missing.map { promise in
            guard promise.interval.startsAt < now else { return promise }
            return PromisedAccess(
                entitlement: promise.entitlement, source: promise.source,
                interval: Interval(
                    from: GrantChanges.start(of: promise, replacing: leftover, now), until: promise.interval.endsAt))
        }
        voided = leftover
        for grant in leftover where grant.interval.startsAt < now {
            let isCovered = added.contains {
                $0.entitlement == grant.entitlement && $0.interval.startsAt <= grant.interval.startsAt
                    && !$0.interval.hasEnded(by: now)
            }
            guard !isCovered else { continue }
            added.append(
                PromisedAccess(
                    entitlement: grant.entitlement, source: grant.source,
                    interval: Interval(from: grant.interval.startsAt, until: now)))
        }
    }

    /// What goes on, goes on from where it began. Nothing is given for a time that has passed, in which it was not
    /// held.
    private static func start(of promise: PromisedAccess, replacing live: [Grant], _ now: Timestamp) -> Timestamp {
        let before = live.filter { $0.entitlement == promise.entitlement && $0.interval.contains(now) }
        if let same = before.first(where: { $0.source == promise.source }) { return same.interval.startsAt }
        return before.map { max($0.interval.startsAt, promise.interval.startsAt) }.min() ?? now
    }

    /// Whether a grant is the promise: the same right to the same end, and from the same moment or both under way.
    private static func isKept(_ grant: Grant, _ promise: PromisedAccess, _ now: Timestamp) -> Bool {
        let (start, wanted) = (grant.interval.startsAt, promise.interval.startsAt)
        return grant.entitlement == promise.entitlement && grant.source == promise.source
            && grant.interval.endsAt == promise.interval.endsAt && (start == wanted || max(start, wanted) <= now)
    }
}
