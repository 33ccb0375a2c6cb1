package import Membership

/// What readers who read equally many articles in a month read of one thing.
private struct ReadGroup {
    let item: ReadReport.Item
    /// How many articles each of these readers read in the whole month.
    let total: Int
    /// How many of them here, all together.
    let articlesRead: Int
    let reads: Int
    let readers: Int
}

extension ReadTransaction {
    /// What was read in a month. Only what stands in reads decides, so that the answer for a month that is over stays.
    ///
    /// The database counts, and answers with a row for each thing and each number of articles that somebody read: not
    /// with one for each reader, however many there are.
    package func readReport(
        of month: CalendarMonth, in zone: Zone, by grouping: ReadReport.Grouping
    ) throws -> ReadReport {
        try takesLong()
        var lines: [ReadReport.Item: ReadReport.Line] = [:]
        var readers = 0
        for (table, reader) in [("reads", "account_id"), ("visitor_reads", "visitor")] {
            try groups(of: table, reader: reader, month, in: zone, by: grouping) { group in
                var line = lines[group.item] ?? ReadReport.Line(group.item)
                line.reads += group.reads
                line.articlesRead += group.articlesRead
                line.readers += group.readers
                line.share.add(group.articlesRead, of: group.total)
                lines[group.item] = line
            }
            readers += try readerCount(of: table, reader: reader, month.interval(in: zone))
        }
        return ReadReport(of: month, in: zone, by: grouping, Array(lines.values), readers: readers, at: now)
    }

    private func groups(
        of table: String, reader: String, _ month: CalendarMonth, in zone: Zone, by grouping: ReadReport.Grouping,
        _ body: (ReadGroup) -> Void
    ) throws {
        let interval = month.interval(in: zone)
        // The starts of the days but the first; a moment is in the last day whose start is not behind it.
        let starts = grouping == .day ? month.days(in: zone).dropFirst().map(\.startsAt) : []
        let cases = starts.indices.map { "WHEN opened_at < $\($0 + 1) THEN \($0 + 1)" }.joined(separator: " ")
        let (thing, part) =
            switch grouping {
            case .title: ("title", "NULL")
            case .section: ("title", "section")
            case .article: ("article_id", "title")
            case .day: ("CASE \(cases) ELSE \(starts.count + 1) END", "NULL")
            case .admission: ("admitted_by", "NULL")
            }
        let slug = grouping == .article ? "(SELECT slug FROM articles WHERE article_id = thing)" : "NULL"
        // An article counts once for each of its readers, where she read it first.
        _ = try sql.query(
            """
            SELECT thing, part, \(slug), CAST(total AS BIGINT), CAST(sum(articles) AS BIGINT),
                CAST(sum(reads) AS BIGINT), count(*)
            FROM (
                SELECT reader, thing, part, count(*) AS reads, sum(is_first) AS articles,
                    sum(sum(is_first)) OVER (PARTITION BY reader) AS total
                FROM (
                    SELECT \(reader) AS reader, \(thing) AS thing, CAST(\(part) AS TEXT) AS part,
                        CASE row_number() OVER (PARTITION BY \(reader), article_id ORDER BY opened_at, read_id)
                            WHEN 1 THEN 1 ELSE 0 END AS is_first
                    FROM \(table) WHERE opened_at >= $\(starts.count + 1) AND opened_at < $\(starts.count + 2)
                ) AS month_reads
                GROUP BY reader, thing, part
            ) AS parts_of_readers
            GROUP BY thing, part, total
            """,
            starts + [interval.startsAt, interval.endsAt]
        ) { row in
            body(
                ReadGroup(
                    item: try ReadReport.Item(row: row, grouping), total: try row.count(3),
                    articlesRead: try row.count(4), reads: try row.count(5), readers: try row.count(6)))
        }
    }

    private func readerCount(of table: String, reader: String, _ interval: Interval) throws -> Int {
        try sql.first(
            "SELECT count(DISTINCT \(reader)) FROM \(table) WHERE opened_at >= $1 AND opened_at < $2",
            [interval.startsAt, interval.endsAt]
        ) { try $0.count(0) } ?? 0
    }
}

extension ReadReport.Item {
    /// What it is called, a part of that, and the slug of an article.
    fileprivate init(row: any SQLRow, _ grouping: ReadReport.Grouping) throws {
        switch grouping {
        case .title: self = .title(Slug(stored: try row.text(0)))
        case .section: self = .section(title: Slug(stored: try row.text(0)), try row.optionalText(1))
        case .article:
            self = .article(
                try row.identifier(0), title: Slug(stored: try row.text(1)),
                try row.optionalText(2).map(Slug.init(stored:)))
        case .day: self = .day(try row.count(0))
        case .admission: self = .admission(try row.choice(0))
        }
    }
}
