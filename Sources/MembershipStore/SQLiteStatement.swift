import Foundation
import GRDB
import GRDBSQLite
import Membership

/// A compiled statement of a connection, which only one thread uses at a time.
final class SQLiteStatement {
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private let sql: String
    /// Whether somebody is between its rows.
    private(set) var isUnderWay = false

    init(_ sql: String, on database: OpaquePointer) throws {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLiteStatement.error(code, on: database, sql: sql) }
        self.handle = handle
        self.database = database
        self.sql = sql
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs it and makes something of each row.
    func rows<Result>(
        _ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Result
    ) throws -> [Result] {
        isUnderWay = true
        defer {
            sqlite3_reset(handle)
            isUnderWay = false
        }
        try bind(arguments)
        var results: [Result] = []
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: results.append(try body(SQLiteStatementRow(statement: handle)))
            case SQLITE_DONE: return results
            case let code: throw SQLiteStatement.error(code, on: database, sql: sql)
            }
        }
    }

    private func bind(_ arguments: [any SQLValueConvertible]) throws {
        for (index, argument) in arguments.enumerated() {
            let place = Int32(index + 1)
            let code =
                switch argument.sqlValue {
                case .integer(let number): sqlite3_bind_int64(handle, place, number)
                case .null: sqlite3_bind_null(handle, place)
                // Text may be gone before the rows are: SQLite copies it.
                case .text(""): sqlite3_bind_text(handle, place, "", 0, SQLiteStatement.copied)
                case .text(var text):
                    text.withUTF8 { bytes in
                        bytes.withMemoryRebound(to: CChar.self) { characters in
                            sqlite3_bind_text(
                                handle, place, characters.baseAddress, Int32(characters.count), SQLiteStatement.copied)
                        }
                    }
                }
            guard code == SQLITE_OK else { throw SQLiteStatement.error(code, on: database, sql: sql) }
        }
    }

    /// What tells SQLite to copy what it is given (SQLITE_TRANSIENT).
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    static func error(_ code: Int32, on database: OpaquePointer, sql: String) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: code), message: sqlite3_errmsg(database).map(String.init(cString:)),
            sql: sql)
    }
}

/// The row at which a statement stands.
private struct SQLiteStatementRow: SQLRow {
    let statement: OpaquePointer

    func value(_ column: Int) -> SQLValue {
        let column = Int32(column)
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_TEXT:
            guard let text = sqlite3_column_text(statement, column) else { return .text("") }
            let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, column)))
            return .text(String(decoding: bytes, as: UTF8.self))
        case SQLITE_FLOAT: return .text("\(sqlite3_column_double(statement, column))")
        case SQLITE_BLOB: return .text("\(sqlite3_column_bytes(statement, column)) bytes")
        default: return .null
        }
    }
}
