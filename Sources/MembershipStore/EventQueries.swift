package import Membership

extension ReadTransaction {
    /// What happened to an account, in order.
    package func events(of account: Identifier<Account>) throws -> [Event] {
        try sql.query(
            """
            SELECT account_id, sequence, kind, recorded_at, reason FROM events
            WHERE account_id = $1 ORDER BY sequence
            """,
            [account]
        ) { row in
            Event(
                accountID: try row.identifier(0), sequence: try row.integer(1), kind: try row.choice(2),
                recordedAt: try row.timestamp(3), reason: try row.optionalText(4))
        }
    }

    /// How many events of a kind there are.
    package func eventCount(_ kind: Event.Kind) throws -> Int {
        try sql.first("SELECT count(*) FROM events WHERE kind = $1", [kind]) { try $0.count(0) } ?? 0
    }

    /// The messages to an account, in the order of the events they tell of.
    package func messages(to account: Identifier<Account>) throws -> [Message] {
        try sql.query(
            "SELECT message FROM outbox WHERE account_id = $1 ORDER BY event_sequence", [account]
        ) { try $0.choice(0) }
    }

    /// When the newest event was recorded; nil when nothing has happened yet.
    package func newestEventTime() throws -> Timestamp? {
        try sql.first("SELECT max(recorded_at) FROM events", []) { try $0.optionalTimestamp(0) } ?? nil
    }
}

extension WriteTransaction {
    /// Writes down what happened to an account, and what to tell its owner.
    package func record(
        _ kind: Event.Kind, account: Identifier<Account>, subscription: Identifier<Subscription>? = nil,
        reason: String? = nil, message: Message? = nil
    ) throws {
        let sequence =
            try sql.first("SELECT coalesce(max(sequence), 0) + 1 FROM events WHERE account_id = $1", [account]) {
                try $0.integer(0)
            } ?? 1
        try sql.submit(
            """
            INSERT INTO events (account_id, sequence, kind, subscription_id, reason, recorded_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            [account, sequence, kind, subscription, reason, now])
        guard let message else { return }
        try sql.submit(
            "INSERT INTO outbox (account_id, event_sequence, message, created_at) VALUES ($1, $2, $3, $4)",
            [account, sequence, message, now])
    }
}
