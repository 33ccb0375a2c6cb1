package import Membership

extension ReadTransaction {
    /// The account asked for.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    package func account(_ reference: AccountReference) throws -> Account {
        try found(askAccount(reference), reference)
    }

    /// By what an account is found to which nothing happens before this transaction ends, whoever has its address then:
    /// by its id, where others can write meanwhile. Whoever else holds it waits.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    package func held(_ reference: AccountReference) throws -> AccountReference {
        if sql.hold.isEmpty { return reference }
        let (condition, argument): (String, any SQLValueConvertible) =
            switch reference {
            case .id(let id): (whereID, id)
            case .email(let email): (whereEmail, email.canonical)
            }
        // Whatever happens to an account is recorded behind its last event.
        func head(_ condition: String, _ argument: any SQLValueConvertible) throws -> Identifier<Account>? {
            try sql.first("SELECT account_id FROM event_heads \(condition) \(sql.hold)", [argument]) { row in
                try row.identifier(0)
            }
        }
        if let head = try head(condition, argument) {
            guard case .email(let email) = reference else { return .id(head) }
            // While it was waited for, the address may have become another account's, or nobody's.
            if try accountID(of: email) == head { return .id(head) }
        }
        // By now somebody may have signed up, or be who has the address.
        let account = try account(reference)
        if let head = try head(whereID, account.id) { return .id(head) }
        throw MembershipError(
            .databaseDamaged, "Nothing says what the last event of \(account.id) is.",
            remedy: "Run fortnight doctor, and restore a backup.")
    }

    private func askAccount(_ reference: AccountReference) throws -> SQLAnswer<Account> {
        switch reference {
        case .id(let id): try sql.ask(accountByID, [id], Account.init(row:))
        case .email(let email): try sql.ask(accountByEmail, [email.canonical], Account.init(row:))
        }
    }

    func found<Kind>(_ answer: SQLAnswer<Kind>, _ reference: AccountReference) throws -> Kind {
        guard let account = try answer.first() else {
            throw MembershipError(
                .unknownAccount, "There is no account ‘\(reference)’.",
                remedy: "fortnight account list shows the accounts there are; fortnight signup makes one.")
        }
        return account
    }

    /// What a decision needs of an account.
    struct Brief {
        let id: Identifier<Account>
        let timeZone: String
        let createdAt: Timestamp
        /// Whether it was ever suspended.
        let wasSuspended: Bool
        /// Whether it was erased, or has become part of another.
        let isGone: Bool
    }

    func askBrief(_ reference: AccountReference) throws -> SQLAnswer<Brief> {
        func brief(_ row: any SQLRow) throws -> Brief {
            Brief(
                id: try row.identifier(0), timeZone: try row.text(1), createdAt: try row.timestamp(2),
                wasSuspended: try row.flag(3), isGone: try row.flag(4))
        }
        return switch reference {
        case .id(let id): try sql.ask(briefByID, [id], brief)
        case .email(let email): try sql.ask(briefByEmail, [email.canonical], brief)
        }
    }

    /// The zone whose months an account's meters follow.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    package func timeZone(of account: Identifier<Account>) throws -> String {
        try found(sql.ask("SELECT time_zone FROM accounts \(whereID)", [account]) { try $0.text(0) }, .id(account))
    }

    /// The id of the account that has this address, in any spelling.
    package func accountID(of email: EmailAddress) throws -> Identifier<Account>? {
        try sql.first("SELECT account_id FROM account_emails WHERE canonical_email = $1", [email.canonical]) { row in
            try row.identifier(0)
        }
    }

    /// Accounts in the order in which they were made, at most `limit`, after the one given: all that have the status,
    /// and perhaps some whose subscription the clock has changed since it was recorded.
    package func accounts(
        status: AccountStatus?, after: Identifier<Account>?, limit: Int
    ) throws -> [Account] {
        let newest = """
            (SELECT n.subscription_id FROM subscriptions AS n WHERE n.account_id = accounts.account_id
                \(newestFirst) LIMIT 1)
            """
        let suspended = """
            EXISTS (SELECT 1 FROM account_suspensions AS p
                WHERE p.account_id = accounts.account_id AND p.ends_at IS NULL)
            """
        // What the clock has changed since it was recorded may be in any status; the caller looks.
        func isMaybe(_ status: Subscription.Status) -> String {
            """
            NOT \(suspended) AND EXISTS (SELECT 1 FROM subscriptions AS s
                WHERE s.account_id = accounts.account_id AND s.subscription_id = \(newest)
                    AND (s.status = '\(status.rawValue)' OR s.due_at <= moment.now))
            """
        }
        let condition =
            switch status {
            case .trialing: isMaybe(.trialing)
            case .active: isMaybe(.active)
            case .pastDue: isMaybe(.pastDue)
            case .paused: isMaybe(.paused)
            case .canceled: isMaybe(.canceled)
            case .expired: isMaybe(.expired)
            case .unsubscribed: "\(newest) IS NULL AND NOT \(suspended)"
            case .suspended: suspended
            case .merged: "merged_into IS NOT NULL AND erased_at IS NULL"
            case .erased: "erased_at IS NOT NULL"
            case nil: "1 = 1"
            }
        return try sql.query(
            """
            WITH moment AS (SELECT CAST($1 AS BIGINT) AS now)
            SELECT \(accountColumns) FROM accounts CROSS JOIN moment
            WHERE account_id > $2 AND \(condition) ORDER BY account_id LIMIT $3
            """,
            [now, after?.rawValue ?? -1, limit], Account.init(row:))
    }

    /// Accounts by a condition of our own.
    func accounts(_ condition: String, _ arguments: [any SQLValueConvertible]) throws -> [Account] {
        try sql.query("SELECT \(accountColumns) FROM accounts \(condition)", arguments, Account.init(row:))
    }

    /// What the account's addresses are compared by, in order; more than one when others were merged into it.
    package func canonicalEmails(of account: Identifier<Account>) throws -> [String] {
        try sql.query(
            "SELECT canonical_email FROM account_emails WHERE account_id = $1 ORDER BY canonical_email", [account]
        ) { try $0.text(0) }
    }

    /// Every suspension, oldest first.
    package func suspensions(of account: Identifier<Account>) throws -> [Suspension] {
        try sql.query(
            """
            SELECT starts_at, ends_at, reason FROM account_suspensions
            WHERE account_id = $1 ORDER BY starts_at, suspension_id
            """,
            [account]
        ) { row in
            Suspension(
                interval: Interval(from: try row.timestamp(0), until: try row.optionalTimestamp(1)),
                reason: try row.text(2))
        }
    }
}

extension WriteTransaction {
    /// Makes an account.
    ///
    /// - Throws: ``MembershipError`` with code `account_exists` when the address has one, in whatever spelling.
    package func insertAccount(
        email: EmailAddress, name: String?, timeZone: String, language: Language = .english
    ) throws -> Account {
        if let existing = try accountID(of: email) {
            throw MembershipError(
                .accountExists, "‘\(email.typed)’ already has an account: \(existing).",
                remedy: "Sign in instead. fortnight account show \(existing) shows it.")
        }
        let id: Identifier<Account> = try insertNew(into: "accounts", key: "account_id") { id in
            try sql.run(
                """
                INSERT INTO accounts (account_id, email, name, time_zone, language, created_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (account_id) DO NOTHING
                """,
                [id, email.typed, name, timeZone, language, now])
        }
        try sql.submit(
            "INSERT INTO account_emails (canonical_email, account_id) VALUES ($1, $2)", [email.canonical, id])
        return Account(id: id, email: email.typed, name: name, timeZone: timeZone, language: language, createdAt: now)
    }

    /// Begins a suspension that has no end yet.
    package func insertSuspension(of account: Identifier<Account>, reason: String) throws {
        let id: Identifier<Suspension> = newIdentifier()
        try sql.run(
            """
            INSERT INTO account_suspensions (account_id, suspension_id, starts_at, reason) VALUES ($1, $2, $3, $4)
            """,
            [account, id, now, reason])
    }

    /// Ends the suspension that has no end yet.
    package func endSuspension(of account: Identifier<Account>) throws {
        try sql.run(
            """
            UPDATE account_suspensions SET ends_at = CASE WHEN starts_at > $1 THEN starts_at ELSE $1 END
            WHERE account_id = $2 AND ends_at IS NULL
            """,
            [now, account])
    }
}

// Put together once: they are asked with every decision.
private let accountByID = "SELECT \(accountColumns) FROM accounts \(whereID)"
private let accountByEmail = "SELECT \(accountColumns) FROM accounts \(whereEmail)"
private let briefByID = "SELECT \(briefColumns) FROM accounts \(whereID)"
private let briefByEmail = "SELECT \(briefColumns) FROM accounts \(whereEmail)"
private let whereID = "WHERE account_id = $1"
private let whereEmail = "WHERE account_id = (SELECT account_id FROM account_emails WHERE canonical_email = $1)"
private let briefColumns = """
    account_id, time_zone, created_at,
        CASE WHEN EXISTS (SELECT 1 FROM account_suspensions AS s WHERE s.account_id = accounts.account_id)
            THEN 1 ELSE 0 END,
        CASE WHEN erased_at IS NULL AND merged_into IS NULL THEN 0 ELSE 1 END
    """
private let accountColumns = "account_id, email, name, time_zone, language, created_at, erased_at, merged_into"

extension Account {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            id: try row.identifier(0), email: try row.text(1), name: try row.optionalText(2),
            timeZone: try row.text(3), language: try row.choice(4), createdAt: try row.timestamp(5),
            erasedAt: try row.optionalTimestamp(6),
            mergedInto: try row.optionalInteger(7).map(Identifier.init(rawValue:)))
    }
}
