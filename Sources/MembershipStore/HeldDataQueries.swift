package import Membership

/// A message to a reader as it stands in the outbox.
package struct HeldMessage: Sendable {
    package let message: Message
    package let eventSequence: Int64
    package let createdAt: Timestamp
    package let attempts: Int
    package let dueAt: Timestamp?
    package let deliveredAt: Timestamp?
    package let deadAt: Timestamp?
    package let lastError: String?
    package let destination: String?
}

/// A job's failure with an account.
package struct HeldFailure: Sendable {
    package let job: String
    package let attempts: Int
    package let error: String
    package let failedAt: Timestamp
    package let retryAt: Timestamp
}

extension ReadTransaction {
    /// The messages to an account with all that is held about them, in the order of the events they tell of.
    package func heldMessages(to account: Identifier<Account>) throws -> [HeldMessage] {
        try sql.query(
            """
            SELECT message, event_sequence, created_at, attempts, due_at, delivered_at, dead_at, last_error, destination
            FROM outbox WHERE account_id = $1 ORDER BY event_sequence
            """,
            [account]
        ) { row in
            HeldMessage(
                message: try row.choice(0), eventSequence: try row.integer(1), createdAt: try row.timestamp(2),
                attempts: try row.count(3), dueAt: try row.optionalTimestamp(4),
                deliveredAt: try row.optionalTimestamp(5), deadAt: try row.optionalTimestamp(6),
                lastError: try row.optionalText(7), destination: try row.optionalText(8))
        }
    }

    /// The jobs that have failed with an account.
    package func heldFailures(of account: Identifier<Account>) throws -> [HeldFailure] {
        try sql.query(
            "SELECT job, attempts, error, failed_at, retry_at FROM job_failures WHERE account_id = $1 ORDER BY job",
            [account]
        ) { row in
            HeldFailure(
                job: try row.text(0), attempts: try row.count(1), error: try row.text(2),
                failedAt: try row.timestamp(3), retryAt: try row.timestamp(4))
        }
    }
}
