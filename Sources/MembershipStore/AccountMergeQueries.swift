package import Membership

extension ReadTransaction {
    /// The accounts that have become part of one, in the order in which they were made.
    package func accounts(mergedInto account: Identifier<Account>) throws -> [Account] {
        try accounts("WHERE merged_into = $1 ORDER BY account_id", [account])
    }
}

extension WriteTransaction {
    /// Makes an account part of another: its addresses lead there, and so do accounts that were merged into it before.
    package func mergeAccount(_ account: Identifier<Account>, into other: Identifier<Account>) throws {
        try sql.run("UPDATE account_emails SET account_id = $1 WHERE account_id = $2", [other, account])
        try sql.run("UPDATE accounts SET merged_into = $1 WHERE merged_into = $2", [other, account])
        try sql.run(
            """
            INSERT INTO account_merges (account_id, merged_id, merged_at)
            SELECT CAST($1 AS BIGINT), merged_id, CAST($2 AS BIGINT) FROM account_merges WHERE account_id = $3
            """,
            [other, now, account])
        try sql.run(
            "INSERT INTO account_merges (account_id, merged_id, merged_at) VALUES ($1, $2, $3)", [other, account, now])
        try sql.run(
            "UPDATE accounts SET email = '', name = NULL, merged_into = $1 WHERE account_id = $2", [other, account])
        try removeUnsentMessages(to: [account])
        try deleteJobFailures(of: [account])
    }

    /// Gives an account another address. What its address is compared by is replaced when it is another.
    package func changeEmail(of account: Account, to email: EmailAddress, from canonical: String?) throws {
        try sql.run("UPDATE accounts SET email = $1 WHERE account_id = $2", [email.typed, account.id])
        guard canonical != email.canonical else { return }
        if let canonical {
            try sql.run(
                "DELETE FROM account_emails WHERE canonical_email = $1 AND account_id = $2", [canonical, account.id])
        }
        // It may be hers already, from an account that was merged.
        try sql.run(
            """
            INSERT INTO account_emails (canonical_email, account_id) VALUES ($1, $2)
            ON CONFLICT (canonical_email) DO NOTHING
            """,
            [email.canonical, account.id])
    }
}
