package import Membership

extension ReadTransaction {
    /// An account's grants that have not been voided, oldest first, whether or not they hold now.
    package func grants(of account: Identifier<Account>) throws -> [Grant] {
        try askGrants(of: account).rows()
    }

    func askGrants(of account: Identifier<Account>) throws -> SQLAnswer<Grant> {
        try sql.ask(
            """
            SELECT grant_id, entitlement, source, starts_at, ends_at, recorded_at FROM grants
            WHERE account_id = $1 AND voided_at IS NULL ORDER BY grant_id
            """,
            [account]
        ) { row in
            Grant(
                id: try row.identifier(0), entitlement: Entitlement(stored: try row.text(1)),
                source: try row.choice(2),
                interval: Interval(from: try row.timestamp(3), until: try row.optionalTimestamp(4)),
                recordedAt: try row.timestamp(5))
        }
    }
}

extension WriteTransaction {
    package func insertGrant(
        to account: Identifier<Account>, entitlement: Entitlement, source: Grant.Source,
        subscription: Identifier<Subscription>?, interval: Interval
    ) throws -> Grant {
        let id: Identifier<Grant> = newIdentifier()
        try sql.submit(
            """
            INSERT INTO grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at,
                recorded_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [account, id, entitlement, source, subscription, interval.startsAt, interval.endsAt, now])
        return Grant(id: id, entitlement: entitlement, source: source, interval: interval, recordedAt: now)
    }
}
