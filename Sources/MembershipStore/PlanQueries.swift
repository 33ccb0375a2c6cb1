package import Membership

extension ReadTransaction {
    /// A plan with all its versions; nil when there is none of this name.
    package func plan(_ name: Slug) throws -> Plan? {
        let plan = try sql.query("SELECT retired_at FROM plans WHERE plan = $1", [name]) { try $0.optionalTimestamp(0) }
        guard let retiredAt = plan.first else { return nil }
        return Plan(name: name, retiredAt: retiredAt, versions: try versions(ofPlan: name))
    }

    /// The names of all plans, in order.
    package func planNames() throws -> [Slug] {
        try sql.query("SELECT plan FROM plans ORDER BY plan", []) { Slug(stored: try $0.text(0)) }
    }

    /// One version of a plan.
    package func version(_ version: Int, ofPlan plan: Slug) throws -> PlanVersion {
        let key = VersionKey(plan: plan, version: version)
        if let known = knownVersions[key] { return known }
        for version in try versions(ofPlan: plan) {
            knownVersions[VersionKey(plan: plan, version: version.version)] = version
        }
        guard let found = knownVersions[key] else {
            throw MembershipError(
                .unknownPlan, "There is no version \(version) of the plan ‘\(plan)’.",
                remedy: "fortnight plan show \(plan) shows its versions.")
        }
        return found
    }

    /// The newest published version of a plan that has not been retired; nil when there is none.
    package func publishedVersion(ofPlan plan: Slug) throws -> PlanVersion? {
        guard let catalog = try sql.catalog() else { return try findPublishedVersion(ofPlan: plan) }
        return try catalog.published(of: plan) { try findPublishedVersion(ofPlan: plan) }
    }

    private func findPublishedVersion(ofPlan plan: Slug) throws -> PlanVersion? {
        let prices = try askPrices(ofPlan: plan)
        let entitlements = try askEntitlements(ofPlan: plan)
        let version = try sql.ask(
            """
            SELECT version, interval_count, interval_unit, trial_days, grace_days, published_at FROM plan_versions
            WHERE plan = $1 AND published_at IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM plans WHERE plans.plan = plan_versions.plan AND retired_at IS NOT NULL)
            ORDER BY version DESC LIMIT 1
            """,
            [plan]
        ) { row in
            try PlanVersion(plan: plan, row: row, prices: prices.rows(), entitlements: entitlements.rows())
        }
        return try version.first()
    }

    /// The free days that the newest version of a plan offered at a moment; 0 when there was no such plan.
    package func trialDaysOnOffer(plan: Slug, at moment: Timestamp) throws -> Int {
        guard let catalog = try sql.catalog() else { return try findTrialDays(plan: plan, at: moment) }
        return try catalog.trialDays(of: plan, at: moment) {
            (try findTrialDays(plan: plan, at: moment), try sameOffers(around: moment))
        }
    }

    private func findTrialDays(plan: Slug, at moment: Timestamp) throws -> Int {
        let key = "\(plan) \(moment.milliseconds)"
        if let known = knownTrialDays[key] { return known }
        let days =
            try sql.first(
                """
                SELECT trial_days FROM plan_versions WHERE plan = $1 AND published_at <= $2 ORDER BY version DESC LIMIT 1
                """,
                [plan, moment]
            ) { try $0.count(0) } ?? 0
        knownTrialDays[key] = days
        return days
    }

    /// The plans that one could subscribe to at a moment, by name, and what their newest version gave.
    package func planOffers(at moment: Timestamp) throws -> [PlanOffer] {
        guard let catalog = try sql.catalog() else { return try findPlanOffers(at: moment) }
        return try catalog.offers(at: moment) {
            (try findPlanOffers(at: moment), try sameOffers(around: moment))
        }
    }

    /// How long before and after a moment nothing else was on offer, by what is recorded.
    private func sameOffers(around moment: Timestamp) throws -> Interval {
        let changes = try sql.query(
            """
            SELECT published_at FROM plan_versions WHERE published_at IS NOT NULL
            UNION SELECT retired_at FROM plans WHERE retired_at IS NOT NULL
            """, []
        ) { try $0.timestamp(0) }
        return Interval(
            from: changes.filter { $0 <= moment }.max() ?? Timestamp(milliseconds: .min),
            until: changes.filter { $0 > moment }.min())
    }

    private func findPlanOffers(at moment: Timestamp) throws -> [PlanOffer] {
        if let known = knownOffers[moment] { return known }
        let rows = try sql.query(
            """
            SELECT e.plan, e.entitlement FROM plan_entitlements AS e JOIN plans AS p ON p.plan = e.plan
            WHERE (retired_at IS NULL OR retired_at > $1)
                AND e.version = (SELECT max(v.version) FROM plan_versions AS v
                    WHERE v.plan = e.plan AND v.published_at <= $2)
                AND EXISTS (SELECT 1 FROM plan_prices AS m WHERE m.plan = e.plan AND m.version = e.version)
            ORDER BY e.plan, e.entitlement
            """,
            [moment, moment]
        ) { row in (plan: Slug(stored: try row.text(0)), entitlement: Entitlement(stored: try row.text(1))) }
        let offers = Dictionary(grouping: rows, by: \.plan).sorted { $0.key < $1.key }.map {
            PlanOffer(plan: $0.key, entitlements: $0.value.map(\.entitlement))
        }
        knownOffers[moment] = offers
        return offers
    }

    /// How many subscriptions to each version of a plan are recorded as not ended, by the number of the version.
    package func openSubscriptionCounts(ofPlan plan: Slug) throws -> [Int: Int] {
        let counts = try sql.query(
            """
            SELECT plan_version, count(*) FROM subscriptions WHERE plan = $1 AND ended_at IS NULL GROUP BY plan_version
            """,
            [plan]
        ) { (try $0.count(0), try $0.count(1)) }
        return Dictionary(uniqueKeysWithValues: counts)
    }

    private func versions(ofPlan plan: Slug) throws -> [PlanVersion] {
        let prices = try askPrices(ofPlan: plan)
        let entitlements = try askEntitlements(ofPlan: plan)
        let versions = try sql.ask(
            """
            SELECT version, interval_count, interval_unit, trial_days, grace_days, published_at FROM plan_versions
            WHERE plan = $1 ORDER BY version
            """,
            [plan]
        ) { row in
            try PlanVersion(plan: plan, row: row, prices: prices.rows(), entitlements: entitlements.rows())
        }
        return try versions.rows()
    }

    private func askPrices(ofPlan plan: Slug) throws -> SQLAnswer<(version: Int, price: Money)> {
        try sql.ask("SELECT version, currency, amount_minor FROM plan_prices WHERE plan = $1", [plan]) { row in
            let currency = Currency(stored: try row.text(1))
            return (try row.count(0), Money(amountMinor: try row.integer(2), currency: currency))
        }
    }

    private func askEntitlements(ofPlan plan: Slug) throws -> SQLAnswer<(version: Int, entitlement: Entitlement)> {
        try sql.ask("SELECT version, entitlement FROM plan_entitlements WHERE plan = $1", [plan]) { row in
            (try row.count(0), Entitlement(stored: try row.text(1)))
        }
    }
}

/// Names a version of a plan.
struct VersionKey: Hashable {
    let plan: Slug
    let version: Int
}

extension WriteTransaction {
    package func insertPlan(_ name: Slug) throws {
        try sql.run("INSERT INTO plans (plan, created_at) VALUES ($1, $2)", [name, now])
    }

    /// Writes a version that there was none of.
    package func insert(_ version: PlanVersion) throws {
        try sql.insert(version, at: now)
    }

    /// Removes a version that was not published.
    package func deleteDraft(ofPlan plan: Slug) throws {
        for table in ["plan_prices", "plan_entitlements", "plan_versions"] {
            try sql.run(
                """
                DELETE FROM \(table) WHERE plan = $1
                    AND version IN (SELECT version FROM plan_versions WHERE plan = $2 AND published_at IS NULL)
                """,
                [plan, plan])
        }
    }

    /// Publishes the draft of a plan.
    package func publishDraft(ofPlan plan: Slug) throws {
        try sql.run("UPDATE plan_versions SET published_at = $1 WHERE plan = $2 AND published_at IS NULL", [now, plan])
    }

    package func retirePlan(_ name: Slug) throws {
        try sql.run("UPDATE plans SET retired_at = $1 WHERE plan = $2", [now, name])
    }
}

extension SQLConnection {
    /// Writes the first version of a plan.
    package func insertPlan(_ version: PlanVersion, at now: Timestamp) throws {
        try run("INSERT INTO plans (plan, created_at) VALUES ($1, $2)", [version.plan, now])
        try insert(version, at: now)
    }

    fileprivate func insert(_ version: PlanVersion, at now: Timestamp) throws {
        let terms = version.terms
        try run(
            """
            INSERT INTO plan_versions (plan, version, interval_count, interval_unit, trial_days, grace_days,
                published_at, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                version.plan, version.version, terms.interval.count, terms.interval.unit, terms.trialDays,
                terms.graceDays, version.publishedAt, now,
            ])
        try insert(
            into: "plan_prices", "plan, version, currency, amount_minor",
            terms.prices.map { [version.plan, version.version, $0.currency.code, $0.amountMinor] })
        try insert(
            into: "plan_entitlements", "plan, version, entitlement",
            terms.entitlements.map { [version.plan, version.version, $0] })
    }
}

extension PlanVersion {
    fileprivate convenience init(
        plan: Slug, row: any SQLRow, prices: [(version: Int, price: Money)],
        entitlements: [(version: Int, entitlement: Entitlement)]
    ) throws {
        let version = try row.count(0)
        self.init(
            plan: plan, version: version,
            terms: PlanTerms(
                stored: prices.filter { $0.version == version }.map(\.price),
                interval: BillingInterval(stored: try row.count(1), try row.choice(2)), trialDays: try row.count(3),
                graceDays: try row.count(4),
                entitlements: entitlements.filter { $0.version == version }.map(\.entitlement)),
            publishedAt: try row.optionalTimestamp(5))
    }
}
