/// The rules of access: pure functions of facts and a time.
public enum AccessRules {
    /// Decides whether the reader may open the article at the moment, and when that answer next changes.
    public static func decide(_ facts: AccessFacts, at moment: Timestamp) -> AccessDecision {
        let now = verdict(facts, at: moment)
        let change = boundaries(facts).filter { $0 > moment }.sorted().first { verdict(facts, at: $0) != now }
        return AccessDecision(
            reason: now.reason, source: now.source, until: now.until,
            since: now.since, trialDaysOnOffer: now.trialDaysOnOffer, at: moment, nextChangeAt: change)
    }

    /// What is decided, without the time that was asked about.
    private struct Verdict: Equatable {
        var reason: AccessDecision.Reason
        var source: Grant.Source?
        var until: Timestamp?
        var since: Timestamp?
        var trialDaysOnOffer: Int?
    }

    /// The first rule that applies decides. The order is the one of docs/access.md.
    private static func verdict(_ facts: AccessFacts, at moment: Timestamp) -> Verdict {
        let article = facts.article
        if moment < article.publishedAt { return Verdict(reason: .notPublished) }
        if article.access == .free { return Verdict(reason: .free) }
        switch facts.reader {
        case .anonymous(let trialDays):
            return Verdict(reason: .signUpRequired, trialDaysOnOffer: trialDays)
        case .account(let account):
            // Asked about a time before the person signed up.
            if moment < account.createdAt { return Verdict(reason: .signUpRequired) }
            if let suspension = account.suspensions.first(where: { $0.interval.contains(moment) }) {
                return Verdict(reason: .accountSuspended, since: suspension.interval.startsAt)
            }
            let covering = account.grants.filter { facts.openingEntitlements.contains($0.entitlement) }
            if let longest = longestLasting(covering.filter { $0.interval.contains(moment) }) {
                return Verdict(reason: .entitled, source: longest.source, until: longest.interval.endsAt)
            }
            if article.access == .registered { return Verdict(reason: .registered) }
            // What lapsed last says best what would help.
            let lapsed = longestLasting(covering.filter { $0.interval.hasEnded(by: moment) })
            switch lapsed?.source {
            case .trial: return Verdict(reason: .trialEnded, since: lapsed?.interval.endsAt)
            case .subscription, .grace: return Verdict(reason: .subscriptionLapsed, since: lapsed?.interval.endsAt)
            case .gift, .complimentary, .group, .purchase, nil: return Verdict(reason: .subscriptionRequired)
            }
        }
    }

    private static func longestLasting(_ grants: [Grant]) -> Grant? {
        grants.max { $1.interval.outlasts($0.interval) }
    }

    /// Every moment at which some fact starts or stops holding.
    private static func boundaries(_ facts: AccessFacts) -> [Timestamp] {
        var intervals: [Interval] = []
        var moments = [facts.article.publishedAt]
        if case .account(let account) = facts.reader {
            moments.append(account.createdAt)
            intervals = account.grants.map(\.interval) + account.suspensions.map(\.interval)
        }
        return moments + intervals.map(\.startsAt) + intervals.compactMap(\.endsAt)
    }
}
