package import Membership

/// A trial that has come to its end.
package struct DueTrial: Equatable, Sendable {
    package let accountID: Identifier<Account>
    package let subscriptionID: Identifier<Subscription>
    package let trialEnd: Timestamp
}

extension ReadTransaction {
    /// How many trials have ended by a moment without that being recorded.
    package func dueTrialCount(at moment: Timestamp) throws -> Int {
        try sql.first(
            "SELECT count(*) FROM subscriptions WHERE status = 'trialing' AND trial_end <= $1", [moment]
        ) { try $0.count(0) } ?? 0
    }

    /// The trials that have ended by a moment without that being recorded, longest overdue first.
    package func dueTrials(at moment: Timestamp, limit: Int) throws -> [DueTrial] {
        try sql.query(dueTrialsSQL, [moment, limit]) { row in
            DueTrial(
                accountID: try row.identifier(0), subscriptionID: try row.identifier(1),
                trialEnd: try row.timestamp(2))
        }
    }
}

extension WriteTransaction {
    /// Records the end of the trials that have ended by a moment, longest overdue first: status, event and message.
    ///
    /// - Returns: how many trials that were, at most `limit`.
    package func expireTrials(at moment: Timestamp, limit: Int) throws -> Int {
        let ended = try sql.query(
            """
            WITH due AS (\(dueTrialsSQL) \(sql.claim))
            UPDATE subscriptions SET status = 'expired', ended_at = trial_end
            WHERE (account_id, subscription_id) IN (SELECT account_id, subscription_id FROM due)
            RETURNING account_id, subscription_id
            """,
            [moment, limit]
        ) { row in (account: try row.integer(0), subscription: try row.integer(1)) }
        guard !ended.isEmpty else { return 0 }

        // Both engines take a list of rows as VALUES, and plan it once for every length of list.
        let rows = (0..<ended.count).map { "($\($0 * 2 + 1), $\($0 * 2 + 2))" }.joined(separator: ", ")
        let values: [any SQLValueConvertible] = ended.flatMap { [$0.account, $0.subscription] }
        let last = values.count + 1
        try sql.run(
            """
            WITH ended (account_id, subscription_id) AS (VALUES \(rows))
            INSERT INTO events (account_id, sequence, kind, subscription_id, recorded_at)
            SELECT account_id,
                (SELECT coalesce(max(e.sequence), 0) + 1 FROM events AS e WHERE e.account_id = ended.account_id),
                'trial.ended', subscription_id, $\(last)
            FROM ended
            """,
            values + [now])
        try sql.run(
            """
            WITH ended (account_id, subscription_id) AS (VALUES \(rows))
            INSERT INTO outbox (account_id, event_sequence, message, created_at)
            SELECT account_id,
                (SELECT max(e.sequence) FROM events AS e WHERE e.account_id = ended.account_id), 'trial_ended', $\(last)
            FROM ended
            """,
            values + [now])
        return ended.count
    }
}

/// The trials that have ended by the moment `$1`, at most `$2`, out of the partial index.
private let dueTrialsSQL = """
    SELECT account_id, subscription_id, trial_end FROM subscriptions
    WHERE status = 'trialing' AND trial_end <= $1
    ORDER BY trial_end, account_id, subscription_id LIMIT $2
    """
