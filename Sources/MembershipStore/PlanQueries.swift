package import Membership

extension SQLConnection {
    package func insert(_ version: PlanVersion, at now: Timestamp) throws {
        try run(
            """
            INSERT INTO plan_versions (plan, version, trial_days, price_minor, currency, created_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            [
                version.plan, version.version, version.trialDays, version.price?.amountMinor,
                version.price?.currency.code, now,
            ])
        for entitlement in version.entitlements {
            try run(
                "INSERT INTO plan_entitlements (plan, version, entitlement) VALUES ($1, $2, $3)",
                [version.plan, version.version, entitlement])
        }
    }
}

extension ReadTransaction {
    /// The newest version of a plan.
    package func newestVersion(ofPlan plan: Slug) throws -> PlanVersion? {
        let entitlements = try sql.ask(
            """
            SELECT entitlement FROM plan_entitlements
            WHERE plan = $1 AND version = (SELECT max(version) FROM plan_versions WHERE plan = $2)
            ORDER BY entitlement
            """,
            [plan, plan]
        ) { Entitlement(stored: try $0.text(0)) }
        let version = try sql.ask(
            """
            SELECT version, trial_days, price_minor, currency FROM plan_versions
            WHERE plan = $1 ORDER BY version DESC LIMIT 1
            """,
            [plan]
        ) { row in
            let currency = try row.optionalText(3).map(Currency.init(stored:))
            let price = try row.optionalInteger(2)
            return PlanVersion(
                plan: plan, version: try row.count(0), trialDays: try row.count(1),
                price: currency.flatMap { currency in price.map { Money(amountMinor: $0, currency: currency) } },
                entitlements: try entitlements.rows())
        }
        return try version.first()
    }

    /// The free days that the newest version of a plan offers; 0 when there is no such plan.
    package func trialDaysOnOffer(plan: Slug) throws -> Int {
        try sql.first(
            "SELECT trial_days FROM plan_versions WHERE plan = $1 ORDER BY version DESC LIMIT 1", [plan]
        ) { try $0.count(0) } ?? 0
    }
}
