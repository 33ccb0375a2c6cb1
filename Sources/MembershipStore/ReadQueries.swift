package import Membership

extension ReadTransaction {
    /// The metered articles that a reader opened in a month up to a moment: an account's own, those of the accounts
    /// that have become part of it, and those of the visitors that its owner was before she signed up.
    ///
    /// - Parameters:
    ///   - moment: nil for now, whatever the clock of whoever wrote last.
    ///   - known: the accounts and visitors that were known to be hers by then; nil for now.
    package func meteredReads(
        of holder: ReadHolder, in month: Interval, upTo moment: Timestamp?, knownAt known: Timestamp?
    ) throws -> [MeteredRead] {
        // This transaction may have begun before another that has committed since, by whatever clock: what is there
        // now counts now.
        let known = known ?? Timestamp.writable.upperBound
        let last = min(moment ?? Timestamp.writable.upperBound, known)
        switch holder {
        case .visitor(let visitor):
            return try sql.query(
                """
                SELECT article_id, meter, opened_at FROM visitor_reads
                WHERE visitor = $1 AND opened_at >= $2 AND opened_at <= $3 AND meter IS NOT NULL
                ORDER BY opened_at, read_id
                """,
                [visitor, month.startsAt, last], MeteredRead.init(row:))
        case .account(let account):
            // Without an order: to put together the few from four places takes longer in SQL.
            var found = try sql.query(
                meteredByAccount, [account, month.startsAt, last, known],
                { row in (read: try MeteredRead(row: row), id: try row.integer(3)) })
            found.sort { ($0.read.openedAt, $0.id) < ($1.read.openedAt, $1.id) }
            return found.map(\.read)
        }
    }

    /// Waits until nothing else is opened by a visitor.
    package func takeTurn(of visitor: VisitorID) throws {
        try sql.takeTurn("visitor \(visitor.text)")
    }

    /// The read that a client has recorded under a key.
    package func read(of holder: ReadHolder, clientKey: ClientKey) throws -> ArticleRead? {
        try sql.first(
            """
            SELECT \(readColumns(holder)) FROM \(holder.table) WHERE \(holder.column) = $1 AND client_key = $2
            """,
            [holder.key, clientKey.text], ArticleRead.init(row:))
    }

    /// What a reader has opened, newest first. Identifiers are in the order of time, and rows in that of identifiers.
    package func reads(of holder: ReadHolder, limit: Int) throws -> [ArticleReadRecord] {
        try reads(of: holder, "1 = 1 ORDER BY read_id DESC LIMIT $2", [limit])
    }

    /// All that an account has opened, oldest first.
    package func allReads(of account: Identifier<Account>) throws -> [ArticleReadRecord] {
        try reads(of: .account(account), "1 = 1 ORDER BY read_id", [])
    }

    /// What the owner of an account opened as this visitor before she signed up, oldest first.
    package func allReads(of visitor: LinkedVisitor) throws -> [ArticleReadRecord] {
        try reads(
            of: .visitor(visitor.id), "\(isHers) ORDER BY read_id", [visitor.linkedAt, visitor.readAfter])
    }

    private func reads(
        of holder: ReadHolder, _ condition: String, _ arguments: [any SQLValueConvertible]
    ) throws -> [ArticleReadRecord] {
        let grant = if case .account = holder { "grant_id" } else { "NULL" }
        return try sql.query(
            """
            SELECT \(readColumns(holder)), title, section, \(grant),
                (SELECT slug FROM articles WHERE articles.article_id = \(holder.table).article_id)
            FROM \(holder.table) WHERE \(holder.column) = $1 AND \(condition)
            """,
            [holder.key] + arguments, ArticleReadRecord.init(row:))
    }

    /// The visitors that the owner of an account was before she signed up.
    package func visitors(of account: Identifier<Account>) throws -> [LinkedVisitor] {
        try sql.query(
            """
            SELECT visitor, read_after, linked_at FROM account_visitors WHERE account_id = $1
            ORDER BY linked_at, visitor
            """,
            [account]
        ) { row in
            LinkedVisitor(
                id: VisitorID(stored: try row.text(0)), readAfter: try row.optionalTimestamp(1),
                linkedAt: try row.timestamp(2))
        }
    }
}

extension WriteTransaction {
    /// Records that a reader opened an article.
    ///
    /// - Returns: nil when the client has recorded a read under the same key meanwhile.
    package func insertRead(
        of holder: ReadHolder, _ article: Article, by verdict: AccessDecision.Verdict, clientKey: ClientKey?,
        seconds: Int?
    ) throws -> ArticleRead? {
        let id: Identifier<ArticleRead> = newIdentifier()
        let meter = verdict.row == .metered ? verdict.meter?.meter : nil
        var values: [any SQLValueConvertible] = [
            holder.key, id, article.id, article.key.title, article.section, verdict.row.reason, meter, clientKey?.text,
            seconds, now,
        ]
        let statement: String
        switch holder {
        case .visitor: statement = insertReadOfVisitor
        case .account:
            statement = insertReadOfAccount
            values += [verdict.source, verdict.grant]
        }
        guard try sql.run(statement, values) > 0 else { return nil }
        return ArticleRead(
            id: id, article: article.id, admittedBy: verdict.row.reason, source: verdict.source, meter: meter,
            clientKey: clientKey, seconds: seconds, openedAt: now)
    }

    /// Notes that a reader stayed longer with an article than was known.
    package func update(_ read: ArticleRead, of holder: ReadHolder, seconds: Int) throws {
        try sql.run(
            """
            UPDATE \(holder.table) SET seconds = $1
            WHERE \(holder.column) = $2 AND read_id = $3 AND (seconds IS NULL OR seconds < $4)
            """,
            [seconds, holder.key, read.id, seconds])
    }

    /// Notes which visitor somebody was before she signed up.
    ///
    /// Several may share a device: what was read up to an earlier sign-up is not hers, nor what somebody read who has
    /// been erased since. That is noted by the time of a read, not by that of a sign-up, by which the account that was
    /// erased could be found again.
    package func link(_ visitor: VisitorID, to account: Identifier<Account>) throws {
        try sql.submit(
            """
            INSERT INTO account_visitors (account_id, visitor, read_after, linked_at)
            VALUES (
                $1, $2,
                (
                    SELECT max(opened_at) FROM visitor_reads
                    WHERE visitor = $2
                        AND (is_erased = 1
                            OR opened_at <= (SELECT max(linked_at) FROM account_visitors WHERE visitor = $2))
                ),
                $3
            )
            ON CONFLICT (account_id, visitor) DO NOTHING
            """,
            [account, visitor, now])
    }

    /// Removes what ties the reads of a visitor to somebody who is erased: they are nobody's any more.
    package func cutOff(_ visitor: LinkedVisitor, from account: Identifier<Account>) throws {
        try sql.run(
            "UPDATE visitor_reads SET client_key = NULL, is_erased = 1 WHERE visitor = $1 AND \(isHers)",
            [visitor.id, visitor.linkedAt, visitor.readAfter])
        try sql.run(
            "DELETE FROM account_visitors WHERE account_id = $1 AND visitor = $2", [account, visitor.id])
    }
}

// Put together once: they are run with every opening.
private let insertReadOfVisitor = insertRead("visitor_reads", "visitor", "")
private let insertReadOfAccount = insertRead("reads", "account_id", ", source, grant_id")
private func insertRead(_ table: String, _ holder: String, _ more: String) -> String {
    """
    INSERT INTO \(table) (\(holder), read_id, article_id, title, section, admitted_by, meter, client_key, seconds,
        opened_at\(more))
    VALUES (\(placeholders(more.isEmpty ? 10 : 12)))
    ON CONFLICT (\(holder), client_key) WHERE client_key IS NOT NULL DO NOTHING
    """
}

/// What of a visitor's reads is that of one who signed up, up to the second argument and after the third.
private let isHers = "opened_at <= $2 AND opened_at > coalesce($3, opened_at - 1)"

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

extension ArticleReadRecord {
    /// The columns of a read, and those of a record behind them.
    fileprivate init(row: any SQLRow) throws {
        let title = Slug(stored: try row.text(8))
        self.init(
            read: try ArticleRead(row: row), title: title, section: try row.optionalText(9),
            key: try row.optionalText(11).map { ArticleKey(title: title, slug: Slug(stored: $0)) },
            grant: try row.optionalInteger(10).map(Identifier.init(rawValue:)))
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

/// Her own, those of accounts that were merged into hers, and those of visitors whom she or they turned out to be.
let meteredByAccount = """
    SELECT \(meteredColumns) FROM reads WHERE account_id = $1 AND \(isMeteredThen)
    UNION ALL
    SELECT \(meteredColumns) FROM account_merges JOIN reads ON reads.account_id = merged_id
    WHERE account_merges.account_id = $1 AND \(isMeteredThen) AND merged_at <= $3
    UNION ALL
    SELECT \(meteredColumns) FROM account_visitors
    JOIN visitor_reads ON visitor_reads.visitor = account_visitors.visitor
    WHERE account_visitors.account_id = $1 AND \(isMeteredThen) AND \(isOfHerAsVisitor)
    UNION ALL
    SELECT \(meteredColumns) FROM account_merges JOIN account_visitors ON account_visitors.account_id = merged_id
    JOIN visitor_reads ON visitor_reads.visitor = account_visitors.visitor
    WHERE account_merges.account_id = $1 AND \(isMeteredThen) AND merged_at <= $3 AND \(isOfHerAsVisitor)
    """
private let meteredColumns = "article_id, meter, opened_at, read_id"
private let isMeteredThen = "opened_at >= $2 AND opened_at <= $3 AND meter IS NOT NULL"
private let isOfHerAsVisitor =
    "linked_at <= $4 AND opened_at <= linked_at AND (read_after IS NULL OR opened_at > read_after)"
