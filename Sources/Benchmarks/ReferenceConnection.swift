import Foundation
import GRDBSQLite

/// A connection of the references: SQLite's C API and nothing around it, set up as the store sets up its own.
///
/// Not to be used by two threads at once.
final class ReferenceConnection {
    let handle: OpaquePointer

    /// - Parameter writes: as the store's writer, or its reader.
    init(_ path: String, writes: Bool) throws {
        var opened: OpaquePointer?
        let status = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        guard status == SQLITE_OK, let opened else { throw Failure("\(path) cannot be opened: \(status)") }
        handle = opened
        sqlite3_busy_timeout(handle, 5000)
        try run("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;")
        // The log of one that writes may be as long as ours (`LogEmptier.standardLength`).
        try run(
            writes
                ? """
                PRAGMA secure_delete = ON; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;
                PRAGMA wal_autocheckpoint = 16000
                """
                : "PRAGMA query_only = ON")
    }

    deinit { sqlite3_close_v2(handle) }

    /// Runs statements that are given as text.
    func run(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure(sql) }
    }

    func prepare(_ sql: String) throws -> ReferenceStatement {
        var prepared: OpaquePointer?
        guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil) == SQLITE_OK,
            let prepared
        else { throw failure(sql) }
        return ReferenceStatement(handle: prepared, connection: self)
    }

    /// Every row of a query. For comparing, not for measuring.
    func rows(_ sql: String, _ arguments: [Int64] = []) throws -> [[ReferenceValue]] {
        let statement = try prepare(sql)
        for (index, argument) in arguments.enumerated() { statement.bind(Int32(index + 1), argument) }
        return try statement.rows()
    }

    /// One number.
    func count(_ sql: String, _ arguments: [Int64] = []) throws -> Int {
        guard case .integer(let count)? = try rows(sql, arguments).first?.first else { throw failure(sql) }
        return Int(count)
    }

    func failure(_ what: String) -> Failure {
        Failure("\(what): \(String(cString: sqlite3_errmsg(handle)))")
    }
}

/// What a column holds.
enum ReferenceValue: Equatable {
    case integer(Int64)
    case text(String)
    case null

    var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
}

/// A compiled statement. The one of a connection that is gone must not be used.
final class ReferenceStatement {
    let handle: OpaquePointer
    /// Kept open for as long as its statements are there.
    private let connection: ReferenceConnection

    fileprivate init(handle: OpaquePointer, connection: ReferenceConnection) {
        self.handle = handle
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    @inline(__always)
    func bind(_ index: Int32, _ number: Int64) { sqlite3_bind_int64(handle, index, number) }

    /// Binds text that stays where it is.
    @inline(__always)
    func bind(_ index: Int32, _ text: KeptText) { sqlite3_bind_text(handle, index, text.bytes, text.count, nil) }

    /// Binds a copy.
    func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                _ = sqlite3_bind_text(
                    handle, index, $0.baseAddress, Int32($0.count), unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            }
        }
    }

    func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

    /// Runs it to its end, and makes it ready for the next time.
    func run() throws {
        let status = sqlite3_step(handle)
        sqlite3_reset(handle)
        guard status == SQLITE_DONE else { throw connection.failure(String(cString: sqlite3_sql(handle))) }
    }

    /// Fetches every column of every row, and makes it ready for the next time.
    ///
    /// - Returns: how many rows there were, and a number that no row can be left out of.
    @inline(__always)
    func fetch() throws -> (rows: Int, sum: Int64) {
        let columns = sqlite3_column_count(handle)
        var (rows, sum): (Int, Int64) = (0, 0)
        var status = sqlite3_step(handle)
        while status == SQLITE_ROW {
            rows += 1
            for column in 0..<columns {
                switch sqlite3_column_type(handle, column) {
                case SQLITE_INTEGER: sum &+= sqlite3_column_int64(handle, column)
                case SQLITE_TEXT:
                    if let text = sqlite3_column_text(handle, column) { sum &+= Int64(text[0]) }
                default: break
                }
            }
            status = sqlite3_step(handle)
        }
        sqlite3_reset(handle)
        guard status == SQLITE_DONE else { throw connection.failure(String(cString: sqlite3_sql(handle))) }
        return (rows, sum)
    }

    /// Every row. For comparing, not for measuring.
    func rows() throws -> [[ReferenceValue]] {
        var rows: [[ReferenceValue]] = []
        var status = sqlite3_step(handle)
        while status == SQLITE_ROW {
            rows.append((0..<sqlite3_column_count(handle)).map(value))
            status = sqlite3_step(handle)
        }
        sqlite3_reset(handle)
        guard status == SQLITE_DONE else { throw connection.failure(String(cString: sqlite3_sql(handle))) }
        return rows
    }

    private func value(_ column: Int32) -> ReferenceValue {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(handle, column))
        case SQLITE_NULL: .null
        default: .text(sqlite3_column_text(handle, column).map { String(cString: $0) } ?? "")
        }
    }
}

/// Text that is bound without being copied, as a C program would have it. It is never freed.
///
/// Unchecked, because it is a pointer: to bytes that nobody changes once they are there.
struct KeptText: @unchecked Sendable {
    let bytes: UnsafePointer<CChar>?
    let count: Int32

    init(_ text: String) {
        bytes = strdup(text).map { UnsafePointer($0) }
        count = Int32(text.utf8.count)
    }
}
