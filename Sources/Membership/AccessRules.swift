/// The rules of access: pure functions of facts and a time.
public enum AccessRules {
    /// Decides whether the reader may open the article at the moment, when that answer next changes, and when she may.
    public static func decide(_ facts: AccessFacts, at moment: Timestamp) -> AccessDecision {
        let now = verdict(facts, at: moment)
        var (change, admission): (Timestamp?, Timestamp?)
        for boundary in boundaries(facts, after: moment) {
            let then = verdict(facts, at: boundary)
            if change == nil, then != now { change = boundary }
            if admission == nil, then.row.reason.allows { admission = boundary }
            if change != nil, admission != nil || now.row.reason.allows { break }
        }
        return AccessDecision(
            verdict: now, at: moment, nextChangeAt: change, waitUntil: now.row.reason.allows ? nil : admission)
    }

    /// Whether the decision needs no ``OfferFacts``. When it changes needs none either, because whatever row comes next is
    /// another; but when a reader who is kept out may read can hang on what she has spent.
    package static func isDecided(without facts: AccessFacts, at moment: Timestamp) -> Bool {
        let row = verdict(facts, at: moment).row
        guard row.needsNoOffer else { return false }
        if row.reason.allows || facts.reader == .anonymous { return true }
        return !facts.canBeMetered
    }

    private static let rows = AccessRow.allCases

    /// The first row of the table that applies.
    static func verdict(_ facts: AccessFacts, at moment: Timestamp) -> AccessDecision.Verdict {
        let situation = AccessSituation(facts, at: moment)
        for row in rows {
            if let verdict = situation.verdict(of: row) { return verdict }
        }
        return AccessDecision.Verdict(row: .otherwise)
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
            if facts.canBeMetered { add(CalendarMonth(containing: moment, in: offer.zone).end(in: offer.zone)) }
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
