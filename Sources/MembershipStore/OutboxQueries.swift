package import Membership

extension ReadTransaction {
    /// A message by its name; nil when there is none.
    package func message(_ reference: MessageReference) throws -> OutboxMessage? {
        try sql.first(
            "SELECT \(messageColumns) FROM outbox WHERE account_id = $1 AND event_sequence = $2",
            [reference.account, reference.sequence], OutboxMessage.init(row:))
    }

    /// The messages to an account, in the order of the events they tell of.
    package func outboxMessages(to account: Identifier<Account>) throws -> [OutboxMessage] {
        try sql.query(
            "SELECT \(messageColumns) FROM outbox WHERE account_id = $1 ORDER BY event_sequence", [account],
            OutboxMessage.init(row:))
    }

    /// Messages in the order of their names, after the one given, at most `limit`; all, or those in one state.
    package func messages(
        _ state: OutboxMessage.State?, after: MessageReference?, limit: Int
    ) throws -> [OutboxMessage] {
        let condition =
            switch state {
            case .due: "due_at IS NOT NULL"
            case .delivered: "delivered_at IS NOT NULL"
            case .dead: "dead_at IS NOT NULL"
            case nil: "1 = 1"
            }
        return try sql.query(
            """
            SELECT \(messageColumns) FROM outbox
            WHERE (account_id, event_sequence) > ($1, $2) AND \(condition)
            ORDER BY account_id, event_sequence LIMIT $3
            """,
            [after?.account.rawValue ?? -1, after?.sequence ?? 0, limit], OutboxMessage.init(row:))
    }

    /// The messages that are to be delivered by now, longest overdue first.
    package func dueMessages(limit: Int) throws -> [OutboxMessage] {
        try sql.query(
            "SELECT \(messageColumns) FROM outbox WHERE \(dueMessage)", [now, now, limit], OutboxMessage.init(row:))
    }

    /// How many messages are to be delivered by now.
    package func dueMessageCount() throws -> Int {
        try sql.first("SELECT count(*) FROM outbox WHERE due_at <= $1", [now]) { try $0.count(0) } ?? 0
    }

    /// How many messages have not left and were not given up, and since when the first waits.
    package func undeliveredMessages() throws -> (count: Int, since: Timestamp?) {
        try sql.first("SELECT count(*), min(created_at) FROM outbox WHERE due_at IS NOT NULL", []) { row in
            (try row.count(0), try row.optionalTimestamp(1))
        } ?? (0, nil)
    }

    /// Of the messages that wait since before a moment those whose delivery has failed: how many, and why the oldest
    /// did.
    package func failingMessages(since moment: Timestamp) throws -> (count: Int, error: String)? {
        try sql.first(
            """
            SELECT count(*) OVER (), last_error FROM outbox
            WHERE due_at IS NOT NULL AND last_error IS NOT NULL AND created_at <= $1
            ORDER BY created_at, account_id, event_sequence LIMIT 1
            """,
            [moment]
        ) { row in (try row.count(0), try row.text(1)) }
    }

    /// Whether a message to an account has not left, and was not given up.
    package func isWaiting(_ message: Message, to account: Identifier<Account>) throws -> Bool {
        try sql.first(
            "SELECT 1 FROM outbox WHERE account_id = $1 AND message = $2 AND due_at IS NOT NULL",
            [account, message.rawValue]
        ) { _ in true } ?? false
    }

    /// How many messages were given up.
    package func deadMessageCount() throws -> Int {
        try sql.first("SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL", []) { try $0.count(0) } ?? 0
    }

    /// The events of an account from one on, at most `limit`.
    package func events(of account: Identifier<Account>, from sequence: Int64, limit: Int) throws -> [Event] {
        try sql.query(
            """
            SELECT \(ChainedEvent.columns) FROM events
            WHERE account_id = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3
            """,
            [account, sequence, limit], Event.init(row:))
    }

    /// How many messages were delivered or given up before a moment, and have no file.
    package func pastMessageCount(before moment: Timestamp) throws -> Int {
        try sql.first("SELECT count(*) FROM outbox WHERE \(pastMessage)", [moment]) { try $0.count(0) } ?? 0
    }
}

// MARK: - Delivery

extension WriteTransaction {
    /// Takes the messages that were to be delivered by a moment, longest overdue first, so that nobody else does until
    /// another. The file that a message will go to is noted before it is written, unless there may be another already.
    ///
    /// - Parameter place: the file that a message will go to; nil when there will be none.
    /// - Returns: the messages as they were before.
    package func leaseDueMessages(
        dueBy moment: Timestamp, until leasedUntil: Timestamp, limit: Int,
        place: (MessageReference) -> String? = { _ in nil }
    ) throws -> [OutboxMessage] {
        let due = try sql.query(
            "SELECT \(messageColumns) FROM outbox WHERE \(dueMessage) \(sql.claim)", [moment, now, limit],
            OutboxMessage.init(row:))
        for message in due {
            try setLease(
                leasedUntil, destination: message.destination ?? place(message.reference), of: message.reference)
        }
        return due
    }

    /// Gives a message back that was taken, and of which nothing is recorded.
    ///
    /// - Parameter destination: the file in which something of it is.
    package func giveBack(_ reference: MessageReference, destination: String?) throws {
        try setLease(nil, destination: destination, of: reference)
    }

    private func setLease(
        _ leasedUntil: Timestamp?, destination: String?, of reference: MessageReference
    ) throws {
        try sql.submit(
            "UPDATE outbox SET leased_until = $1, destination = $2 WHERE account_id = $3 AND event_sequence = $4",
            [leasedUntil, destination, reference.account, reference.sequence])
    }

    /// Notes the file that a message goes to in place of another that is not there any more.
    package func setDestination(_ destination: String?, of reference: MessageReference) throws {
        try sql.submit(
            "UPDATE outbox SET destination = $1 WHERE account_id = $2 AND event_sequence = $3",
            [destination, reference.account, reference.sequence])
    }

    /// Removes a message that nobody is to be told any more. Nothing of it may be left in a folder.
    package func deleteOvertakenMessage(_ reference: MessageReference) throws {
        try sql.submit(
            "DELETE FROM outbox WHERE account_id = $1 AND event_sequence = $2 AND delivered_at IS NULL",
            [reference.account, reference.sequence])
    }

    /// Gives all messages back that were taken, because whoever took them is gone.
    package func giveBackAllMessages() throws {
        try sql.submit(
            "UPDATE outbox SET leased_until = NULL WHERE due_at IS NOT NULL AND leased_until IS NOT NULL", [])
    }

    /// Notes that a message left.
    package func markDelivered(_ reference: MessageReference, destination: String?) throws {
        try sql.submit(
            """
            UPDATE outbox SET due_at = NULL, leased_until = NULL, delivered_at = $1, dead_at = NULL, destination = $2
            WHERE account_id = $3 AND event_sequence = $4
            """,
            [now, destination, reference.account, reference.sequence])
    }

    /// Notes that a message did not leave.
    ///
    /// - Parameters:
    ///   - retryAt: when it is tried again; nil to give it up.
    ///   - destination: the file in which something of it is all the same.
    package func markFailed(
        _ reference: MessageReference, attempts: Int, error: String, retryAt: Timestamp?, destination: String? = nil
    ) throws {
        try sql.submit(
            """
            UPDATE outbox SET due_at = $1, dead_at = $2, leased_until = NULL, attempts = $3, last_error = $4,
                destination = $5
            WHERE account_id = $6 AND event_sequence = $7 AND delivered_at IS NULL
            """,
            [
                retryAt, retryAt == nil ? now : nil, attempts, error, destination, reference.account,
                reference.sequence,
            ])
    }

    /// Makes a message due now, as if it had never failed; the last error stays in sight.
    package func retryMessage(_ reference: MessageReference) throws {
        try sql.submit(
            """
            UPDATE outbox SET due_at = $1, dead_at = NULL, leased_until = NULL, attempts = 0
            WHERE account_id = $2 AND event_sequence = $3 AND delivered_at IS NULL
            """,
            [now, reference.account, reference.sequence])
    }

    /// Makes messages that were given up by now due now, at most `limit`.
    ///
    /// - Returns: how many those were.
    package func retryDeadMessages(limit: Int) throws -> Int {
        try sql.run(
            """
            UPDATE outbox SET due_at = $1, dead_at = NULL, leased_until = NULL, attempts = 0
            WHERE (account_id, event_sequence) IN (
                SELECT account_id, event_sequence FROM outbox WHERE dead_at IS NOT NULL LIMIT $2)
            """,
            [now, limit])
    }

    /// Removes messages that were delivered or given up before a moment, at most `limit`. Those that have a file stay:
    /// nothing else knows where the file is, and whoever is erased wants it gone.
    ///
    /// - Returns: how many that were.
    package func deletePastMessages(before moment: Timestamp, limit: Int) throws -> Int {
        try sql.run(
            """
            DELETE FROM outbox WHERE (account_id, event_sequence) IN (
                SELECT account_id, event_sequence FROM outbox WHERE \(pastMessage) LIMIT $2)
                -- Whoever has waited for a row that was made due meanwhile leaves it.
                AND \(pastMessage)
            """,
            [moment, limit])
    }
}

/// In the order of the partial index.
private let dueMessage = """
    due_at <= $1 AND (leased_until IS NULL OR leased_until <= $2)
    ORDER BY due_at, account_id, event_sequence LIMIT $3
    """

private let pastMessage = "(delivered_at < $1 OR dead_at < $1) AND destination IS NULL"

private let messageColumns = """
    account_id, event_sequence, message, created_at, attempts, due_at, leased_until, last_error, delivered_at, dead_at,
    destination, (SELECT count(*) FROM accounts AS a WHERE a.account_id = outbox.account_id AND a.erased_at IS NOT NULL)
    """

extension OutboxMessage {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            reference: MessageReference(account: try row.identifier(0), sequence: try row.integer(1)),
            message: try row.choice(2), createdAt: try row.timestamp(3), attempts: try row.count(4),
            dueAt: try row.optionalTimestamp(5), leasedUntil: try row.optionalTimestamp(6),
            lastError: try row.optionalText(7), deliveredAt: try row.optionalTimestamp(8),
            deadAt: try row.optionalTimestamp(9), destination: try row.optionalText(10),
            isErased: try row.count(11) > 0)
    }
}
