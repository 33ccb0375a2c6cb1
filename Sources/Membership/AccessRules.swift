/// The rules of access: pure functions of facts and a time.
package enum AccessRules {
    /// Decides whether the reader may open the article at the moment, when that answer next changes, and when she may.
    package static func decide(_ facts: AccessFacts, at moment: Timestamp) -> AccessDecision {
        let situation = AccessSituation(facts, at: moment)
        return decision(situation.verdict, in: situation)
    }

    /// As ``decide(_:at:)``, and gathers of the ``OfferFacts`` only what the decision needs.
    ///
    /// - Parameters:
    ///   - spent: gathers the zone and the reads alone; nil when all is to be gathered at once.
    ///   - offer: gathers all, given what has been.
    package static func decide(
        _ facts: inout AccessFacts, at moment: Timestamp, spent: (AccessFacts) throws -> OfferFacts?,
        offer: (AccessFacts) throws -> OfferFacts
    ) rethrows -> AccessDecision {
        guard facts.offer == nil else { return decide(facts, at: moment) }
        let situation = AccessSituation(facts, at: moment)
        let early = situation.first(upTo: .lastWithoutOffer)
        if let early, isFinal(early, facts) { return decision(situation.verdict(of: early), in: situation) }
        var partly = facts
        if let spent = try spent(facts) {
            partly.offer = spent
            if early == nil {
                // When somebody who is let in is let in no longer does not hang on what she could have then.
                let situation = AccessSituation(situation, knowing: partly)
                if let row = situation.first(after: .lastWithoutOffer, upTo: .lastWithoutPlans), row.reason.allows {
                    return decision(situation.verdict(of: row), in: situation)
                }
            }
        }
        facts.offer = try offer(partly)
        let whole = AccessSituation(situation, knowing: facts)
        let row = early ?? whole.first(after: .lastWithoutOffer) ?? .otherwise
        return decision(whole.verdict(of: row), in: whole)
    }

    /// Whether a decision by a row that needs no ``OfferFacts`` needs none altogether. When it changes needs none,
    /// because whatever row comes next is another; but when a reader who is kept out may read can hang on what she has
    /// spent.
    private static func isFinal(_ row: AccessRow, _ facts: AccessFacts) -> Bool {
        if row.reason.allows || !facts.canBeMetered { return true }
        if case .anonymous = facts.reader { return true }
        return false
    }

    /// What is decided in a situation, and when that changes.
    private static func decision(
        _ now: consuming AccessDecision.Verdict, in situation: AccessSituation
    ) -> AccessDecision {
        let isLetIn = now.row.reason.allows
        var (change, admission): (Timestamp?, Timestamp?)
        let boundaries = AccessBoundaries(situation.facts, after: situation.moment)
        var last = situation.moment
        while let boundary = boundaries.next(of: situation.facts, after: last) {
            last = boundary
            let then = AccessSituation(situation, at: boundary)
            // Whatever row is the first then, it is another.
            let isOver = isLetIn && !then.applies(now.row)
            let row = isOver ? nil : then.first() ?? .otherwise
            if change == nil, row != now.row || then.verdict(of: now.row) != now { change = boundary }
            if !isLetIn, admission == nil, row?.reason.allows ?? false { admission = boundary }
            if change != nil, isLetIn || admission != nil { break }
        }
        return AccessDecision(verdict: now, at: situation.moment, nextChangeAt: change, waitUntil: admission)
    }
}

/// Every later moment at which some fact starts or stops holding by itself. What nobody could write down counts as
/// never.
private struct AccessBoundaries {
    /// The end of the month whose reads count, and what the clock does to the subscription.
    private var ofOffer: [Timestamp] = []

    init(_ facts: AccessFacts, after moment: Timestamp) {
        guard let offer = facts.offer else { return }
        // With the month its reads are over; in those after there are none.
        if facts.canBeMetered, let end = offer.zone.month(containing: moment).endsAt { ofOffer.append(end) }
        var subscription = offer.subscription?.advanced(to: moment)
        while let due = subscription?.nextStatusAt {
            ofOffer.append(due)
            subscription = subscription?.advanced(to: due)
        }
    }

    /// The first after another; nil when there is none. Most decisions need one or two, and there are few: they are
    /// looked for, not sorted.
    func next(of facts: AccessFacts, after last: Timestamp) -> Timestamp? {
        var earliest: Timestamp?
        func consider(_ boundary: Timestamp?) {
            guard let boundary, boundary > last, boundary <= Timestamp.writable.upperBound else { return }
            earliest = min(boundary, earliest ?? boundary)
        }
        consider(facts.ruled.nextBoundary(after: last))
        if case .account(let account) = facts.reader {
            consider(account.createdAt)
            for index in account.grants.indices {
                consider(account.grants[index].interval.startsAt)
                consider(account.grants[index].interval.endsAt)
            }
            for index in account.suspensions.indices {
                consider(account.suspensions[index].interval.startsAt)
                consider(account.suspensions[index].interval.endsAt)
            }
        }
        for boundary in ofOffer { consider(boundary) }
        return earliest
    }
}
