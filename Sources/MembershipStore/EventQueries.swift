import Crypto
package import Membership

/// Something to write down: an event, and what to tell the reader of it.
package struct NewEvent: Sendable {
    package let account: Identifier<Account>
    package let kind: Event.Kind
    package let subscription: Identifier<Subscription>?
    package let reason: String?
    package let data: String
    /// Nil for the time of its recording.
    package let effectiveAt: Timestamp?
    package let message: Message?
    /// Whether the clock did it, and a job at most wrote it down.
    package let isByClock: Bool

    package init(
        _ kind: Event.Kind, account: Identifier<Account>, subscription: Identifier<Subscription>? = nil,
        reason: String? = nil, data: String = "{}", effectiveAt: Timestamp? = nil, message: Message? = nil,
        isByClock: Bool = false
    ) {
        self.isByClock = isByClock
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
        let linked = try linked(events, isNewAccount: isNewAccount)
        let hashes = linked.hashes(recordedAt: now)
        try insertEvents(linked, hashes)
        try sql.insert(
            into: "event_heads", "account_id, sequence, hash",
            values: linked.heads.map { head in
                [.integer(head.account), .integer(head.sequence), .text(hashes[head.place])]
            },
            onConflict: "(account_id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash")
        try insertMessages(linked)
    }

    /// Writes down what was linked in an earlier transaction.
    ///
    /// - Returns: false when something else has happened to one of the accounts since then; the transaction must be
    ///   taken back.
    package func record(_ linked: LinkedEvents) throws -> Bool {
        let hashes = linked.hashes(recordedAt: now)
        let areLast = try sql.updateEach(
            "UPDATE event_heads SET sequence = $1, hash = $2 WHERE account_id = $3 AND sequence = $4",
            linked.heads.map { head in
                [
                    .integer(head.sequence), .text(hashes[head.place]), .integer(head.account),
                    .integer(head.sequenceBefore),
                ]
            })
        guard areLast else { return false }
        try insertEvents(linked, hashes)
        try insertMessages(linked)
        return true
    }

    private func insertEvents(_ linked: LinkedEvents, _ hashes: [String]) throws {
        var ends: [SQLValue] = []
        ends.reserveCapacity(3 * hashes.count)
        for (link, hash) in zip(linked.links, hashes) {
            ends.append((link.effectiveAt ?? now).sqlValue)
            ends.append(now.sqlValue)
            ends.append(.text(hash))
        }
        try sql.insert(into: "events", ChainedEvent.columns, values: linked.rows, ends: ends, onConflict: nil)
    }

    private func insertMessages(_ linked: LinkedEvents) throws {
        try sql.insert(
            into: "outbox", "account_id, event_sequence, message, created_at, due_at", values: linked.messages,
            ends: Array(repeating: now.sqlValue, count: 2 * linked.messages.count), onConflict: nil)
    }
}

// MARK: - The chain

/// Events in their places behind the last ones of their accounts. What is left open is the moment of their recording, and
/// with it their hashes.
package struct LinkedEvents: Sendable {
    fileprivate var links: [Link] = []
    /// The row of each, up to the event's data.
    fileprivate var rows: [[SQLValue]] = []
    /// The rows of what is to be told the readers, up to the message.
    fileprivate var messages: [[SQLValue]] = []
    /// The last events of the accounts from now on, in the order of the accounts.
    fileprivate var heads: [Head] = []

    fileprivate struct Link: Sendable {
        /// Nil for the time of its recording.
        let effectiveAt: Timestamp?
        let seal: Seal
    }

    /// What the hash of an event covers but the times.
    fileprivate enum Seal: Sendable {
        /// Behind one that was recorded.
        case begun(SHA256)
        /// Behind another of the links.
        case open(place: Int, sealed: [UInt8])
    }

    fileprivate struct Head: Sendable {
        let account: Int64
        /// Of the last event that was recorded; 0 when there is none.
        let sequenceBefore: Int64
        let sequence: Int64
        /// Which of the links it is.
        let place: Int
    }

    fileprivate func hashes(recordedAt now: Timestamp) -> [String] {
        var hashes: [String] = []
        hashes.reserveCapacity(links.count)
        for link in links {
            let begun =
                switch link.seal {
                case .begun(let hash): hash
                case .open(let place, let sealed): EventHash.begun(after: hashes[place], sealed: sealed)
                }
            hashes.append(
                EventHash.finish(
                    begun, effectiveAt: (link.effectiveAt ?? now).milliseconds, recordedAt: now.milliseconds))
        }
        return hashes
    }
}

/// What is remembered of the last event of an account.
struct ChainHead: Sendable {
    let sequence: Int64
    let hash: String

    /// Before anything has happened.
    static let beginning = ChainHead(sequence: 0, hash: EventHash.beginning)
}

extension ReadTransaction {
    /// Puts events in their places, each behind the last of its account.
    ///
    /// - Parameter isNewAccount: nothing has happened to it before, and nothing has to be asked.
    package func linked(_ events: [NewEvent], isNewAccount: Bool = false) throws -> LinkedEvents {
        let recorded = isNewAccount ? [:] : try chainHeads(of: Set(events.map(\.account.rawValue)))
        var linked = LinkedEvents()
        linked.links.reserveCapacity(events.count)
        linked.rows.reserveCapacity(events.count)
        var heads: [Int64: LinkedEvents.Head] = [:]
        for event in events {
            let account = event.account.rawValue
            let before = recorded[account] ?? .beginning
            let last = heads[account]
            let sequence = (last?.sequence ?? before.sequence) + 1
            heads[account] = LinkedEvents.Head(
                account: account, sequenceBefore: before.sequence, sequence: sequence, place: linked.links.count)
            let (row, sealed) = prepared(event, sequence: sequence)
            let seal: LinkedEvents.Seal =
                if let last {
                    .open(place: last.place, sealed: sealed)
                } else {
                    .begun(EventHash.begun(after: before.hash, sealed: sealed))
                }
            linked.links.append(LinkedEvents.Link(effectiveAt: event.effectiveAt, seal: seal))
            linked.rows.append(row)
            if let message = event.message {
                linked.messages.append([.integer(account), .integer(sequence), message.sqlValue])
            }
        }
        linked.heads = heads.values.sorted { $0.account < $1.account }
        return linked
    }

    /// The row of an event up to its data, and what its hash covers of that.
    private func prepared(_ event: NewEvent, sequence: Int64) -> (row: [SQLValue], sealed: [UInt8]) {
        let account = event.account.rawValue
        let salt = event.reason.map { _ in EventHash.newSalt() }
        let digest = event.reason.flatMap { reason in salt.map { EventHash.digest(reason: reason, salt: $0) } }
        let actor = event.isByClock && !self.actor.isJob ? .clock : self.actor
        return (
            [
                .integer(account), .integer(sequence), event.kind.sqlValue, event.subscription.sqlValue,
                .text(actor.name), event.reason.sqlValue, salt.sqlValue, digest.sqlValue, .text(event.data),
            ],
            EventHash.sealed(
                account: account, sequence: sequence, kind: event.kind.rawValue,
                subscription: event.subscription?.rawValue, actor: actor.name, reasonDigest: digest, data: event.data)
        )
    }

    private func chainHeads(of accounts: Set<Int64>) throws -> [Int64: ChainHead] {
        let rows = try sql.query(
            """
            SELECT account_id, sequence, hash FROM event_heads WHERE account_id IN (\(placeholders(accounts.count)))
            """,
            accounts.sorted()
        ) { row in (try row.integer(0), ChainHead(sequence: try row.integer(1), hash: try row.text(2))) }
        return Dictionary(uniqueKeysWithValues: rows)
    }
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
