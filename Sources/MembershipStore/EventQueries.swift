package import Membership

/// Something to write down: an event, and what to tell the reader of it.
package struct NewEvent {
    package let account: Identifier<Account>
    package let kind: Event.Kind
    package let subscription: Identifier<Subscription>?
    package let reason: String?
    package let data: String
    /// Nil for the time of its recording.
    package let effectiveAt: Timestamp?
    package let message: Message?
    /// Nil for whoever the transaction is run by.
    package let actor: Actor?

    package init(
        _ kind: Event.Kind, account: Identifier<Account>, subscription: Identifier<Subscription>? = nil,
        reason: String? = nil, data: String = "{}", effectiveAt: Timestamp? = nil, message: Message? = nil,
        actor: Actor? = nil
    ) {
        self.actor = actor
        self.account = account
        self.kind = kind
        self.subscription = subscription
        self.reason = reason
        self.data = data
        self.effectiveAt = effectiveAt
        self.message = message
    }
}

extension ReadTransaction {
    /// What happened to an account, in order.
    package func events(of account: Identifier<Account>) throws -> [Event] {
        try sql.query(
            "SELECT \(ChainedEvent.columns) FROM events WHERE account_id = $1 ORDER BY sequence", [account],
            Event.init(row:))
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
        reason: String? = nil, data: String = "{}", message: Message? = nil
    ) throws {
        try record([
            NewEvent(kind, account: account, subscription: subscription, reason: reason, data: data, message: message)
        ])
    }

    /// Writes down what happened, in order, each event behind the last of its account.
    ///
    /// - Parameter isNewAccount: nothing has happened to it before, and nothing has to be asked.
    package func record(_ events: [NewEvent], isNewAccount: Bool = false) throws {
        guard !events.isEmpty else { return }
        var heads = isNewAccount ? [:] : try self.heads(of: Set(events.map(\.account.rawValue)))
        var (eventRows, outboxRows): ([[SQLValue]], [[SQLValue]]) = ([], [])
        for event in events {
            let account = event.account.rawValue
            let head = heads[account] ?? ChainHead(sequence: 0, hash: EventHash.beginning)
            let salt = event.reason.map { _ in EventHash.newSalt() }
            let digest = event.reason.flatMap { reason in
                salt.map { EventHash.digest(reason: reason, salt: $0) }
            }
            let effectiveAt = event.effectiveAt ?? now
            let actor = event.actor ?? self.actor
            let sequence = head.sequence + 1
            let hash = EventHash.of(
                after: head.hash, account: account, sequence: sequence, kind: event.kind.rawValue,
                subscription: event.subscription?.rawValue, actor: actor.name, reasonDigest: digest, data: event.data,
                effectiveAt: effectiveAt.milliseconds, recordedAt: now.milliseconds)
            eventRows.append([
                .integer(account), .integer(sequence), event.kind.sqlValue, event.subscription.sqlValue,
                .text(actor.name), event.reason.sqlValue, salt.sqlValue, digest.sqlValue, .text(event.data),
                effectiveAt.sqlValue, now.sqlValue, .text(hash),
            ])
            heads[account] = ChainHead(sequence: sequence, hash: hash)
            if let message = event.message {
                outboxRows.append([
                    .integer(account), .integer(sequence), message.sqlValue, now.sqlValue, now.sqlValue,
                ])
            }
        }
        try sql.insert(into: "events", ChainedEvent.columns, values: eventRows, onConflict: nil)
        let headRows = heads.sorted { $0.key < $1.key }.map { account, head -> [SQLValue] in
            [.integer(account), .integer(head.sequence), .text(head.hash)]
        }
        try sql.insert(
            into: "event_heads", "account_id, sequence, hash", values: headRows,
            onConflict: "(account_id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash")
        try sql.insert(
            into: "outbox", "account_id, event_sequence, message, created_at, due_at", values: outboxRows,
            onConflict: nil)
    }

    private func heads(of accounts: Set<Int64>) throws -> [Int64: ChainHead] {
        let rows = try sql.query(
            """
            SELECT account_id, sequence, hash FROM event_heads WHERE account_id IN (\(placeholders(accounts.count)))
            """,
            accounts.sorted()
        ) { row in (try row.integer(0), ChainHead(sequence: try row.integer(1), hash: try row.text(2))) }
        return Dictionary(uniqueKeysWithValues: rows)
    }
}

/// What is remembered of the last event of an account.
struct ChainHead: Sendable {
    let sequence: Int64
    let hash: String
}

extension Event {
    init(row: any SQLRow) throws {
        self.init(
            accountID: try row.identifier(0), sequence: try row.integer(1), kind: try row.choice(2),
            subscriptionID: try row.optionalInteger(3).map(Identifier.init(rawValue:)),
            actor: Actor(stored: try row.text(4)), reason: try row.optionalText(5), data: try row.text(8),
            effectiveAt: try row.timestamp(9), recordedAt: try row.timestamp(10))
    }
}

// MARK: - Beginning the chain

extension SQLConnection {
    /// Chains events that were recorded before there was a chain.
    func chainEvents() throws {
        let accounts = try query("SELECT account_id FROM accounts ORDER BY account_id", []) { try $0.integer(0) }
        for account in accounts {
            let events = try query(
                "SELECT \(ChainedEvent.columns) FROM events WHERE account_id = $1 ORDER BY sequence", [account],
                ChainedEvent.init(row:))
            var previous = EventHash.beginning
            for event in events {
                let salt = event.reason.map { _ in EventHash.newSalt() }
                let digest = event.reason.flatMap { reason in salt.map { EventHash.digest(reason: reason, salt: $0) } }
                previous = EventHash.of(
                    after: previous, account: account, sequence: event.sequence, kind: event.kind,
                    subscription: event.subscription, actor: event.actor, reasonDigest: digest, data: event.data,
                    effectiveAt: event.effectiveAt, recordedAt: event.recordedAt)
                try submit(
                    """
                    UPDATE events SET reason_salt = $1, reason_sha256 = $2, hash = $3
                    WHERE account_id = $4 AND sequence = $5
                    """,
                    [salt, digest, previous, account, event.sequence])
            }
            try submit(
                "INSERT INTO event_heads (account_id, sequence, hash) VALUES ($1, $2, $3)",
                [account, events.last?.sequence ?? 0, previous])
        }
    }
}
