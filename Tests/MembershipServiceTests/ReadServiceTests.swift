import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct ReadServiceTests {
    /// A read as it stands in a table, without anybody having opened anything.
    private struct Row {
        var reader: String
        var article: Int64
        var title = "golem"
        var section: String?
        var admittedBy = AccessDecision.Reason.registered
        var at: String
    }

    /// A database with some reads. A reader whose name is longer than one letter is a visitor.
    private func database(_ rows: [Row], now: String = "2027-01-01T00:00:00Z") async throws -> TestDatabase {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.clock.set(to: Timestamp(rfc3339: now))
        try await insert(rows.map { ($0, try Timestamp(rfc3339: $0.at).milliseconds) }, into: database)
        return database
    }

    private func insert(_ rows: [(row: Row, at: Int64)], into database: TestDatabase) async throws {
        try await database.store().write { tx in
            var accounts: [String: Identifier<Account>] = [:]
            for (number, (row, at)) in rows.enumerated() {
                let columns = "read_id, article_id, title, section, admitted_by, opened_at, meter"
                let meter = row.admittedBy == .metered ? "default" : nil
                let values: [any SQLValueConvertible] = [
                    number, row.article, row.title, row.section, row.admittedBy, at, meter,
                ]
                if row.reader.count > 1 {
                    try tx.sql.run(
                        "INSERT INTO visitor_reads (visitor, \(columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                        [row.reader] + values)
                    continue
                }
                let account =
                    try accounts[row.reader]
                    ?? tx.insertAccount(
                        email: EmailAddress(parsing: row.reader + "@example.com"), name: nil, timeZone: "UTC"
                    ).id
                accounts[row.reader] = account
                try tx.sql.run(
                    """
                    INSERT INTO reads (account_id, \(columns), source)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    """,
                    [account] + values + [row.admittedBy == .entitled ? "trial" : String?.none])
            }
        }
    }

    private func lines(_ report: ReadReport) -> [String] {
        report.lines.map { line in
            "\(line.item): \(line.reads) \(line.articlesRead) \(line.readers) \(line.share.decimal(places: 6)) "
                + line.share.percent(ofReaders: report.readers).decimal(places: 2)
        }
    }

    private let november = CalendarMonth(year: 2026, month: 11)

    /// A reads three articles, one of them three times; B one; the visitor one, twice.
    private let month: [Row] = [
        Row(reader: "A", article: 1, section: "Sport", at: "2026-11-01T00:00:00Z"),
        Row(reader: "A", article: 1, section: "Sport", at: "2026-11-02T10:00:00Z"),
        Row(reader: "A", article: 1, section: "Culture", at: "2026-11-03T10:00:00Z"),
        Row(reader: "A", article: 2, section: nil, admittedBy: .metered, at: "2026-11-03T11:00:00Z"),
        Row(reader: "A", article: 3, title: "north", admittedBy: .entitled, at: "2026-11-30T23:59:59.999Z"),
        Row(reader: "B", article: 3, title: "north", admittedBy: .entitled, at: "2026-11-05T10:00:00Z"),
        Row(reader: "visitor-number-one", article: 1, section: "Sport", admittedBy: .free, at: "2026-11-06T10:00:00Z"),
        Row(
            reader: "visitor-number-one", article: 1, section: "Sport", admittedBy: .free, at: "2026-11-07T10:00:00Z"),
        // Not of this month.
        Row(reader: "B", article: 1, at: "2026-10-31T23:59:59.999Z"),
        Row(reader: "B", article: 2, at: "2026-12-01T00:00:00Z"),
    ]

    @Test(arguments: [
        (
            ReadReport.Grouping.title,
            ["golem: 6 3 2 1.666667 55.56", "north: 2 2 2 1.333333 44.44"]
        ),
        (
            .section,
            [
                "golem/Sport: 4 2 2 1.333333 44.44", "north (no section): 2 2 2 1.333333 44.44",
                "golem (no section): 1 1 1 0.333333 11.11", "golem/Culture: 1 0 1 0.000000 0.00",
            ]
        ),
        (
            .admission,
            [
                "entitled: 2 2 2 1.333333 44.44", "free: 2 1 1 1.000000 33.33", "metered: 1 1 1 0.333333 11.11",
                "registered: 3 1 1 0.333333 11.11",
            ]
        ),
        (
            .day,
            [
                "1: 1 1 1 0.333333 11.11", "2: 1 0 1 0.000000 0.00", "3: 2 1 1 0.333333 11.11",
                "5: 1 1 1 1.000000 33.33", "6: 1 1 1 1.000000 33.33", "7: 1 0 1 0.000000 0.00",
                "30: 1 1 1 0.333333 11.11",
            ]
        ),
    ])
    func aMonthByEverything(grouping: ReadReport.Grouping, expected: [String]) async throws {
        let report = try await database(month).services.reads.report(november, by: grouping)
        #expect(lines(report) == expected)
        #expect(report.reads == 8)
        #expect(report.articlesRead == 5)
        #expect(report.readers == 3)
        #expect(report.isFinal)
    }

    @Test func aMonthByArticleNamesThemByWhatTheyAreCalled() async throws {
        let room = try await Newsroom(allowance: 5)
        try await room.open("golem/a-2")
        try await room.open("golem/a-1")
        try await room.open("golem/a-1")
        try await room.open("golem/a-1", as: .visitor(room.visitor))
        let report = try await room.services.reads.report(CalendarMonth(year: 2026, month: 1), by: .article)
        #expect(lines(report) == ["golem/a-1: 3 2 2 1.500000 75.00", "golem/a-2: 1 1 1 0.500000 25.00"])
        #expect(!report.isFinal)
    }

    @Test func theMonthIsThatOfTheZone() async throws {
        let database = try await database(month)
        let auckland = try await database.services.reads.report(
            november, by: .day, in: Zone(parsing: "Pacific/Auckland"))
        // There it is 13 hours later: what was read on 30 November at night is of December, what on 31 October is not.
        #expect(auckland.reads == 8)
        #expect(auckland.lines.first?.item == .day(1))
        #expect(auckland.lines.first?.reads == 2)
        #expect(auckland.lines.map(\.item).last == .day(7))
        let berlin = try await database.services.reads.report(november, in: Zone(parsing: "Europe/Berlin"))
        #expect(berlin.reads == 8)
        #expect(berlin.zone.name == "Europe/Berlin")
    }

    /// The clocks of Berlin are put forward on 29 March and back on 25 October 2026.
    @Test(arguments: [
        ("2026-03-28T22:59:59.999Z", 3, 28), ("2026-03-28T23:00:00Z", 3, 29), ("2026-03-29T21:59:59.999Z", 3, 29),
        ("2026-03-29T22:00:00Z", 3, 30), ("2026-10-24T22:00:00Z", 10, 25), ("2026-10-25T22:59:59.999Z", 10, 25),
        ("2026-10-25T23:00:00Z", 10, 26), ("2026-03-31T21:59:59.999Z", 3, 31),
    ])
    func aDayIsAsLongAsTheZonesClockSays(at: String, month: Int, day: Int) async throws {
        let report = try await database([Row(reader: "A", article: 1, at: at)]).services.reads.report(
            CalendarMonth(year: 2026, month: month), by: .day, in: Zone(parsing: "Europe/Berlin"))
        #expect(report.lines.map(\.item) == [.day(day)])
    }

    @Test func aMonthAheadIsRefusedAndOneOfNothingIsEmpty() async throws {
        let database = try await database([], now: "2026-11-30T23:30:00Z")
        let reads = database.services.reads
        let ahead = try await failure { _ = try await reads.report(CalendarMonth(year: 2026, month: 12)) }
        #expect(ahead?.code == .invalidInput)
        #expect(ahead?.message.contains("‘2026-12’") == true)
        // In Berlin it has begun.
        let begun = try await reads.report(
            CalendarMonth(year: 2026, month: 12), in: Zone(parsing: "Europe/Berlin"))
        #expect(begun.lines.isEmpty && begun.readers == 0 && !begun.isFinal)
        #expect(try await reads.report(CalendarMonth(year: 1, month: 1)).lines.isEmpty)
    }

    @Test(arguments: [
        "2026-13", "2026-00", "2026-1", "26-11", "2026", "+026-11", "2026-+1", "2026-11-01", "", "0000-01",
    ])
    func whatIsNoMonthIsRefusedByName(text: String) throws {
        let error = #expect(throws: MembershipError.self) { try CalendarMonth(parsing: text) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("‘\(text)’") == true)
    }

    @Test func whatBecomesOfAccountsAndArticlesLaterChangesNothing() async throws {
        let room = try await Newsroom(allowance: 5)
        let services = room.services
        let eve = try await room.signUp("eve@example.com")
        for number in 1...3 { try await room.open("golem/a-\(number)", key: "k-\(number)") }
        try await room.open("golem/a-1", as: .account(.id(eve)), key: "e-1")
        try await room.open("golem/a-2", as: .visitor(room.visitor), key: "v-1")
        try await room.move(to: "2026-02-01T00:00:00Z")
        let january = CalendarMonth(year: 2026, month: 1)
        func reports() async throws -> [[String]] {
            var all: [[String]] = []
            for grouping in ReadReport.Grouping.allCases {
                all.append(lines(try await services.reads.report(january, by: grouping)))
            }
            return all
        }
        let before = try await reports()
        #expect(before.allSatisfy { !$0.isEmpty })
        let late = try await room.signUp("late@example.com", visitor: room.visitor)
        _ = try await services.accounts.merge(.id(eve), into: room.ada, reason: "Signed up twice")
        _ = try await services.accounts.changeEmail(room.ada, to: email("countess@example.com"))
        try await room.database.store().engine.write { sql in
            try sql.run("UPDATE articles SET section = 'Elsewhere', section_slug = 'elsewhere', headline = 'Other'", [])
            try sql.run("UPDATE titles SET name = 'Another name'", [])
        }
        try await room.open("golem/a-7", as: .account(.id(late)))
        _ = try await services.accounts.erase(.id(late), reason: "Asked for it")
        _ = try await services.accounts.erase(.email(email("countess@example.com")), reason: "Asked for it")
        #expect(try await reports() == before)
    }

    // MARK: - Against a second reckoning

    /// The same by hand: a reader's articles, each where it was read first, and fractions as they are.
    private func naive(_ rows: [(row: Row, at: Int64)], _ key: (Row, Int64) -> String) -> [String: (
        Int, Int, Int, Double
    )] {
        var result: [String: (Int, Int, Int, Double)] = [:]
        for (_, mine) in Dictionary(grouping: rows.enumerated(), by: \.element.row.reader) {
            let inOrder = mine.sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
            var seen: Set<Int64> = []
            var firsts: [String: Int] = [:]
            for (row, at) in inOrder {
                result[key(row, at), default: (0, 0, 0, 0)].0 += 1
                if seen.insert(row.article).inserted { firsts[key(row, at), default: 0] += 1 }
            }
            for thing in Set(inOrder.map { key($0.row, $0.at) }) { result[thing]?.2 += 1 }
            for (thing, count) in firsts {
                result[thing]?.1 += count
                result[thing]?.3 += Double(count) / Double(seen.count)
            }
        }
        return result
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func randomMonthsComeToWhatANaiveReckoningSays(seed: UInt64) async throws {
        var numbers = SeededNumbers(seed: seed)
        let interval = november.interval(in: .utc)
        let length = Int(try #require(interval.endsAt).milliseconds - interval.startsAt.milliseconds)
        let sections: [String?] = ["Sport", "Culture", nil]
        var rows: [(row: Row, at: Int64)] = []
        for _ in 0..<600 {
            let article = Int64(numbers.below(40))
            let isVisitor = numbers.chance(30)
            let reader = isVisitor ? "visitor-number-\(numbers.below(9))" : "\(numbers.pick(Array("ABCDEFGHIJK")))"
            let row = Row(
                reader: reader, article: article, title: "title-\(article % 4)",
                section: article % 5 == 0 ? numbers.pick(sections) : sections[Int(article % 3)],
                admittedBy: numbers.pick(isVisitor ? [.free, .metered] : [.free, .metered, .entitled, .registered]),
                at: "")
            // Many at the same moment, and some outside of the month.
            let at = interval.startsAt.milliseconds + Int64(numbers.below(length / 3_600_000 + 48) - 24) * 3_600_000
            rows.append((row, at))
        }
        let database = try await database([])
        try await insert(rows, into: database)
        let inMonth = rows.filter { interval.contains(Timestamp(milliseconds: $0.at)) }
        let keys: [(ReadReport.Grouping, (Row, Int64) -> String)] = [
            (.title, { row, _ in row.title }),
            (.section, { row, _ in row.title + (row.section.map { "/" + $0 } ?? " (no section)") }),
            (.article, { row, _ in Identifier<Article>(rawValue: row.article).description }),
            (.day, { _, at in String((at - interval.startsAt.milliseconds) / 86_400_000 + 1) }),
            (.admission, { row, _ in row.admittedBy.rawValue }),
        ]
        for (grouping, key) in keys {
            let report = try await database.services.reads.report(november, by: grouping)
            let expected = naive(inMonth, key)
            #expect(Set(report.lines.map(\.item.description)) == Set(expected.keys))
            for line in report.lines {
                let (reads, articles, readers, share) = expected[line.item.description] ?? (0, 0, 0, 0)
                #expect((line.reads, line.articlesRead, line.readers) == (reads, articles, readers))
                #expect(abs((Double(line.share.decimal(places: 6)) ?? -1) - share) < 0.000001)
            }
            #expect(report.readers == Set(inMonth.map(\.row.reader)).count)
            #expect(report.reads == inMonth.count)
            let sum = report.lines.reduce(0.0) { $0 + (Double($1.share.decimal(places: 9)) ?? 0) }
            #expect(abs(sum - Double(report.readers)) < 0.000001)
        }
    }

    @Test(arguments: [
        ([(1, 3), (1, 3), (1, 3)], "1.000000"), ([(1, 192), (1, 384)], "0.007813"), ([(1, 2_000_000)], "0.000001"),
        ([(1, 2_000_001)], "0.000000"), ([(2, 3)], "0.666667"), ([(7, 7), (1, 6)], "1.166667"), ([], "0.000000"),
    ])
    func sharesAreRoundedAsTheExactSumIs(fractions: [(Int, Int)], expected: String) {
        var share = ReadingShare.none
        for (count, total) in fractions { share.add(count, of: total) }
        #expect(share.decimal(places: 6) == expected)
    }

    // MARK: - Lists

    @Test func aReadersReadsAreListedNewestFirst() async throws {
        let room = try await Newsroom(allowance: 5)
        for number in 1...3 {
            try await room.open("golem/a-\(number)", key: "k-\(number)", seconds: number)
            try await room.wait(.minutes(1))
        }
        try await room.open("golem/a-4", as: .visitor(room.visitor))
        let reads = try await room.services.reads.list(of: .account(room.ada), limit: PageLimit(2))
        #expect(reads.map(\.key?.description) == ["golem/a-3", "golem/a-2"])
        #expect(reads.map(\.read.seconds) == [3, 2])
        #expect(reads.map(\.read.clientKey?.text) == ["k-3", "k-2"])
        #expect(reads.allSatisfy { $0.title.text == "golem" && $0.section == nil && $0.read.meter != nil })
        let visitors = try await room.services.reads.list(of: .visitor(room.visitor), limit: PageLimit(2))
        #expect(visitors.map(\.key?.description) == ["golem/a-4"])
        let anonymous = try await failure {
            _ = try await room.services.reads.list(of: .anonymous, limit: PageLimit(2))
        }
        #expect(anonymous?.code == .invalidInput)
        let nobody = try await failure {
            _ = try await room.services.reads.list(
                of: .account(.email(email("nobody@example.com"))), limit: PageLimit(2))
        }
        #expect(nobody?.code == .unknownAccount)
    }
}
