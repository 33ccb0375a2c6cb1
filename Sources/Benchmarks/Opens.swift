import Membership
import MembershipService

/// Articles that are opened, and recorded as read, through the service, beside the same rows with a transaction each.
struct Opens {
    let bench: SQLiteBench
    let size: BenchSize

    func measure() async throws -> [Measurement] {
        var draw = CheckDraw(bench, seed: 5)
        let questions = try draw.questions(.entitled, count: 20_000)
        let turns = Turns(questions)
        let services = bench.services
        let reference = try ReferenceOpen(bench)
        let counter = try bench.reference(writes: false)
        try await compare(questions[0], reference, counter)
        var rounds: [(ours: Double, reference: Double)] = []
        var shared: [Double] = []
        for _ in 0..<size.rounds {
            let ours = try await counted(counter) {
                try await Callers.rate(Callers.many, for: size.writing) { try await Opens.open(turns.next(), services) }
            }
            let theirs = try await counted(counter) {
                try Callers.rate(for: size.writing) { try reference.open([turns.next()]) }
            }
            shared.append(
                try await counted(counter) {
                    try Callers.rate(for: size.writing, each: Callers.many) {
                        try reference.open((0..<Callers.many).map { _ in turns.next() })
                    }
                })
            rounds.append((ours: ours, reference: theirs))
        }
        Callers.tell("open", ofShared: shared, alone: rounds.map(\.reference))
        return [Measurement("open: \(Callers.many) callers", unit: "/s", rounds: rounds, atLeast: 5)]
    }

    private static func open(_ question: CheckQuestion, _ services: Services) async throws {
        let opening = try await services.access.open(reader: question.reader, article: question.article)
        guard opening.read?.admittedBy == .entitled, case .whole = opening.content else {
            throw Failure("\(question.reader), \(question.article): \(opening.answer.decision)")
        }
    }

    /// Every opening of a round must have made a row.
    private func counted(
        _ counter: ReferenceConnection, _ body: () async throws -> (rate: Double, done: Int)
    ) async throws -> Double {
        let sql = "SELECT count(*) FROM reads INDEXED BY reads_by_time WHERE opened_at >= 0"
        let before = try counter.count(sql)
        let (rate, done) = try await body()
        let made = try counter.count(sql) - before
        guard made == done else { throw Failure("\(done) openings made \(made) rows") }
        return rate
    }

    /// The row that ours makes and that of the reference must be the same but for the identifier and the time, and neither
    /// makes one anywhere else.
    private func compare(
        _ question: CheckQuestion, _ reference: ReferenceOpen, _ connection: ReferenceConnection
    ) async throws {
        let before = try counts(connection)
        try await Opens.open(question, bench.services)
        let between = try counts(connection)
        try reference.open([question])
        let behind = try counts(connection)
        for (made, by) in [(grown(before, between), "ours"), (grown(between, behind), "the reference")] {
            guard made == ["reads": 1] else { throw Failure("an opening by \(by) made rows of \(made)") }
        }
        let columns = try connection.rows("SELECT name FROM pragma_table_info('reads')").compactMap { $0.first?.text }
            .filter { !["read_id", "opened_at"].contains($0) }
        let rows = try connection.rows(
            "SELECT \(columns.joined(separator: ", ")) FROM reads WHERE account_id = ?1 ORDER BY read_id",
            [question.account])
        guard columns.count > 8, rows.count == 2, rows[0] == rows[1] else {
            throw Failure("the reference writes another row: \(rows)")
        }
    }

    /// How many rows each table has.
    private func counts(_ connection: ReferenceConnection) throws -> [String: Int] {
        let tables = try connection.rows("SELECT name FROM sqlite_schema WHERE type = 'table'").compactMap {
            $0.first?.text
        }
        return try Dictionary(
            uniqueKeysWithValues: tables.map { ($0, try connection.count("SELECT count(*) FROM \($0)")) })
    }

    private func grown(_ before: [String: Int], _ after: [String: Int]) -> [String: Int] {
        after.merging(before) { $0 - $1 }.filter { $0.value != 0 }
    }
}

/// An opening by plain SQL: a transaction with the row that ours writes. It decides nothing, and looks for nothing.
final class ReferenceOpen {
    private let begin: ReferenceStatement
    private let commit: ReferenceStatement
    private let insert: ReferenceStatement
    private let articles: [ArticleReference: (id: Int64, title: KeptText, section: KeptText)]
    private let grants: [Int64: Int64]
    private var number = 0

    init(_ bench: SQLiteBench) throws {
        let connection = try bench.reference(writes: true)
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        insert = try connection.prepare(
            """
            INSERT INTO reads (account_id, read_id, article_id, title, section, admitted_by, source, grant_id, opened_at)
            VALUES (?1, ?2, ?3, ?4, ?5, 'entitled', 'trial', ?6, ?7)
            """)
        articles = try Dictionary(
            uniqueKeysWithValues: (0..<bench.articles.count).filter { bench.articles.level(of: $0) == .premium }.map {
                let article = bench.articles[$0]
                return (
                    .key(ArticleKey(title: try Slug(parsing: article.title), slug: try Slug(parsing: article.slug))),
                    (article.id.rawValue, KeptText(article.title), KeptText(article.section))
                )
            })
        grants = Dictionary(
            uniqueKeysWithValues: bench.accounts.onTrial.map {
                let account = bench.accounts[$0]
                return (account.id.rawValue, account.grant.rawValue)
            })
    }

    /// Opens in one transaction.
    func open(_ questions: [CheckQuestion]) throws {
        try begin.run()
        for question in questions { try insert(question) }
        try commit.run()
    }

    private func insert(_ question: CheckQuestion) throws {
        guard let article = articles[question.article], let grant = grants[question.account] else {
            throw Failure("\(question.reader) or \(question.article) is none of the bench's")
        }
        number += 1
        let now = WallClock.system.now().milliseconds
        insert.bind(1, question.account)
        insert.bind(2, now << 21 | Int64(number & (1 << 20 - 1)))
        insert.bind(3, article.id)
        insert.bind(4, article.title)
        insert.bind(5, article.section)
        insert.bind(6, grant)
        insert.bind(7, now)
        try insert.run()
    }
}
