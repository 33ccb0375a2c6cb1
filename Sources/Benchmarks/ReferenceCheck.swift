import Membership

/// One prepared SELECT a check, in autocommit, that fetches the facts that the decision is made of.
///
/// Unchecked, because a statement of SQLite is a pointer: each is made for one thread's loop, and used by no other.
final class ReferenceCheck: @unchecked Sendable {
    private let kind: CheckKind
    private let statement: ReferenceStatement

    init(_ kind: CheckKind, on connection: ReferenceConnection) throws {
        self.kind = kind
        statement = try connection.prepare(ReferenceCheck.sql(kind))
        if kind == .metered {
            let now = WallClock.system.now()
            let month = CalendarMonth(containing: now, in: .utc).interval(in: .utc)
            statement.bind(6, month.startsAt.milliseconds)
            statement.bind(7, month.endsAt?.milliseconds ?? .max)
        }
    }

    /// - Returns: how many rows there were, and a number that no row can be left out of.
    @inline(__always)
    func fetch(_ question: CheckQuestion) throws -> (rows: Int, sum: Int64) {
        bind(question)
        return try statement.fetch()
    }

    @inline(__always)
    private func bind(_ question: CheckQuestion) {
        statement.bind(1, question.title)
        statement.bind(2, question.slug)
        statement.bind(3, question.articleTarget)
        statement.bind(4, question.titleTarget)
        if kind != .anonymous { statement.bind(5, question.account) }
    }

    /// The article and its rules are for every kind; whether the account is gone, its suspensions and its grants for
    /// readers; then what else the answer rests on: the zone of the account and what was spent of the meter, or the
    /// subscription and the plans. Who has had her trial has no free days to be looked for.
    static func sql(_ kind: CheckKind) -> String {
        let (columns, joins) =
            switch kind {
            case .anonymous: (article + offered, "")
            case .entitled: (article + isGone + reader, goneJoin + readerJoins)
            case .trialEnded:
                (
                    article + isGone + reader + subscription + plan,
                    goneJoin + readerJoins + subscriptionJoin + planJoin
                )
            case .metered: (article + isGone + reader + read, accountJoin + readerJoins + readJoins)
            }
        return """
            SELECT \(columns)
            FROM titles AS t
            JOIN articles AS r ON r.title_id = t.title_id AND r.slug = ?2
            LEFT JOIN access_rules AS u ON u.voided_at IS NULL
                AND u.target IN (?3, 'section:' || t.slug || '/' || r.section_slug, ?4, 'default')
            \(joins)
            WHERE t.slug = ?1
            """
    }

    private static let article = """
        r.article_id, r.headline, r.section, r.section_slug, r.published_at, r.updated_at, r.imported_at,
        u.target, u.access, u.free_for, u.free_after, u.requires, u.embargo_until, u.withdrawn, u.meter_anonymous,
        u.meter_registered, u.teaser, u.starts_at, u.ends_at
        """
    private static let isGone = ", g.account_id, a.erased_at, a.merged_into"
    private static let reader = """
        , s.starts_at, s.ends_at, g.grant_id, g.entitlement, g.source, g.subscription_id, g.starts_at, g.ends_at
        """
    private static let goneJoin = """
        LEFT JOIN accounts AS a INDEXED BY accounts_gone ON a.account_id = ?5
            AND (a.erased_at IS NOT NULL OR a.merged_into IS NOT NULL)

        """
    private static let accountJoin = """
        JOIN accounts AS a ON a.account_id = ?5

        """
    private static let readerJoins = """
        LEFT JOIN account_suspensions AS s ON s.account_id = ?5
        LEFT JOIN grants AS g ON g.account_id = ?5 AND g.voided_at IS NULL

        """
    private static let subscription = ", b.subscription_id, b.plan, b.plan_version, b.status, b.due_at"
    private static let subscriptionJoin = """
        LEFT JOIN subscriptions AS b ON b.account_id = ?5 AND b.ended_at IS NULL

        """
    private static let offered = """
        , (SELECT trial_days FROM plan_versions WHERE plan = 'membership' AND published_at IS NOT NULL
            ORDER BY version DESC LIMIT 1)
        """
    private static let plan = ", e.plan, e.entitlement"
    private static let planJoin = """
        LEFT JOIN plans AS p ON p.retired_at IS NULL
        LEFT JOIN plan_entitlements AS e ON e.plan = p.plan
            AND e.version = (SELECT max(v.version) FROM plan_versions AS v
                WHERE v.plan = e.plan AND v.published_at IS NOT NULL)

        """
    private static let read = ", d.article_id, d.meter, d.opened_at, w.article_id, w.meter, w.opened_at, a.time_zone"
    private static let readJoins = """
        LEFT JOIN account_merges AS m ON m.account_id = ?5
        LEFT JOIN reads AS d ON d.account_id IN (?5, m.merged_id)
            AND d.opened_at >= ?6 AND d.opened_at < ?7 AND d.meter IS NOT NULL
        LEFT JOIN account_visitors AS x ON x.account_id = ?5
        LEFT JOIN visitor_reads AS w ON w.visitor = x.visitor AND w.opened_at >= ?6 AND w.opened_at <= x.linked_at
            AND w.meter IS NOT NULL

        """

    // MARK: - Whether it is the same

    /// What an answer says that follows from the facts.
    struct Outcome: Equatable {
        var reason: AccessDecision.Reason
        /// The grant that lets her in.
        var grant: Int64?
        /// How many articles the meter has counted.
        var spent: Int?
        /// What would open the article, and the free days that could be had.
        var plans: [String] = []
        var trialDays: Int?
        /// Whether she could subscribe, because she has no subscription that has not ended.
        var maySubscribe = false
    }

    /// What the fetched rows make of a check, by rules written here anew. Of what the bench has no rows with, nothing
    /// is known: neither embargoes nor visitors.
    func outcome(_ question: CheckQuestion, at now: Timestamp) throws -> Outcome? {
        bind(question)
        let rows = try statement.rows()
        guard let reason = reason(rows, at: now), let first = rows.first else { return nil }
        var outcome = Outcome(reason: reason)
        switch reason {
        case .signUpRequired: outcome.trialDays = first[19].integer.map(Int.init)
        case .entitled:
            let standing = rows.filter { $0[25].text == "all-titles" && holds($0[28], $0[29], now) }
            outcome.grant = standing.max { ($0[29].integer ?? .max) < ($1[29].integer ?? .max) }?[24].integer
        case .metered, .openedBefore: outcome.spent = Set(rows.compactMap { $0[30].integer }).count
        case .trialEnded:
            outcome.plans = Set(rows.compactMap { $0[36].text == "all-titles" ? $0[35].text : nil }).sorted()
            outcome.maySubscribe = first[30] == .null && !outcome.plans.isEmpty
        default: break
        }
        return outcome
    }

    private func reason(_ rows: [[ReferenceValue]], at now: Timestamp) -> AccessDecision.Reason? {
        guard let first = rows.first, let article = first[0].integer else { return nil }
        let rules = rows.filter { holds($0[17], $0[18], now) }
        func nearest(_ column: Int) -> ReferenceValue? {
            ["article:", "section:", "title:", "default"].lazy.compactMap { kind in
                rules.first { $0[7].text?.hasPrefix(kind) == true && $0[column] != .null }?[column]
            }.first
        }
        let access = nearest(8)?.text
        if access == "free" { return .free }
        guard kind != .anonymous else { return .signUpRequired }
        if first[20] != .null || first[21] != .null { return nil }
        let grants = rows.filter { $0[25].text == "all-titles" }
        if grants.contains(where: { holds($0[28], $0[29], now) }) { return .entitled }
        if access == "registered" { return .registered }
        if access == "metered", kind == .metered {
            let reads = Set(rows.compactMap { $0[30].integer })
            if reads.contains(article) { return .openedBefore }
            if let allowance = nearest(15)?.integer, reads.count < allowance { return .metered }
            return .meterExhausted
        }
        return grants.contains { $0[26].text == "trial" } ? .trialEnded : nil
    }

    private func holds(_ start: ReferenceValue, _ end: ReferenceValue, _ now: Timestamp) -> Bool {
        guard let start = start.integer, start <= now.milliseconds else { return false }
        return end.integer.map { $0 > now.milliseconds } ?? true
    }
}
