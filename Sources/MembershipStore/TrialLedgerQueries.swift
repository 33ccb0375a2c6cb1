package import Membership

extension ReadTransaction {
    /// Asks when the person or device behind an HMAC had its one trial; no row when it had none.
    package func askTrialStart(identityHMAC: String) throws -> SQLAnswer<Timestamp> {
        try sql.ask("SELECT started_at FROM trial_ledger WHERE identity_hmac = $1", [identityHMAC]) {
            try $0.timestamp(0)
        }
    }

    /// When the first of these had its one trial; nil when none had any.
    package func trialStart(identityHMACs: [String]) throws -> Timestamp? {
        guard !identityHMACs.isEmpty else { return nil }
        return try sql.first(
            "SELECT min(started_at) FROM trial_ledger WHERE identity_hmac IN (\(placeholders(identityHMACs.count)))",
            identityHMACs
        ) { try $0.optionalTimestamp(0) } ?? nil
    }
}

extension WriteTransaction {
    /// Notes that the person or device behind this HMAC has the one trial.
    ///
    /// - Parameter moment: since when; nil for now.
    /// - Returns: false, with nothing written, when she has had it before.
    @discardableResult
    package func insertTrialLedgerEntry(identityHMAC: String, since moment: Timestamp? = nil) throws -> Bool {
        try sql.run(
            """
            INSERT INTO trial_ledger (identity_hmac, started_at) VALUES ($1, $2)
            ON CONFLICT (identity_hmac) DO NOTHING
            """,
            [identityHMAC, moment ?? now]) == 1
    }
}
