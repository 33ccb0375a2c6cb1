/// The rules of access: pure functions of facts and a time.
public enum AccessRules {
    /// Decides whether the reader may open the article at the moment, when that answer next changes, and when she may.
    public static func decide(_ facts: AccessFacts, at moment: Timestamp) -> AccessDecision {
        let now = verdict(facts, at: moment)
        var (change, admission): (Timestamp?, Timestamp?)
        // What nobody could write down counts as never.
        let ahead = Set(boundaries(facts, from: moment)).filter { $0 > moment && $0 <= Timestamp.writable.upperBound }
        for boundary in ahead.sorted() {
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

    /// The first row of the table that applies.
    static func verdict(_ facts: AccessFacts, at moment: Timestamp) -> AccessDecision.Verdict {
        let situation = AccessSituation(facts, at: moment)
        for row in AccessRow.allCases {
            if let verdict = situation.verdict(of: row) { return verdict }
        }
        return AccessDecision.Verdict(row: .otherwise)
    }

    /// Every moment at which some fact starts or stops holding by itself.
    private static func boundaries(_ facts: AccessFacts, from moment: Timestamp) -> [Timestamp] {
        var moments = ArticleAccess.boundaries(of: facts.article, rules: facts.rules)
        if case .account(let account) = facts.reader {
            moments.append(account.createdAt)
            for interval in account.grants.map(\.interval) + account.suspensions.map(\.interval) {
                moments.append(interval.startsAt)
                if let end = interval.endsAt { moments.append(end) }
            }
        }
        guard let offer = facts.offer else { return moments }
        // With the month its reads are over; in those after there are none.
        if facts.canBeMetered {
            moments.append(CalendarMonth(containing: moment, in: offer.zone).end(in: offer.zone))
        }
        var subscription = offer.subscription?.advanced(to: moment)
        while let due = subscription?.nextStatusAt {
            moments.append(due)
            subscription = subscription?.advanced(to: due)
        }
        return moments
    }
}
