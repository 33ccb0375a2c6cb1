package import Membership

/// Who reads, as reads are kept.
package enum ReadHolder: Hashable, Sendable {
    case account(Identifier<Account>)
    case visitor(VisitorID)

    fileprivate var table: String {
        switch self {
        case .account: "reads"
        case .visitor: "visitor_reads"
        }
    }

    fileprivate var column: String {
        switch self {
        case .account: "account_id"
        case .visitor: "visitor"
        }
    }

    fileprivate var key: any SQLValueConvertible {
        switch self {
        case .account(let id): id
        case .visitor(let id): id
        }
    }

    /// What a turn at the meter is called.
    fileprivate var turn: String { "meter \(column) \(key.sqlValue)" }
}

extension ReadTransaction {
    /// The metered articles that a reader opened in a month up to a moment: an account's own, and those of the visitors
    /// that its owner was before she signed up.
    ///
    /// - Parameter known: visitors that were known to be hers by then.
    package func meteredReads(
        of holder: ReadHolder, in month: Interval, upTo moment: Timestamp, knownAt known: Timestamp
    ) throws -> [MeteredRead] {
        let last = min(moment, known)
        var reads = try sql.query(
            """
            SELECT article_id, meter, opened_at FROM \(holder.table)
            WHERE \(holder.column) = $1 AND opened_at >= $2 AND opened_at <= $3 AND meter IS NOT NULL
            ORDER BY opened_at, read_id
            """,
            [holder.key, month.startsAt, last], MeteredRead.init(row:))
        if case .account(let account) = holder {
            reads += try sql.query(
                """
                SELECT article_id, meter, opened_at FROM visitor_reads
                JOIN account_visitors ON account_visitors.visitor = visitor_reads.visitor
                WHERE account_id = $1 AND linked_at <= $2 AND opened_at >= $3 AND opened_at <= $4
                    AND opened_at <= linked_at AND meter IS NOT NULL
                ORDER BY opened_at, read_id
                """,
                [account, known, month.startsAt, last], MeteredRead.init(row:))
        }
        return reads
    }

    /// The read that a client has recorded under a key.
    package func read(of holder: ReadHolder, clientKey: ClientKey) throws -> ArticleRead? {
        try sql.first(
            """
            SELECT \(readColumns(holder)) FROM \(holder.table) WHERE \(holder.column) = $1 AND client_key = $2
            """,
            [holder.key, clientKey.text], ArticleRead.init(row:))
    }
}

extension WriteTransaction {
    /// Waits until nobody else spends a reader's allowance.
    package func takeTurnAtMeter(of holder: ReadHolder) throws {
        try sql.takeTurn(holder.turn)
    }

    /// Records that a reader opened an article.
    ///
    /// - Returns: nil when the client has recorded a read under the same key meanwhile.
    package func insertRead(
        of holder: ReadHolder, _ article: Article, by verdict: AccessDecision.Verdict, clientKey: ClientKey?,
        seconds: Int?
    ) throws -> ArticleRead? {
        let id: Identifier<ArticleRead> = newIdentifier()
        let meter = verdict.row == .metered ? verdict.meter?.meter : nil
        var columns =
            "\(holder.column), read_id, article_id, title, section, admitted_by, meter, client_key, seconds, opened_at"
        var values: [any SQLValueConvertible] = [
            holder.key, id, article.id, article.key.title, article.section, verdict.row.reason, meter, clientKey?.text,
            seconds, now,
        ]
        if case .account = holder {
            columns += ", source, grant_id"
            values += [verdict.source, verdict.grant]
        }
        let count = try sql.run(
            """
            INSERT INTO \(holder.table) (\(columns)) VALUES (\(placeholders(values.count)))
            ON CONFLICT (\(holder.column), client_key) WHERE client_key IS NOT NULL DO NOTHING
            """,
            values)
        guard count > 0 else { return nil }
        return ArticleRead(
            id: id, article: article.id, admittedBy: verdict.row.reason, source: verdict.source, meter: meter,
            clientKey: clientKey, seconds: seconds, openedAt: now)
    }

    /// Notes that a reader stayed longer with an article than was known.
    package func update(_ read: ArticleRead, of holder: ReadHolder, seconds: Int) throws {
        try sql.run(
            "UPDATE \(holder.table) SET seconds = $1 WHERE \(holder.column) = $2 AND read_id = $3",
            [seconds, holder.key, read.id])
    }

    /// Notes which visitor somebody was before she signed up.
    package func link(_ visitor: VisitorID, to account: Identifier<Account>) throws {
        try sql.submit(
            """
            INSERT INTO account_visitors (account_id, visitor, linked_at) VALUES ($1, $2, $3)
            ON CONFLICT (account_id, visitor) DO NOTHING
            """,
            [account, visitor, now])
    }
}

private func readColumns(_ holder: ReadHolder) -> String {
    let columns = "read_id, article_id, admitted_by, meter, client_key, seconds, opened_at"
    return switch holder {
    case .account: columns + ", source"
    case .visitor: columns + ", NULL"
    }
}

extension ArticleRead {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            id: try row.identifier(0), article: try row.identifier(1), admittedBy: try row.choice(2),
            source: try row.optionalChoice(7), meter: try row.optionalText(3).flatMap(RuleTarget.init(name:)),
            clientKey: try row.optionalText(4).map(ClientKey.init(stored:)),
            seconds: try row.optionalInteger(5).map(Int.init), openedAt: try row.timestamp(6))
    }
}

extension MeteredRead {
    fileprivate init(row: any SQLRow) throws {
        guard let meter = RuleTarget(name: try row.text(1)) else {
            throw MembershipError(
                .databaseDamaged, "A read was counted by the meter ‘\(try row.text(1))’, which there is none of.",
                remedy: "Run fortnight doctor.")
        }
        self.init(article: try row.identifier(0), meter: meter, openedAt: try row.timestamp(2))
    }
}
