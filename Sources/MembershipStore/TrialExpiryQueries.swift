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
        try sql.query("\(withDue) SELECT account_id, subscription_id, trial_end FROM due", [moment, limit]) { row in
            DueTrial(
                accountID: try row.identifier(0), subscriptionID: try row.identifier(1),
                trialEnd: try row.timestamp(2))
        }
    }
}

extension WriteTransaction {
    /// Records the end of the trials that have ended by a moment, longest overdue first: status, event and message.
    ///
    /// The three statements pick the same rows, because nothing else writes meanwhile and the order is total.
    ///
    /// - Returns: how many trials that were, at most `limit`.
    package func expireTrials(at moment: Timestamp, limit: Int) throws -> Int {
        try sql.run(
            """
            \(withDue)
            INSERT INTO events (account_id, sequence, kind, subscription_id, recorded_at)
            SELECT due.account_id,
                (SELECT coalesce(max(e.sequence), 0) + 1 FROM events AS e WHERE e.account_id = due.account_id),
                'trial.ended', due.subscription_id, $3
            FROM due
            """,
            [moment, limit, now])
        try sql.run(
            """
            \(withDue)
            INSERT INTO outbox (account_id, event_sequence, message, created_at)
            SELECT due.account_id,
                (SELECT max(e.sequence) FROM events AS e WHERE e.account_id = due.account_id), 'trial_ended', $3
            FROM due
            """,
            [moment, limit, now])
        return try sql.run(
            """
            \(withDue)
            UPDATE subscriptions SET status = 'expired', ended_at = trial_end
            WHERE (account_id, subscription_id) IN (SELECT account_id, subscription_id FROM due)
            """,
            [moment, limit])
    }
}

/// Names as `due` the trials that have ended by the moment `$1`, at most `$2`, out of the partial index.
private let withDue = """
    WITH due AS (
        SELECT account_id, subscription_id, trial_end FROM subscriptions
        WHERE status = 'trialing' AND trial_end <= $1
        ORDER BY trial_end, account_id, subscription_id LIMIT $2
    )
    """
