package import Membership

extension ReadTransaction {
    /// The files that letters to these accounts were written to.
    package func letterFiles(of accounts: [Identifier<Account>]) throws -> [String] {
        try sql.query(
            """
            SELECT destination FROM outbox
            WHERE account_id IN (\(placeholders(accounts.count))) AND destination IS NOT NULL
            ORDER BY account_id, event_sequence
            """,
            accounts
        ) { try $0.text(0) }
    }

    /// The addresses of these accounts as they may stand in a server's answer, in lower case.
    package func emailsInMessages(of accounts: [Identifier<Account>]) throws -> [String] {
        let list = placeholders(accounts.count)
        return try sql.query(
            """
            SELECT canonical_email FROM account_emails WHERE account_id IN (\(list))
            UNION SELECT lower(email) FROM accounts WHERE email <> '' AND account_id IN (\(list))
            """,
            accounts
        ) { try $0.text(0) }
    }

    /// Whether a letter to one of these accounts is on its way at this moment.
    package func isDelivering(to accounts: [Identifier<Account>]) throws -> Bool {
        try sql.first(
            """
            SELECT count(*) FROM outbox
            WHERE account_id IN (\(placeholders(accounts.count))) AND due_at IS NOT NULL
                AND leased_until > $\(accounts.count + 1)
            """,
            accounts + [now]
        ) { try $0.count(0) } ?? 0 > 0
    }
}

extension WriteTransaction {
    /// Removes the messages to these accounts that were not sent: nobody is left to read them. One that may be in a folder
    /// all the same, because its delivery was not heard of again, counts as sent, so that the file is not forgotten.
    package func removeUnsentMessages(to accounts: [Identifier<Account>]) throws {
        try sql.run(
            """
            DELETE FROM outbox WHERE delivered_at IS NULL AND destination IS NULL
                AND account_id IN (\(placeholders(accounts.count)))
            """,
            accounts)
        try sql.run(
            """
            UPDATE outbox SET delivered_at = $1, due_at = NULL, dead_at = NULL, leased_until = NULL
            WHERE delivered_at IS NULL AND account_id IN (\(placeholders(accounts.count, from: 2)))
            """,
            [now] + accounts)
    }

    /// Removes what went wrong with runs of jobs where it names one of these addresses. It looks at all runs, so it does
    /// not belong into a transaction that others must not run into.
    package func removeFromJobRuns(_ emails: [String]) throws {
        for email in emails {
            try sql.run(
                "UPDATE job_runs SET error = 'erased' WHERE replace(lower(error), $1, '') <> lower(error)", [email])
        }
    }

    /// Removes what apps call the reads of these accounts. The reads stay: titles are paid from them, and they name nobody.
    package func removeClientKeys(of accounts: [Identifier<Account>]) throws {
        try sql.run(
            """
            UPDATE reads SET client_key = NULL
            WHERE client_key IS NOT NULL AND account_id IN (\(placeholders(accounts.count)))
            """,
            accounts)
    }

    package func deleteJobFailures(of accounts: [Identifier<Account>]) throws {
        try sql.run("DELETE FROM job_failures WHERE account_id IN (\(placeholders(accounts.count)))", accounts)
    }

    /// Notes that the grants of these accounts which have not ended are none any more.
    package func voidGrants(of accounts: [Identifier<Account>]) throws {
        try sql.run(
            """
            UPDATE grants SET voided_at = CASE WHEN recorded_at > $1 THEN recorded_at ELSE $1 END
            WHERE voided_at IS NULL AND (ends_at IS NULL OR ends_at > $1)
                AND account_id IN (\(placeholders(accounts.count, from: 2)))
            """,
            [now] + accounts)
    }

    /// Removes all that names the person behind these accounts: one and those that have become part of it. What is left
    /// is what happened, when and for how much, and a chain of events that still holds.
    package func removePerson(of accounts: [Identifier<Account>]) throws {
        let list = placeholders(accounts.count)
        try deleteJobFailures(of: accounts)
        for statement in [
            "DELETE FROM account_emails WHERE account_id IN (\(list))",
            "UPDATE events SET reason = NULL, reason_salt = NULL WHERE reason IS NOT NULL AND account_id IN (\(list))",
            "UPDATE grants SET reason = NULL WHERE reason IS NOT NULL AND account_id IN (\(list))",
            "UPDATE account_suspensions SET reason = 'erased' WHERE account_id IN (\(list))",
            "UPDATE outbox SET last_error = NULL, destination = NULL WHERE account_id IN (\(list))",
        ] {
            try sql.run(statement, accounts)
        }
        try removeClientKeys(of: accounts)
        for account in accounts {
            for visitor in try visitors(of: account) { try cutOff(visitor, from: account) }
        }
        // What there was in folders is gone by now.
        try removeUnsentMessages(to: accounts)
        // Their hashes too: a hash of a reference can be undone by trying references.
        try removePaymentReferences(of: accounts)
        let behind = placeholders(accounts.count, from: 2)
        try sql.run(
            """
            UPDATE account_suspensions SET ends_at = CASE WHEN starts_at > $1 THEN starts_at ELSE $1 END
            WHERE ends_at IS NULL AND account_id IN (\(behind))
            """,
            [now] + accounts)
        try sql.run(
            """
            UPDATE accounts SET email = '', name = NULL, time_zone = 'UTC', erased_at = $1 WHERE account_id IN (\(behind))
            """,
            [now] + accounts)
    }
}
