package import Membership

extension ReadTransaction {
    /// The events that pass a filter, in the order of their places: at most `limit` behind one of them.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    package func events(_ filter: EventFilter, after place: EventPlace?, limit: Int) throws -> [Event] {
        var selection = try EventSelection(filter, in: self)
        if let place { selection.begin(after: place) }
        return try selection.events(in: self, order: "recorded_at, account_id, sequence", limit: limit)
    }

    /// The newest events that pass a filter, at most `limit`, in the order of their places.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    package func newestEvents(_ filter: EventFilter, limit: Int) throws -> [Event] {
        try EventSelection(filter, in: self).events(
            in: self, order: "recorded_at DESC, account_id DESC, sequence DESC", limit: limit
        ).reversed()
    }

    /// The places of all events that pass a filter behind one of them, in order. A place is small, and stands in an index.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    package func eventPlaces(_ filter: EventFilter, after place: EventPlace) throws -> [EventPlace] {
        var selection = try EventSelection(filter, in: self)
        selection.begin(after: place)
        return try selection.places(in: self)
    }

    /// The event at a place; nil when there is none.
    package func event(at place: EventPlace) throws -> Event? {
        try sql.first(
            "SELECT \(ChainedEvent.columns) FROM events WHERE account_id = $1 AND sequence = $2",
            [place.account, place.sequence], Event.init(row:))
    }

    /// The messages to an account, in the order of the events they tell of, with what became of them.
    package func sentMessages(to account: Identifier<Account>) throws -> [SentMessage] {
        try sql.query(
            """
            SELECT message, event_sequence, created_at, delivered_at, dead_at, last_error, destination FROM outbox
            WHERE account_id = $1 ORDER BY event_sequence
            """,
            [account]
        ) { row in
            SentMessage(
                message: try row.choice(0), eventSequence: try row.integer(1), createdAt: try row.timestamp(2),
                deliveredAt: try row.optionalTimestamp(3), deadAt: try row.optionalTimestamp(4),
                lastError: try row.optionalText(5), destination: try row.optionalText(6))
        }
    }
}

/// The WHERE of a list of events.
private struct EventSelection {
    private var conditions: [String] = []
    private var arguments: [any SQLValueConvertible] = []

    init(_ filter: EventFilter, in tx: ReadTransaction) throws {
        if let account = filter.account { add("account_id =", try tx.account(account).id) }
        switch filter.kind {
        case .one(let kind): add("kind =", kind)
        // The names that begin so are those from it up to the one whose dot is the next character.
        case .family(let beginning):
            add("kind >=", beginning)
            add("kind <", beginning.dropLast() + "/")
        case nil: break
        }
        if let actor = filter.actor { add("actor =", actor.name) }
        if let since = filter.since { add("recorded_at >=", since) }
        if let until = filter.until { add("recorded_at <", until) }
    }

    mutating func begin(after place: EventPlace) {
        let first = arguments.count + 1
        conditions.append("(recorded_at, account_id, sequence) > ($\(first), $\(first + 1), $\(first + 2))")
        arguments += [place.recordedAt, place.account, place.sequence]
    }

    private mutating func add(_ comparison: String, _ value: any SQLValueConvertible) {
        arguments.append(value)
        conditions.append("\(comparison) $\(arguments.count)")
    }

    func events(in tx: ReadTransaction, order: String, limit: Int) throws -> [Event] {
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        return try tx.sql.query(
            """
            SELECT \(ChainedEvent.columns) FROM events \(condition) ORDER BY \(order) LIMIT $\(arguments.count + 1)
            """,
            arguments + [limit], Event.init(row:))
    }

    func places(in tx: ReadTransaction) throws -> [EventPlace] {
        try tx.sql.query(
            """
            SELECT recorded_at, account_id, sequence FROM events WHERE \(conditions.joined(separator: " AND "))
            ORDER BY recorded_at, account_id, sequence
            """,
            arguments
        ) { row in
            EventPlace(recordedAt: try row.timestamp(0), account: try row.identifier(1), sequence: try row.integer(2))
        }
    }
}
