/// The rules of access: pure functions of facts and a time.
public enum AccessRules {
    /// Decides whether the reader may open the article at the moment, when that answer next changes, and when she may.
    public static func decide(_ facts: AccessFacts, at moment: Timestamp) -> AccessDecision {
        decision(verdict(facts, at: moment), facts, at: moment)
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
        if let early, isFinal(early, facts) { return decision(situation.verdict(of: early), facts, at: moment) }
        var partly = facts
        partly.offer = try spent(facts)
        if early == nil, partly.offer != nil {
            // When somebody who is let in is let in no longer does not hang on what she could have then.
            let situation = AccessSituation(partly, at: moment)
            if let row = situation.first(after: .lastWithoutOffer, upTo: .lastWithoutPlans), row.reason.allows {
                return decision(situation.verdict(of: row), partly, at: moment)
            }
        }
        facts.offer = try offer(partly)
        let whole = AccessSituation(facts, at: moment)
        let row = early ?? whole.first(after: .lastWithoutOffer) ?? .otherwise
        return decision(whole.verdict(of: row), facts, at: moment)
    }

    /// Whether a decision by a row that needs no ``OfferFacts`` needs none altogether. When it changes needs none, because
    /// whatever row comes next is another; but when a reader who is kept out may read can hang on what she has spent.
    private static func isFinal(_ row: AccessRow, _ facts: AccessFacts) -> Bool {
        if row.reason.allows || !facts.canBeMetered { return true }
        if case .anonymous = facts.reader { return true }
        return false
    }

    /// What the first row of the table says that applies.
    static func verdict(_ facts: AccessFacts, at moment: Timestamp) -> AccessDecision.Verdict {
        let situation = AccessSituation(facts, at: moment)
        return situation.verdict(of: situation.first() ?? .otherwise)
    }

    /// What is decided, and when that changes.
    private static func decision(
        _ now: AccessDecision.Verdict, _ facts: AccessFacts, at moment: Timestamp
    ) -> AccessDecision {
        var (change, admission): (Timestamp?, Timestamp?)
        for boundary in boundaries(facts, after: moment) {
            let situation = AccessSituation(facts, at: boundary)
            let row = situation.first() ?? .otherwise
            if change == nil, row != now.row || situation.verdict(of: row) != now { change = boundary }
            if admission == nil, row.reason.allows { admission = boundary }
            if change != nil, admission != nil || now.row.reason.allows { break }
        }
        return AccessDecision(
            verdict: now, at: moment, nextChangeAt: change, waitUntil: now.row.reason.allows ? nil : admission)
    }

    /// Every later moment at which some fact starts or stops holding by itself, in order. What nobody could write down
    /// counts as never.
    private static func boundaries(_ facts: AccessFacts, after moment: Timestamp) -> [Timestamp] {
        var ahead: [Timestamp] = []
        func add(_ boundary: Timestamp?) {
            guard let boundary, boundary > moment, boundary <= Timestamp.writable.upperBound else { return }
            ahead.append(boundary)
        }
        for boundary in facts.ruled.boundaries { add(boundary) }
        if case .account(let account) = facts.reader {
            add(account.createdAt)
            for grant in account.grants {
                add(grant.interval.startsAt)
                add(grant.interval.endsAt)
            }
            for suspension in account.suspensions {
                add(suspension.interval.startsAt)
                add(suspension.interval.endsAt)
            }
        }
        if let offer = facts.offer {
            // With the month its reads are over; in those after there are none.
            if facts.canBeMetered { add(offer.zone.month(containing: moment).endsAt) }
            var subscription = offer.subscription?.advanced(to: moment)
            while let due = subscription?.nextStatusAt {
                add(due)
                subscription = subscription?.advanced(to: due)
            }
        }
        guard ahead.count > 1 else { return ahead }
        ahead.sort()
        return ahead.indices.filter { $0 == 0 || ahead[$0] != ahead[$0 - 1] }.map { ahead[$0] }
    }
}
