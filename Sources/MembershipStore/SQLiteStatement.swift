import GRDB
import GRDBSQLite
import Membership

/// A compiled statement that is bound, stepped and read without GRDB's arguments and rows, each of which takes longer
/// than what SQLite does for a row.
struct SQLiteStatement {
    private let handle: OpaquePointer
    /// Keeps the handle alive.
    private let owner: AnyObject
    /// GRDB's connection, when it is one of its.
    private let database: Database?

    /// A statement of a connection of GRDB's, inside a transaction.
    init(_ sql: String, _ database: Database) throws {
        try database.requireTransaction()
        try self.init(anywhere: sql, database)
    }

    /// A statement of a connection of GRDB's, inside a transaction or not.
    init(anywhere sql: String, _ database: Database) throws {
        let cached = try database.cachedStatement(sql: sql)
        // Whoever asks the same while reading an answer needs another.
        let statement = sqlite3_stmt_busy(cached.sqliteStatement) == 0 ? cached : try database.makeStatement(sql: sql)
        handle = statement.sqliteStatement
        owner = statement
        self.database = database
    }

    /// A statement of another connection, which only one thread uses at a time.
    init(_ compiled: CompiledStatement) {
        handle = compiled.handle
        owner = compiled
        database = nil
    }

    /// Runs it to its end.
    func run(_ arguments: [any SQLValueConvertible]) throws {
        try bound({ body in for argument in arguments { try body(argument.sqlValue) } }) { while try step() {} }
    }

    /// Runs it to its end.
    func run(_ values: some Collection<SQLValue>) throws {
        try bound({ body in for value in values { try body(value) } }) { while try step() {} }
    }

    /// Runs it to its end with the values of several rows, each of which goes on with as many of the ends.
    func run(_ rows: ArraySlice<[SQLValue]>, ends: ArraySlice<SQLValue>) throws {
        let last = ends.count / rows.count
        try bound({ body in
            var place = ends.startIndex
            for row in rows {
                for value in row { try body(value) }
                for value in ends[place..<place + last] { try body(value) }
                place += last
            }
        }) { while try step() {} }
    }

    /// Runs it and shows each row, in order.
    func each(_ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Void) throws {
        try bound({ body in for argument in arguments { try body(argument.sqlValue) } }) {
            let row = SQLiteRow(handle: handle)
            while try step() { try body(row) }
        }
    }

    /// Texts are copied into one piece of memory that stays for as long as the statement runs: SQLite's own copies would
    /// each be one.
    ///
    /// - Parameter forEach: gives all values, in order; twice.
    @inline(__always)
    private func bound(
        _ forEach: ((SQLValue) throws -> Void) throws -> Void, _ run: () throws -> Void
    ) throws {
        var (count, size) = (0, 0)
        try forEach { value in
            count += 1
            if case .text(let text) = value { size += text.utf8.count }
        }
        guard count == sqlite3_bind_parameter_count(handle) else {
            throw DatabaseError(
                resultCode: .SQLITE_MISUSE, message: "wrong number of statement arguments: \(count)",
                sql: String(cString: sqlite3_sql(handle)))
        }
        try withUnsafeTemporaryAllocation(byteCount: size + 1, alignment: 1) { memory in
            defer { sqlite3_reset(handle) }
            var (number, end): (Int32, Int) = (0, 0)
            try forEach { value in
                number += 1
                let code =
                    switch value {
                    case .integer(let integer): sqlite3_bind_int64(handle, number, integer)
                    case .text(let text): bind(text, number, copiedTo: memory, &end)
                    case .null: sqlite3_bind_null(handle, number)
                    }
                guard code == SQLITE_OK else { throw failure(code) }
            }
            try run()
        }
    }

    private func bind(
        _ text: String, _ number: Int32, copiedTo memory: UnsafeMutableRawBufferPointer, _ end: inout Int
    ) -> Int32 {
        let place = UnsafeMutableRawBufferPointer(rebasing: memory[end...])
        let count = text.utf8.count
        place.copyBytes(from: text.utf8)
        end += count
        return sqlite3_bind_text(
            handle, number, place.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(count), nil)
    }

    /// - Returns: whether there is a row.
    private func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let failure = failure(code)
            // When it is the caller's task that was cancelled, GRDB says so.
            if failure.resultCode == .SQLITE_INTERRUPT || failure.resultCode == .SQLITE_ABORT {
                try database?.execute(sql: "SELECT 1")
            }
            throw failure
        }
    }

    private func failure(_ code: Int32) -> DatabaseError {
        CompiledStatement.failure(code, on: sqlite3_db_handle(handle), sql: String(cString: sqlite3_sql(handle)))
    }
}

/// Keeps a statement compiled where GRDB does not.
final class CompiledStatement {
    fileprivate let handle: OpaquePointer

    init(_ sql: String, on database: OpaquePointer) throws {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else {
            throw CompiledStatement.failure(code, on: database, sql: sql)
        }
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    /// Whether somebody is between its rows.
    var isUnderWay: Bool { sqlite3_stmt_busy(handle) != 0 }

    static func failure(_ code: Int32, on database: OpaquePointer, sql: String?) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(database)), sql: sql)
    }
}

/// The row at which a statement stands.
private struct SQLiteRow: SQLRow {
    let handle: OpaquePointer

    func optionalInteger(_ column: Int) throws -> Int64? {
        switch sqlite3_column_type(handle, Int32(column)) {
        case SQLITE_INTEGER: sqlite3_column_int64(handle, Int32(column))
        case SQLITE_NULL: nil
        default: throw broken(column, "a number")
        }
    }

    func optionalText(_ column: Int) throws -> String? {
        if sqlite3_column_type(handle, Int32(column)) == SQLITE_TEXT { return text(Int32(column)) }
        switch value(column) {
        case .text(let text): return text
        case .null: return nil
        case .integer: throw broken(column, "text")
        }
    }

    private func text(_ column: Int32) -> String? {
        guard let text = sqlite3_column_text(handle, column) else { return nil }
        let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(handle, column)))
        return String(decoding: bytes, as: UTF8.self)
    }

    func value(_ column: Int) -> SQLValue {
        let column = Int32(column)
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
        case SQLITE_TEXT: return text(column).map { .text($0) } ?? .null
        case SQLITE_FLOAT: return .text("\(sqlite3_column_double(handle, column))")
        case SQLITE_BLOB: return .text("\(sqlite3_column_bytes(handle, column)) bytes")
        default: return .null
        }
    }
}
