package import Membership

extension ReadTransaction {
    /// An account's subscriptions, newest first.
    package func subscriptions(of account: Identifier<Account>) throws -> [Subscription] {
        try sql.query(
            """
            SELECT account_id, subscription_id, plan, plan_version, status, trial_start, trial_end, ended_at
            FROM subscriptions WHERE account_id = $1 ORDER BY subscription_id DESC
            """,
            [account]
        ) { row in
            Subscription(
                id: try row.identifier(1), accountID: try row.identifier(0), plan: Slug(stored: try row.text(2)),
                planVersion: try row.count(3), recordedStatus: try row.choice(4), trialStart: try row.timestamp(5),
                trialEnd: try row.timestamp(6), endedAt: try row.optionalTimestamp(7))
        }
    }
}

extension WriteTransaction {
    /// Notes that the person behind this HMAC has the one trial now.
    ///
    /// - Returns: false, with nothing written, when she has had it before.
    package func insertTrialLedgerEntry(identityHMAC: String) throws -> Bool {
        try sql.run(
            """
            INSERT INTO trial_ledger (identity_hmac, started_at) VALUES ($1, $2)
            ON CONFLICT (identity_hmac) DO NOTHING
            """,
            [identityHMAC, now]) == 1
    }

    /// Starts a subscription in its free days.
    package func insertTrialingSubscription(
        of account: Identifier<Account>, to plan: PlanVersion
    ) throws -> Subscription {
        let id: Identifier<Subscription> = newIdentifier()
        let trialEnd = now + plan.trialLength
        try sql.submit(
            """
            INSERT INTO subscriptions (account_id, subscription_id, plan, plan_version, status, trial_start, trial_end,
                created_at)
            VALUES ($1, $2, $3, $4, 'trialing', $5, $6, $5)
            """,
            [account, id, plan.plan, plan.version, now, trialEnd])
        return Subscription(
            id: id, accountID: account, plan: plan.plan, planVersion: plan.version, recordedStatus: .trialing,
            trialStart: now, trialEnd: trialEnd, endedAt: nil)
    }
}
