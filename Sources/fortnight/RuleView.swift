import Membership

/// A rule as JSON.
struct RuleView: Encodable {
    let id: String
    let target: String
    @ExplicitNull var access: String?
    @ExplicitNull var freeFor: String?
    @ExplicitNull var freeAfter: String?
    let requires: [String]
    @ExplicitNull var embargoUntil: Timestamp?
    let withdrawn: Bool
    @ExplicitNull var meter: Meter?
    @ExplicitNull var teaser: String?
    @ExplicitNull var unreadable: String?
    let startsAt: Timestamp
    @ExplicitNull var endsAt: Timestamp?
    let actor: String
    @ExplicitNull var reason: String?
    let recordedAt: Timestamp
    @ExplicitNull var voidedAt: Timestamp?
    @ExplicitNull var voidedBy: String?
    @ExplicitNull var voidReason: String?

    struct Meter: Encodable {
        let anonymous: Int
        let registered: Int
    }

    init(_ rule: AccessRule) {
        let settings = rule.settings
        id = rule.id.description
        target = rule.target.name
        access = settings?.terms?.access.rawValue
        freeFor = settings?.terms?.freeFor?.description
        freeAfter = settings?.terms?.freeAfter?.description
        requires = settings?.terms?.requires.map(\.name) ?? []
        embargoUntil = settings?.embargoUntil
        withdrawn = settings?.isWithdrawn ?? false
        meter = settings?.meter.map { Meter(anonymous: $0.anonymous, registered: $0.registered) }
        teaser = settings?.teaser?.description
        if case .unreadable(let why) = rule.content { unreadable = why }
        startsAt = rule.interval.startsAt
        endsAt = rule.interval.endsAt
        actor = rule.actor.name
        reason = rule.reason
        recordedAt = rule.recordedAt
        voidedAt = rule.voidedAt
        voidedBy = rule.voiding?.actor?.name
        voidReason = rule.voiding?.reason
    }
}

extension RuleView {
    /// Rules for people.
    static func table(_ rules: [AccessRule], withVoided: Bool = false) -> Table {
        var table =
            withVoided
            ? Table("TARGET", "RULE", "FROM", "UNTIL", "RECORDED", "BY", "REASON", "VOIDED", "BY", "REASON")
            : Table("TARGET", "RULE", "FROM", "UNTIL", "RECORDED", "BY", "REASON")
        for rule in rules {
            let (start, end) = (rule.interval.startsAt.rfc3339, rule.interval.endsAt?.rfc3339 ?? "for ever")
            let (target, actor, reason) = (rule.target.name, rule.actor.name, rule.reason ?? "")
            if withVoided {
                table.add(
                    target, rule.content.sentence, start, end, rule.recordedAt.rfc3339, actor, reason,
                    rule.voidedAt?.rfc3339 ?? "-", rule.voiding?.actor?.name ?? "", rule.voiding?.reason ?? "")
            } else {
                table.add(target, rule.content.sentence, start, end, rule.recordedAt.rfc3339, actor, reason)
            }
        }
        return table
    }
}

extension AccessRule.Content {
    /// What it says, for people.
    var sentence: String {
        switch self {
        case .settings(let settings): settings.description
        case .unreadable(let why): "cannot be understood: \(why)"
        }
    }
}

/// What a target's rule had to say, as JSON.
struct RuleUseView: Encodable {
    let target: String
    @ExplicitNull var rule: RuleView?
    let counts: [String]

    init(_ use: AccessExplanation.RuleUse) {
        target = use.target.name
        rule = use.rule.map(RuleView.init)
        counts = use.counts
    }

    /// The same for people.
    static func table(_ uses: [AccessExplanation.RuleUse]) -> Table {
        var table = Table("TARGET", "RULE", "COUNTS FOR", "SINCE", "BY", "REASON")
        for use in uses {
            table.add(
                use.target.name,
                use.rule?.content.sentence ?? (use.target == .everything ? "no rule: premium" : "no rule"),
                use.counts.joined(separator: ", "),
                use.rule?.interval.startsAt.rfc3339 ?? "", use.rule.map { "\($0.actor)" } ?? "",
                use.rule?.reason ?? "")
        }
        return table
    }
}
