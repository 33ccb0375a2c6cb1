import Foundation
import GRDB
import GRDBSQLite
import Membership
import SQLiteSettings

/// A connection that reads.
///
/// Beginning and ending a transaction costs more than a lookup. So the transaction is kept open from one reading to the
/// next as long as nobody, in whatever process, has committed anything: the header of the log's index, which all
/// processes share in memory, is then the one with which it began. What has been committed is therefore seen by the next
/// reading, as if each had a transaction of its own.
///
/// It is not kept while the log is long, so that the log can be emptied, and ended by ``SharedReader`` after a while.
final class SQLiteReader {
    fileprivate let path: String
    private let longLog: UInt32
    private let handle: OpaquePointer
    private var statements: [StatementText: CompiledStatement] = [:]
    private var header: UnsafeRawPointer?
    /// How the header was right before the transaction began; nil when none is kept.
    fileprivate private(set) var kept: LogIndexHeader?
    private(set) var readings: UInt64 = 0
    fileprivate let catalog = Catalog()
    fileprivate let contents: KnownContents

    /// Opens a file that is there. Not by GRDB, which looks at every column of every statement that is compiled, and
    /// adds functions that nothing here calls (docs/decisions/0004).
    ///
    /// - Parameters:
    ///   - lockWait: how long it waits for a process that recovers the log.
    ///   - longLog: from how many pages on the log is emptied, and no transaction kept that keeps it from that.
    ///   - contents: what all who read the file remember of articles' texts.
    init(path: String, lockWait: TimeSpan, longLog: UInt32, contents: KnownContents) throws {
        self.path = path
        self.longLog = longLog
        self.contents = contents
        var opened: OpaquePointer?
        // To be read alone: but to share the index of the log, its file must be written to.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard let opened else { throw DatabaseError(resultCode: .SQLITE_NOMEM) }
        // From here on everything is set, and a throw runs deinit, which closes it.
        handle = opened
        guard code == SQLITE_OK else { throw CompiledStatement.failure(code, on: handle, sql: nil) }
        fortnight_refuse_quoted_text(handle)
        sqlite3_busy_handler(
            handle,
            { most, tries in SQLiteEngine.waitForLock(Int64(Int(bitPattern: most)), tries: Int(tries)) ? 1 : 0 },
            UnsafeMutableRawPointer(bitPattern: Int(lockWait.milliseconds)))
        // Whoever closes the file last writes the log back into it.
        try run(script: "PRAGMA synchronous = FULL; PRAGMA query_only = ON")
    }

    deinit {
        end()
        statements = [:]
        sqlite3_close_v2(handle)
    }

    /// Whether a transaction is kept for the next reading.
    var keepsTransaction: Bool { kept != nil }

    /// Runs a body on the newest state of the database.
    func read<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        try begin()
        do {
            let result = try body(SQLiteReadConnection(reader: self))
            finish()
            return result
        } catch {
            end()
            throw error
        }
    }

    private func begin() throws {
        if let kept, let header, LogIndexHeader(at: header) == kept { return }
        end()
        let before = header.map(LogIndexHeader.init(at:))
        try execute("BEGIN")
        kept = before
        catalog.isChecked = false
    }

    private func finish() {
        readings += 1
        // One reading alone, such as that of a command, has nothing to keep a transaction for.
        if readings > 1, let kept, !kept.isLong(longLog) { return }
        end()
        if header == nil { header = LogIndexHeader.address(of: handle) }
    }

    /// Lets the transaction under way end with the reading: one that takes long has nothing to gain from being kept, and
    /// those who empty the log wait for it.
    fileprivate func doNotKeep() { kept = nil }

    /// Ends the transaction that is kept.
    func end() {
        kept = nil
        guard sqlite3_get_autocommit(handle) == 0 else { return }
        // Nothing was written: there is nothing that could fail to be taken back.
        try? execute("COMMIT")
        if sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
    }

    private func execute(_ sql: String) throws {
        try statement(sql).run([])
    }

    fileprivate func statement(_ sql: String) throws -> SQLiteStatement {
        let text = StatementText(sql: sql)
        if let known = statements[text], !known.isUnderWay { return SQLiteStatement(known) }
        let statement = try CompiledStatement(sql, on: handle)
        // Lists of many lengths make many texts.
        if statements.count >= SQLiteReader.mostStatements { statements = statements.filter { $0.value.isUnderWay } }
        statements[text] = statement
        return SQLiteStatement(statement)
    }

    private static let mostStatements = 200

    fileprivate var changes: Int { Int(sqlite3_changes(handle)) }

    fileprivate func run(script: String) throws {
        guard sqlite3_exec(handle, script, nil, nil, nil) == SQLITE_OK else {
            throw CompiledStatement.failure(sqlite3_errcode(handle), on: handle, sql: script)
        }
    }
}

/// The text of a statement, told from the few others by its length first: most are the same piece of memory each time, which
/// is seen at once, and to hash hundreds of letters takes as long as to find a row.
private struct StatementText: Hashable {
    let sql: String

    func hash(into hasher: inout Hasher) { hasher.combine(sql.utf8.count) }
}

/// What a body that reads is given.
private struct SQLiteReadConnection: SQLiteDialect {
    let reader: SQLiteReader

    func run(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> Int {
        try translatingErrors(path: reader.path) {
            try reader.statement(sql).run(arguments)
            return reader.changes
        }
    }

    func each(_ sql: String, _ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Void) throws {
        try translatingErrors(path: reader.path) { try reader.statement(sql).each(arguments, body) }
    }

    func takesLong() throws { reader.doNotKeep() }

    var contents: KnownContents? { reader.contents }

    var seenState: SeenState? { reader.kept.map(SeenState.init) }

    func runScript(_ sql: String) throws {
        try translatingErrors(path: reader.path) { try reader.run(script: sql) }
    }

    func catalog() throws -> Catalog? {
        if !reader.catalog.isChecked {
            let version = try first("SELECT catalog_version FROM deployment", []) { try $0.integer(0) }
            reader.catalog.use(version: version)
        }
        return reader.catalog
    }
}
