package import Membership

extension ReadTransaction {
    /// An account's grants that have not been voided, oldest first, whether or not they hold now.
    package func grants(of account: Identifier<Account>) throws -> [Grant] {
        try askGrants(of: account).rows()
    }

    func askGrants(of account: Identifier<Account>) throws -> SQLAnswer<Grant> {
        try sql.ask(standingGrants, [account], Grant.init(row:))
    }

    /// What an account holds, and what may stand in its way.
    struct Standing {
        /// The grants that have not been voided, oldest first, whether or not they hold now.
        var grants: [Grant] = []
        /// Whether it was ever suspended.
        var wasSuspended = false
        /// Whether it was erased, or has become part of another.
        var isGone = false
    }

    /// On SQLite alone: by one statement, and without the account. Nil where there are no grants, which says nothing of
    /// the account.
    func standing(of account: Identifier<Account>) throws -> Standing? {
        var standing = Standing()
        try sql.each(standingOnSQLite, [account]) { row in
            standing.grants.append(try Grant(row: row))
            standing.wasSuspended = try row.flag(10)
            standing.isGone = try row.flag(11)
        }
        return standing.grants.isEmpty ? nil : standing
    }

    /// Every grant an account ever had, oldest first, with those that were voided.
    package func allGrants(of account: Identifier<Account>) throws -> [Grant] {
        try sql.query(
            "SELECT \(grantColumns) FROM grants WHERE account_id = $1 ORDER BY grant_id", [account], Grant.init(row:))
    }

    /// The grants of the accounts given that have not been voided or ended by now.
    package func liveGrants(
        of accounts: [Identifier<Account>]
    ) throws -> [Identifier<Account>: [Grant]] {
        guard !accounts.isEmpty else { return [:] }
        let rows = try sql.query(
            """
            SELECT \(grantColumns) FROM grants
            WHERE account_id IN (\(placeholders(accounts.count))) AND voided_at IS NULL
                AND (ends_at IS NULL OR ends_at > $\(accounts.count + 1))
            ORDER BY account_id, grant_id
            """,
            accounts + [now]
        ) { row in (account: try row.identifier(8) as Identifier<Account>, grant: try Grant(row: row)) }
        return Dictionary(grouping: rows, by: \.account).mapValues { $0.map(\.grant) }
    }
}

extension WriteTransaction {
    /// Writes a grant.
    package func insertGrant(
        to account: Identifier<Account>, _ promise: PromisedAccess, subscription: Identifier<Subscription>?,
        reason: String? = nil
    ) throws -> Grant {
        let id: Identifier<Grant> = newIdentifier()
        let grant = Grant(
            id: id, entitlement: promise.entitlement, source: promise.source, subscription: subscription,
            interval: promise.interval, recordedAt: now, reason: reason)
        try sql.submit(
            """
            INSERT INTO grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at, reason,
                recorded_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                account, id, promise.entitlement, promise.source, subscription, promise.interval.startsAt,
                promise.interval.endsAt, reason, now,
            ])
        return grant
    }

    /// Writes the grants that follow from a subscription.
    package func insertGrants(to subscription: Subscription, _ promises: [PromisedAccess]) throws {
        for promise in promises {
            _ = try insertGrant(to: subscription.accountID, promise, subscription: subscription.id)
        }
    }

    /// Notes that a grant was found not to be true.
    package func voidGrant(_ grant: Identifier<Grant>, of account: Identifier<Account>) throws {
        // Another machine's clock may have been ahead when it was recorded.
        try sql.submit(
            """
            UPDATE grants SET voided_at = CASE WHEN recorded_at > $1 THEN recorded_at ELSE $1 END
            WHERE account_id = $2 AND grant_id = $3 AND voided_at IS NULL
            """,
            [now, account, grant])
    }
}

/// Put together once: it is asked with every decision.
let standingGrants = """
    SELECT \(grantColumns) FROM grants WHERE account_id = $1 AND voided_at IS NULL ORDER BY grant_id
    """
/// With what is asked once for all rows, of trees in which hardly anybody is. SQLite would look for the account in its
/// table.
let standingOnSQLite = """
    SELECT \(grantColumns),
        EXISTS (SELECT 1 FROM account_suspensions WHERE account_id = $1),
        EXISTS (SELECT 1 FROM accounts INDEXED BY accounts_gone
            WHERE account_id = $1 AND (erased_at IS NOT NULL OR merged_into IS NOT NULL))
    FROM grants WHERE account_id = $1 AND voided_at IS NULL ORDER BY grant_id
    """
private let grantColumns =
    "grant_id, entitlement, source, subscription_id, starts_at, ends_at, recorded_at, voided_at, account_id, reason"

extension Grant {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            id: try row.identifier(0), entitlement: Entitlement(stored: try row.text(1)), source: try row.choice(2),
            subscription: try row.optionalInteger(3).map(Identifier.init(rawValue:)),
            interval: Interval(from: try row.timestamp(4), until: try row.optionalTimestamp(5)),
            recordedAt: try row.timestamp(6), voidedAt: try row.optionalTimestamp(7), reason: try row.optionalText(9))
    }
}
