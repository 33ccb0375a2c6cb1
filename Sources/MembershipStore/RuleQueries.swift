package import Membership

extension ReadTransaction {
    /// The rules of targets that stand, or stood at a moment.
    ///
    /// - Parameter known: as they were known then; nil for now.
    package func rules(of targets: [RuleTarget], asKnownAt known: Timestamp? = nil) throws -> [AccessRule] {
        let titles = targets.compactMap { target in
            if case .title(let title) = target { title } else { nil }
        }
        let named = try targets.inPages(of: 500).flatMap {
            try askRules(of: $0, asKnownAt: known).rows()
        }
        // What counts for a title because its section is none stands among the rules of its sections.
        let misnamed = try titles.inPages(of: 50).flatMap {
            try askRules(sectionsOf: $0, asKnownAt: known).rows()
        }.filter { if case .title = $0?.target { true } else { false } }
        return (named + misnamed).compactMap(\.self).compactMap { rule in
            known.map { rule.asKnown(at: $0) } ?? rule
        }
    }

    /// The rules of an article itself that stand.
    func rules(of article: ArticleKey) throws -> [AccessRule] {
        try sql.query(rulesOfTarget, [RuleTarget.article(article)], AccessRule.init(row:)).compactMap(\.self)
    }

    /// The articles of a title with rules of their own that stand; nil for more than a hundred rules.
    func articlesWithOwnRules(of title: Slug) throws -> Set<ArticleKey>? {
        let most = 100
        let found = try sql.query(
            selectArticlesWithOwnRules, ["article:\(title)/", "article:\(title)0", most + 1]
        ) { row -> ArticleKey? in
            guard case .article(let key) = RuleTarget(name: try row.text(0)) else { return nil }
            return key
        }
        return found.count > most ? nil : Set(found.compactMap(\.self))
    }

    /// Asks for the rules of targets and of every section of titles.
    func askRules(
        of targets: [RuleTarget] = [], sectionsOf titles: [Slug] = [], asKnownAt known: Timestamp?
    ) throws -> SQLAnswer<AccessRule?> {
        var arguments: [any SQLValueConvertible] = targets
        var conditions = targets.isEmpty ? [] : ["target IN (\(placeholders(targets.count)))"]
        for title in titles {
            // What stands behind the slash: 0 comes after it.
            let first = arguments.count + 1
            arguments += ["section:\(title)/", "section:\(title)0"]
            conditions.append("(target >= $\(first) AND target < $\(first + 1))")
        }
        let wanted = "(\(conditions.joined(separator: " OR ")))"
        guard let known else {
            return try sql.ask(
                "SELECT \(ruleColumns) FROM access_rules WHERE voided_at IS NULL AND \(wanted)", arguments,
                AccessRule.init(row:))
        }
        return try sql.ask(
            """
            SELECT \(ruleColumns) FROM access_rules
            WHERE \(wanted) AND recorded_at <= $\(arguments.count + 1)
                AND (voided_at IS NULL OR voided_at > $\(arguments.count + 1))
            """,
            arguments + [known], AccessRule.init(row:))
    }

    /// Every rule that stands, or stood, of one title or of all, by target and time, and who voided it. Rows that are
    /// for nothing and can concern no article are left out.
    package func rules(
        title: Slug? = nil, asKnownAt known: Timestamp? = nil, withVoided: Bool = false
    ) throws -> [AccessRule] {
        var arguments: [any SQLValueConvertible] = []
        var conditions: [String] = []
        if let known {
            arguments.append(known)
            conditions.append("recorded_at <= $1 AND (voided_at IS NULL OR voided_at > $1)")
        } else if !withVoided {
            conditions.append("voided_at IS NULL")
        }
        if let title {
            let ranges = ["section", "article"].flatMap { ["\($0):\(title)/", "\($0):\(title)0"] }
            let first = arguments.count + 1
            arguments += [RuleTarget.title(title)] + ranges
            conditions.append(
                """
                (target = $\(first) OR (target >= $\(first + 1) AND target < $\(first + 2))
                    OR (target >= $\(first + 3) AND target < $\(first + 4)))
                """)
        }
        return try sql.query(
            """
            SELECT \(ruleColumns), voided_by, void_reason FROM access_rules
            \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
            ORDER BY target, starts_at, rule_id
            """,
            arguments
        ) { row in
            try AccessRule(row: row, voidedBy: row.optionalText(17).map(Actor.init(stored:)), why: row.optionalText(18))
        }.compactMap(\.self).compactMap { rule in known.map { rule.asKnown(at: $0) } ?? rule }
    }

    /// The rows that stand and are for what nothing is called, by that name.
    package func misnamedRules() throws -> [(id: Identifier<AccessRule>, target: String)] {
        try sql.query("SELECT rule_id, target FROM access_rules WHERE voided_at IS NULL ORDER BY target, rule_id", []) {
            (try $0.identifier(0), try $0.text(1))
        }.filter { RuleTarget(name: $0.target) == nil }
    }

    /// Whether a plan gives an entitlement, in any of its versions, or somebody has been given it by hand.
    package func isKnown(_ entitlement: Entitlement) throws -> Bool {
        try sql.first(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM plan_entitlements WHERE entitlement = $1)
                OR EXISTS (SELECT 1 FROM grants WHERE entitlement = $2)
            """,
            [entitlement, entitlement]
        ) { _ in true } ?? false
    }

    /// Whether a plan that is not retired gives an entitlement in its newest version, or somebody has it, now or later.
    package func isToBeHad(_ entitlement: Entitlement) throws -> Bool {
        try sql.first(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM plan_entitlements AS e JOIN plans AS p ON p.plan = e.plan
                WHERE e.entitlement = $1 AND p.retired_at IS NULL
                    AND e.version = (SELECT max(v.version) FROM plan_versions AS v
                        WHERE v.plan = e.plan AND v.published_at IS NOT NULL))
                OR EXISTS (SELECT 1 FROM grants
                    WHERE entitlement = $2 AND voided_at IS NULL AND (ends_at IS NULL OR ends_at > $3))
            """,
            [entitlement, entitlement, now]
        ) { _ in true } ?? false
    }
}

extension WriteTransaction {
    /// Notes that rules were taken away or replaced, by whom and why.
    package func void(_ rules: [AccessRule], reason: String?) throws {
        for rule in rules {
            // Another machine's clock may have been ahead when it was recorded.
            try sql.submit(
                """
                UPDATE access_rules SET voided_at = CASE WHEN recorded_at > $1 THEN recorded_at ELSE $1 END,
                    voided_by = $2, void_reason = $3
                WHERE rule_id = $4 AND voided_at IS NULL
                """,
                [now, actor.name, reason, rule.id])
        }
    }

    /// Writes a rule.
    ///
    /// - Parameter author: who said so first, when it is the rest of another rule.
    package func insertRule(
        for target: RuleTarget, _ settings: RuleSettings, during interval: Interval, reason: String?,
        by author: Actor? = nil
    ) throws -> AccessRule {
        let actor = author ?? actor
        let terms = settings.terms
        let requires = terms?.requires.map(\.name).joined(separator: " ") ?? ""
        let id: Identifier<AccessRule> = try insertNew(into: "access_rules", key: "rule_id") { id in
            try sql.run(
                """
                INSERT INTO access_rules (\(ruleColumns))
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, NULL)
                ON CONFLICT (rule_id) DO NOTHING
                """,
                [
                    id, target, terms?.access, terms?.freeFor?.milliseconds, terms?.freeAfter?.milliseconds,
                    requires.isEmpty ? SQLValue.null : .text(requires), settings.embargoUntil, settings.isWithdrawn,
                    settings.meter?.anonymous, settings.meter?.registered, settings.teaser?.description,
                    interval.startsAt, interval.endsAt, actor.name, reason, now,
                ])
        }
        return AccessRule(
            id: id, target: target, content: .settings(settings), interval: interval, actor: actor, reason: reason,
            recordedAt: now)
    }
}

private let rulesOfTarget = "SELECT \(ruleColumns) FROM access_rules WHERE voided_at IS NULL AND target = $1"
/// What stands behind the slash: 0 comes after it.
private let selectArticlesWithOwnRules =
    "SELECT target FROM access_rules WHERE voided_at IS NULL AND target >= $1 AND target < $2 LIMIT $3"
private let ruleColumns = """
    rule_id, target, access, free_for, free_after, requires, embargo_until, withdrawn, meter_anonymous,
    meter_registered, teaser, starts_at, ends_at, actor, reason, recorded_at, voided_at
    """

extension AccessRule {
    /// A rule whose words cannot be understood is one that denies. So is one for a section that none can be called:
    /// nobody knows which was meant, and it denies what belongs to the title. Nil for another row that is for nothing.
    ///
    /// - Parameters:
    ///   - voider: who voided it, where that is asked for.
    ///   - why: and why.
    fileprivate init?(row: any SQLRow, voidedBy voider: Actor?, why: String?) throws {
        let name = try row.text(1)
        let (target, content): (RuleTarget, Content)
        if let named = RuleTarget(name: name) {
            target = named
            do { content = .settings(try RuleSettings(row: row)) } catch let error as MembershipError {
                content = .unreadable(error.message)
            }
        } else if let title = RuleTarget.titleOfSection(name) {
            target = .title(title)
            content = .unreadable("It is for ‘\(name)’, which nothing is called.")
        } else {
            return nil
        }
        self.init(
            id: try row.identifier(0), target: target, content: content,
            interval: Interval(from: try row.timestamp(11), until: try row.optionalTimestamp(12)),
            actor: Actor(stored: try row.text(13)), reason: try row.optionalText(14),
            recordedAt: try row.timestamp(15),
            voiding: try row.optionalTimestamp(16).map { Voiding(at: $0, actor: voider, reason: why) })
    }

    fileprivate init?(row: any SQLRow) throws { try self.init(row: row, voidedBy: nil, why: nil) }
}

extension RuleTarget {
    /// The title in a name that begins like a section's.
    fileprivate static func titleOfSection(_ name: String) -> Slug? {
        let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].hasPrefix("section:") else { return nil }
        return try? Slug(parsing: String(parts[0].dropFirst("section:".count)))
    }
}

extension RuleSettings {
    fileprivate init(row: any SQLRow) throws {
        var terms: AccessTerms?
        if let access = try row.optionalText(2) {
            terms = try AccessTerms(
                access: AccessLevel(parsing: access),
                freeFor: row.optionalInteger(3).map(TimeSpan.init(milliseconds:)),
                freeAfter: row.optionalInteger(4).map(TimeSpan.init(milliseconds:)),
                requires: row.optionalText(5)?.split(separator: " ", omittingEmptySubsequences: false).map {
                    try Entitlement(parsing: String($0))
                } ?? [])
        }
        var meter: MeterAllowance?
        if let anonymous = try row.optionalInteger(8) {
            meter = try MeterAllowance(anonymous: Int(anonymous), registered: row.count(9))
        }
        self.init(
            terms: terms, embargoUntil: try row.optionalTimestamp(6), isWithdrawn: try row.flag(7), meter: meter,
            teaser: try row.optionalText(10).map { try TeaserLength(parsing: $0) })
        try requireSound()
    }
}
