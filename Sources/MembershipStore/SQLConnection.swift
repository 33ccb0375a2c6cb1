package import Membership

/// The seam between the queries and the engine beneath them: every query is written once against this.
///
/// The SQL is the subset that SQLite and PostgreSQL share, but for one statement (``isSQLite``). Placeholders are
/// `$1, $2, …`, each first used in ascending order. A connection is a synchronous conversation inside one transaction
/// and never leaves it.
///
/// Every method throws ``MembershipError``, whatever the engine reported.
package protocol SQLConnection {
    /// Runs a statement that answers with no rows.
    ///
    /// - Returns: how many rows it inserted, updated or deleted.
    @discardableResult
    func run(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> Int

    /// Runs a statement and shows each row, in order.
    func each(_ sql: String, _ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Void) throws

    /// Asks a question whose answer is taken later, so that several can travel to a server together; nil where there is
    /// no way to travel, so that it has still to be asked.
    func send(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> (any SQLRows)?

    /// Runs a statement of which nobody needs to know how many rows it changed. What goes wrong with it is thrown here,
    /// by whatever is asked next, or by the commit.
    func submit(_ sql: String, _ arguments: [any SQLValueConvertible]) throws

    /// Runs a statement once for each of many rows, of which nobody needs to know how many it changed.
    func runEach(_ sql: String, _ rows: [[SQLValue]]) throws

    /// Runs a statement for one of many rows after the other, each of which must change one, until one does not.
    ///
    /// - Returns: whether each did.
    func updateEach(_ sql: String, _ rows: [[SQLValue]]) throws -> Bool

    /// Inserts rows as fast as the engine can.
    ///
    /// - Parameters:
    ///   - rows: the values of each row, or the first of them.
    ///   - ends: the last values of each row, row by row: what only the one who writes knows, who need not copy for it what
    ///     was put together beforehand. The same number for each; empty when the rows are whole.
    ///   - onConflict: what to do with a row that is there already; nil to fail.
    func insert(
        into table: String, _ columns: String, values rows: [[SQLValue]], ends: [SQLValue], onConflict: String?
    ) throws

    /// Runs several statements of the engine's own dialect, for migrations alone.
    func runScript(_ sql: String) throws

    /// Whether this is SQLite, which is asked for what a check needs of an account by a statement that only SQLite
    /// understands (docs/decisions/0027).
    var isSQLite: Bool { get }

    /// Stands behind a SELECT of due rows and makes them this transaction's own: other workers pass them over. Empty
    /// where there is only one writer.
    var claim: String { get }

    /// Stands behind a SELECT of rows that nobody else is to hold or change before this transaction ends. Empty where
    /// there is only one writer.
    var hold: String { get }

    /// Waits until no other transaction has taken a turn of this name, and takes it until this one ends. What is asked
    /// after that has seen what the others did, in a transaction that ``DatabaseEngine/claim(_:_:)`` began.
    func takeTurn(_ name: String) throws

    /// Says that what is asked from now on in this transaction takes long, so that it is given the time.
    func takesLong() throws

    /// Sees to it that what this transaction looks at is settled, which a server does with the first question. What
    /// goes wrong is thrown by whatever is asked next.
    func takeState()

    /// The state of the database that this transaction looks at, for one that writes later; nil where nothing would
    /// tell that it has changed.
    var seenState: SeenState? { get }

    /// Whether nothing has been committed since a state was seen, by whatever process, nor written before in this
    /// transaction, but additions (``WriteKind/addition``).
    func stillStands(_ state: SeenState) -> Bool

    /// What is remembered of the catalogue, and holds in this transaction; nil where nothing is.
    func catalog() throws -> Catalog?

    /// What is remembered of articles' texts; nil where nothing is.
    var contents: KnownContents? { get }

    /// The names of the tables there are.
    func tableNames() throws -> [String]

    /// The columns of a table, in order.
    func columns(of table: String) throws -> [TableColumn]

    /// Inserts rows as fast as the engine can, whatever their number.
    func load(_ rows: [[SQLValue]], into table: String, columns: [String]) throws
}

/// A column of a table.
package struct TableColumn: Equatable, Sendable {
    package let name: String
    /// Its place in the primary key, counted from 1; nil when it is no part of it.
    package let keyPlace: Int?
}

/// The rows of a question that was sent.
package protocol SQLRows {
    /// Waits until they are there, and shows each, in order.
    func each(_ body: (any SQLRow) throws -> Void) throws
}

/// The answer to a question that was asked before; taking it waits until it is there.
package struct SQLAnswer<Result> {
    private enum State {
        case known([Result])
        case awaited(any SQLRows, (any SQLRow) throws -> Result)
    }

    private let state: State

    fileprivate init(_ results: [Result]) { state = .known(results) }

    fileprivate init(_ rows: any SQLRows, _ body: @escaping (any SQLRow) throws -> Result) {
        state = .awaited(rows, body)
    }

    /// What was made of each row, in order.
    package func rows() throws -> [Result] {
        switch state {
        case .known(let results): return results
        case .awaited(let rows, let body):
            return try collecting(body, from: rows.each)
        }
    }

    /// What was made of the first row; nil when there is none.
    package func first() throws -> Result? { try rows().first }
}

/// What a body makes of each row, in order.
private func collecting<Result>(
    _ body: (any SQLRow) throws -> Result, from each: ((any SQLRow) throws -> Void) throws -> Void
) rethrows -> [Result] {
    var results: [Result] = []
    try withoutActuallyEscaping(body) { body in
        try each { results.append(try body($0)) }
    }
    return results
}

// What makes something of rows is put in place where it is called: there it is known what is made, which is worth half of
// what a short query takes.
extension SQLConnection {
    /// Runs a statement and makes something of each row, in order.
    @inline(__always)
    package func query<Result>(
        _ sql: String, _ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Result
    ) throws -> [Result] {
        try collecting(body) { try each(sql, arguments, $0) }
    }

    /// Asks a question whose answer is taken later, so that several can travel to a server together. Where there is no
    /// way to travel, it is answered at once.
    @inline(__always)
    package func ask<Result>(
        _ sql: String, _ arguments: [any SQLValueConvertible], _ body: @escaping (any SQLRow) throws -> Result
    ) throws -> SQLAnswer<Result> {
        if let rows = try send(sql, arguments) { return SQLAnswer(rows, body) }
        return SQLAnswer(try query(sql, arguments, body))
    }

    /// The first row's result, nil when there is no row.
    @inline(__always)
    package func first<Result>(
        _ sql: String, _ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Result
    ) throws -> Result? {
        try query(sql, arguments, body).first
    }
}

extension SQLConnection {
    /// Where there is no way to travel, a question waits to be asked.
    package func send(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> (any SQLRows)? { nil }

    /// Where there is no way to travel, a statement is run at once.
    package func submit(_ sql: String, _ arguments: [any SQLValueConvertible]) throws {
        try run(sql, arguments)
    }

    /// Where there is a way to travel, they travel together.
    package func runEach(_ sql: String, _ rows: [[SQLValue]]) throws {
        for row in rows { try submit(sql, row) }
    }

    /// Where there is no faster way, each is asked how many it changed.
    package func updateEach(_ sql: String, _ rows: [[SQLValue]]) throws -> Bool {
        try rows.allSatisfy { try run(sql, $0) == 1 }
    }

    /// Where there is one writer, it is always that writer's turn.
    package func takeTurn(_ name: String) throws {}

    /// Where transactions are short, nothing outlives one.
    package func catalog() throws -> Catalog? { nil }
    package var contents: KnownContents? { nil }

    /// Where there is one writer, its turn settles it.
    package func takeState() {}

    /// Where nothing tells, whoever writes looks again.
    package var seenState: SeenState? { nil }
    package func stillStands(_ state: SeenState) -> Bool { false }

    /// Where there is no limit, none is in the way.
    package func takesLong() throws {}

    /// Where there is no faster way, a row is inserted by the same statement as the one before it.
    package func load(_ rows: [[SQLValue]], into table: String, columns: [String]) throws {
        let statement = """
            INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(placeholders(columns.count)))
            """
        try runEach(statement, rows)
    }

    /// As ``insert(into:_:values:ends:onConflict:)``, of whatever makes values.
    func insert(
        into table: String, _ columns: String, _ rows: [[any SQLValueConvertible]], onConflict: String? = nil
    ) throws {
        try insert(into: table, columns, values: rows.map { $0.map(\.sqlValue) }, onConflict: onConflict)
    }

    /// As ``insert(into:_:values:ends:onConflict:)``, of whole rows.
    package func insert(
        into table: String, _ columns: String, values rows: [[SQLValue]], onConflict: String?
    ) throws {
        try insert(into: table, columns, values: rows, ends: [], onConflict: onConflict)
    }

    /// Where a statement travels, it takes many rows along.
    package func insert(
        into table: String, _ columns: String, values rows: [[SQLValue]], ends: [SQLValue], onConflict: String?
    ) throws {
        let last = endsOfEach(rows.count, ends)
        let whole = last == 0 ? rows : rows.indices.map { rows[$0] + ends[$0 * last..<($0 + 1) * last] }
        // PostgreSQL takes at most 65,535 values in a statement.
        var rest = whole[...]
        while let width = rest.first?.count {
            let batch = rest.prefix(32_766 / width)
            rest = rest.dropFirst(batch.count)
            let values = (0..<batch.count).map { row in
                "(" + (1...width).map { "$\(row * width + $0)" }.joined(separator: ", ") + ")"
            }
            try submit(
                "INSERT INTO \(table) (\(columns)) VALUES \(values.joined(separator: ", "))"
                    + (onConflict.map { " ON CONFLICT " + $0 } ?? ""),
                batch.flatMap { $0 })
        }
    }
}

/// How many of the ends each of so many rows goes on with.
func endsOfEach(_ rowCount: Int, _ ends: [SQLValue]) -> Int {
    let each = ends.count / max(rowCount, 1)
    precondition(each * rowCount == ends.count, "each row has as many ends")
    return each
}

/// `$1, $2, …` for a list of so many values.
func placeholders(_ count: Int, from first: Int = 1) -> String {
    if first == 1, count < fewPlaceholders.count { return fewPlaceholders[count] }
    return numbered(first..<first + count)
}

/// Put together once: they are asked for with nearly every statement that writes.
private let fewPlaceholders = (0..<32).map { numbered(1..<1 + $0) }

private func numbered(_ numbers: Range<Int>) -> String {
    numbers.map { "$\($0)" }.joined(separator: ", ")
}

/// One row of a result, its columns counted from 0 in the order of the SELECT.
///
/// A column that does not hold what is asked for is a broken row: reading it throws `database_damaged`.
package protocol SQLRow {
    func value(_ column: Int) -> SQLValue
    func optionalInteger(_ column: Int) throws -> Int64?
    func optionalText(_ column: Int) throws -> String?
}

extension SQLRow {
    package func optionalInteger(_ column: Int) throws -> Int64? {
        switch value(column) {
        case .integer(let number): number
        case .null: nil
        case .text: throw broken(column, "a number")
        }
    }

    package func integer(_ column: Int) throws -> Int64 {
        guard let number = try optionalInteger(column) else { throw broken(column, "a number") }
        return number
    }

    package func count(_ column: Int) throws -> Int {
        Int(try integer(column))
    }

    package func optionalText(_ column: Int) throws -> String? {
        switch value(column) {
        case .text(let text): text
        case .null: nil
        case .integer: throw broken(column, "text")
        }
    }

    package func text(_ column: Int) throws -> String {
        guard let text = try optionalText(column) else { throw broken(column, "text") }
        return text
    }

    package func flag(_ column: Int) throws -> Bool {
        try integer(column) != 0
    }

    package func timestamp(_ column: Int) throws -> Timestamp {
        Timestamp(milliseconds: try integer(column))
    }

    package func optionalTimestamp(_ column: Int) throws -> Timestamp? {
        try optionalInteger(column).map(Timestamp.init(milliseconds:))
    }

    package func identifier<Kind>(_ column: Int) throws -> Identifier<Kind> {
        Identifier(rawValue: try integer(column))
    }

    /// A value of a closed set, by its name.
    package func choice<Choice: RawRepresentable<String>>(_ column: Int) throws -> Choice {
        guard let choice = Choice(rawValue: try text(column)) else { throw broken(column, "a known \(Choice.self)") }
        return choice
    }

    /// A value of a closed set, or nothing.
    package func optionalChoice<Choice: RawRepresentable<String>>(_ column: Int) throws -> Choice? {
        try optionalText(column) == nil ? nil : try choice(column)
    }

    func broken(_ column: Int, _ expected: String) -> MembershipError {
        MembershipError(
            .databaseDamaged, "A row holds \(value(column)) in column \(column + 1) where \(expected) belongs.",
            remedy: "Run fortnight doctor, and restore a backup if it finds damage.")
    }
}

/// What a column holds or a placeholder stands for. Times and money are integers, flags 0 or 1.
package enum SQLValue: Equatable, Sendable {
    case integer(Int64)
    case text(String)
    case null
}

/// What can stand for a placeholder.
package protocol SQLValueConvertible {
    var sqlValue: SQLValue { get }
}

extension SQLValue: SQLValueConvertible {
    package var sqlValue: SQLValue { self }
}

extension Int: SQLValueConvertible {
    package var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Int64: SQLValueConvertible {
    package var sqlValue: SQLValue { .integer(self) }
}

extension String: SQLValueConvertible {
    package var sqlValue: SQLValue { .text(self) }
}

extension Timestamp: SQLValueConvertible {
    package var sqlValue: SQLValue { .integer(milliseconds) }
}

extension Identifier: SQLValueConvertible {
    package var sqlValue: SQLValue { .integer(rawValue) }
}

extension Slug: SQLValueConvertible {
    package var sqlValue: SQLValue { .text(text) }
}

extension Entitlement: SQLValueConvertible {
    package var sqlValue: SQLValue { .text(name) }
}

extension Bool: SQLValueConvertible {
    package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension Optional: SQLValueConvertible where Wrapped: SQLValueConvertible {
    package var sqlValue: SQLValue { self?.sqlValue ?? .null }
}

extension SQLValueConvertible where Self: RawRepresentable<String> {
    package var sqlValue: SQLValue { .text(rawValue) }
}

extension RuleTarget: SQLValueConvertible {
    package var sqlValue: SQLValue { .text(name) }
}

extension VisitorID: SQLValueConvertible {
    package var sqlValue: SQLValue { .text(text) }
}

extension AccessDecision.Reason: SQLValueConvertible {}
extension AccessLevel: SQLValueConvertible {}
extension Event.Kind: SQLValueConvertible {}
extension Grant.Source: SQLValueConvertible {}
extension Message: SQLValueConvertible {}
extension BillingInterval.Unit: SQLValueConvertible {}
extension Language: SQLValueConvertible {}
extension Subscription.Status: SQLValueConvertible {}
