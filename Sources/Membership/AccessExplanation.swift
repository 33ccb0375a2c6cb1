/// How a decision was come to: every rule, grant and count that was looked at, in the order of the table.
public struct AccessExplanation: Equatable, Sendable {
    /// The targets whose rules the access can come from, nearest first.
    public let rules: [RuleUse]
    /// The rows of the table, in order.
    public let steps: [Step]

    /// What a target's rule had to say.
    public struct RuleUse: Equatable, Sendable {
        /// Whose rule.
        public let target: RuleTarget
        /// The rule that holds at the moment; nil when there is none. A target has as many uses as rules that hold.
        public let rule: AccessRule?
        /// What of it counts; empty when nothing does.
        public let counts: [String]
    }

    /// A row of the table.
    public struct Step: Equatable, Sendable {
        /// Which.
        public let row: AccessRow
        /// Whether it applies; nil when a row before it decided.
        public let applies: Bool?
        /// What was looked at, a sentence each.
        public let notes: [String]
    }

    /// Explains the decision that ``AccessRules/decide(_:at:)`` makes of the same facts.
    ///
    /// The facts must be whole, with an ``OfferFacts``.
    package init(_ facts: AccessFacts, at moment: Timestamp) {
        let situation = AccessSituation(facts, at: moment)
        rules = RuleTarget.chain(of: facts.article).flatMap { target in
            let holding = RulesInForce.rules(of: target, holding: facts.rules, at: moment)
            guard !holding.isEmpty else { return [RuleUse(target: target, rule: nil, counts: [])] }
            return holding.map { rule in
                RuleUse(
                    target: target, rule: rule,
                    counts: holding.count > 1 ? ["holds beside another"] : situation.access.parts(from: rule))
            }
        }
        var isDecided = false
        steps = AccessRow.allCases.map { row in
            guard !isDecided else { return Step(row: row, applies: nil, notes: []) }
            isDecided = situation.applies(row)
            return Step(row: row, applies: isDecided, notes: situation.notes(on: row))
        }
    }
}

extension ArticleAccess {
    /// What of a rule that holds counts for the article.
    fileprivate func parts(from rule: AccessRule) -> [String] {
        guard let settings = rule.settings else { return ["cannot be understood"] }
        var parts: [String] = []
        if settings.terms != nil, origin == rule.target { parts.append("access") }
        if settings.embargoUntil != nil, embargo == rule.target { parts.append("embargo") }
        if settings.isWithdrawn { parts.append("withdrawal") }
        if settings.meter != nil, meter == rule.target { parts.append("meter") }
        if settings.teaser != nil, teaserOrigin == rule.target { parts.append("teaser") }
        return parts
    }
}

extension AccessSituation {
    /// What was looked at for a row.
    fileprivate func notes(on row: AccessRow) -> [String] {
        switch row {
        case .unreadable: access.unreadable.map { ["The rule of \($0) cannot be understood."] } ?? []
        case .withdrawn: access.withdrawnBy.map { ["The rule of \($0) withdraws it."] } ?? []
        case .notPublished:
            ["It may be read from \(access.publishedAt)."]
        case .free: ["It is \(access.level.rawValue), by \(access.origin): \(access.terms)."]
        case .suspended:
            (account?.suspensions ?? []).map {
                "Suspended from \($0.interval.startsAt)\($0.interval.endsAt.map { " until \($0)" } ?? ""): \($0.reason)"
            }
        case .entitled: grantNotes
        case .registered: [account == nil ? "The reader has no account." : "The article is \(access.level.rawValue)."]
        case .openedBefore:
            readsThisMonth.map { "Opened \($0.article) at \($0.openedAt), by the meter of \($0.meter)." }
        case .metered, .meterExhausted: [meterNote]
        case .anonymous: [account == nil ? "The reader has no account." : "The reader has an account."]
        case .trialEnded, .paymentOverdue, .subscriptionLapsed:
            [
                lapsed.map { "Last \($0.source.rawValue) ended, at \($0.interval.endsAt?.rfc3339 ?? "")." }
                    ?? "Nothing ended."
            ]
        case .entitlementMissing:
            holding.map { "\($0.id) gives \($0.entitlement.name)." }
        case .otherwise: []
        }
    }

    private var grantNotes: [String] {
        let wanted = "It takes " + access.opening.map(\.name).joined(separator: " or ") + "."
        return [wanted]
            + (account?.grants ?? []).map { grant in
                let opens = access.opening.contains(grant.entitlement)
                let state =
                    if grant.interval.contains(moment) {
                        opens ? "opens it" : "does not open it"
                    } else if grant.interval.hasEnded(by: moment) {
                        opens ? "opened it, and is over" : "is over"
                    } else {
                        "has not begun"
                    }
                let end = grant.interval.endsAt.map { " until \($0)" } ?? ""
                return "\(grant.id): \(grant.entitlement.name) from \(grant.source.rawValue), "
                    + "\(grant.interval.startsAt)\(end): \(state)."
            }
    }

    private var meterNote: String {
        guard access.level == .metered else { return "The article is \(access.level.rawValue)." }
        guard let meter else { return "Nobody knows who reads, so that nothing can be counted." }
        return "The meter of \(meter.meter) allows \(meter.allowance); \(meter.spent) spent, \(meter.left) left until "
            + "\(meter.resetsAt), when the month ends in \(meter.timeZone)."
    }
}
