import Foundation
import GRDB
import GRDBSQLite
package import Membership
import Migrations
import SQLiteSettings
import Synchronization

/// One SQLite file in WAL mode: a connection that writes and some that read, each opened when first needed.
///
/// GRDB's pool is not used, because opening it writes to the file whenever the log is empty, so that a plain check
/// would wait for writers and for the disk (docs/decisions/0002).
package final class SQLiteEngine: DatabaseEngine {
    package let schema: Schema
    package let hasOneWriter = true

    /// Said once, before SQLite is first used.
    private static let memoryIsSet: Void = fortnight_set_sqlite_memory()

    private let path: String
    private let lockWait: TimeSpan
    private let longLog: UInt32
    private let writer = Locked<SharedCommits?>(nil)
    private let readers: SQLiteReaders

    /// Opens a file that is there.
    ///
    /// - Parameters:
    ///   - lockWait: how long a transaction waits for another process to finish before it gives up.
    ///   - longLog: from how many pages on the log is emptied.
    /// - Throws: ``MembershipError`` with code `database_missing` when it is not, `database_unavailable` when nobody
    ///   may look.
    package static func open(
        path: String, lockWait: TimeSpan, longLog: UInt32 = LogEmptier.standardLength,
        schema: Schema = Schema(migrations: sqliteMigrations)
    ) throws -> SQLiteEngine {
        switch try kind(of: path) {
        case .nothing:
            throw MembershipError(
                .databaseMissing, "There is no database at \(path).",
                remedy: "Make one with fortnight init, or name another with --database or FORTNIGHT_DATABASE.")
        case .directory:
            throw MembershipError(
                .notADatabase, "\(path) is a directory.", remedy: "Name a database file with --database.")
        case .other: return SQLiteEngine(path: path, lockWait: lockWait, longLog: longLog, schema: schema)
        }
    }

    /// Opens a file, making it when it is not there, and puts it into WAL mode.
    package static func create(
        path: String, lockWait: TimeSpan, longLog: UInt32 = LogEmptier.standardLength,
        schema: Schema = Schema(migrations: sqliteMigrations)
    ) throws -> SQLiteEngine {
        let engine =
            try kind(of: path) != .nothing
            ? try open(path: path, lockWait: lockWait, longLog: longLog, schema: schema)
            : SQLiteEngine(path: path, lockWait: lockWait, longLog: longLog, schema: schema)
        try engine.useWriteAheadLog()
        return engine
    }

    private static func kind(of path: String) throws(MembershipError) -> FileKind {
        do throws(MembershipError) {
            return try FileKind(at: path)
        } catch {
            throw MembershipError(.databaseUnavailable, error.message, remedy: error.remedy)
        }
    }

    /// The journal mode is a property of the file: set once, it holds for every process after.
    private func useWriteAheadLog() throws {
        let queue = try writingConnection()
        let deadline = ContinuousClock().now + .milliseconds(lockWait.milliseconds)
        while true {
            do {
                // The mode is written behind the answer: only whoever asks for all of it is told that this failed.
                let mode = try queue.writeWithoutTransaction {
                    try String.fetchAll($0, sql: "PRAGMA journal_mode = WAL").last
                }
                if mode == "wal" { return }
                throw MembershipError(.databaseUnavailable, "\(path) cannot be put into WAL mode.")
            } catch let error as DatabaseError {
                // SQLite does not wait here by itself when another process does the same.
                guard error.resultCode == .SQLITE_BUSY, ContinuousClock().now < deadline else {
                    try translatingErrors(path: path) { throw error }
                    return
                }
                usleep(2000)
            }
        }
    }

    private init(path: String, lockWait: TimeSpan, longLog: UInt32, schema: Schema) {
        SQLiteEngine.memoryIsSet
        self.schema = schema
        self.path = path
        self.lockWait = lockWait
        self.longLog = longLog
        let contents = KnownContents()
        readers = SQLiteReaders {
            try SQLiteReader(path: path, lockWait: lockWait, longLog: longLog, contents: contents)
        }
    }

    /// Runs on the calling thread: in WAL mode a reader waits for no one, and a hop to another thread would cost more
    /// than the reading.
    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try readInPlace(body)
    }

    package func readInPlace<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        try translatingErrors(path: path) { try readers.read(body) }
    }

    /// Runs on the writer's own thread, because it may wait for another process, and shares its commit with whoever
    /// writes at the same time.
    package func write<Result: Sendable>(
        _ kind: WriteKind, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        let commits = try commits()
        do {
            return try await translatingErrors(path: path) { [path] in
                try await commits.write(kind) { database, memory in
                    try body(SQLiteConnection(database: database, path: path, memory: memory))
                }
            }
        } catch let error as MembershipError where error.code == .databaseReadOnly {
            // A file that was opened to be read stays so, whatever is permitted later: the next write opens it anew.
            giveUp(commits)
            throw error
        }
    }

    /// There is one writer at a time, so that what is due is its own anyway.
    package func claim<Result: Sendable>(
        _ kind: WriteKind, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await write(kind, body)
    }

    package func upgrade<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        let commits = try commits()
        do {
            return try await translatingErrors(path: path) {
                try await commits.queue.writeWithoutTransaction { [self] database in
                    // An index of millions of rows is sorted in files.
                    try database.execute(sql: "PRAGMA temp_store = FILE")
                    defer { try? database.execute(sql: "PRAGMA temp_store = MEMORY") }
                    let result = try database.transact(.immediate) {
                        try body(SQLiteConnection(database: database, path: path))
                    }
                    commits.emptier.empty(behindCommitOf: database)
                    return result
                }
            }
        } catch {
            // What the connection knows of the schema, and whether that may be written to, may be of the step that
            // failed.
            giveUp(commits)
            throw error
        }
    }

    /// The connection that writes, for what shares no commit.
    private func writingConnection() throws -> DatabaseQueue { try commits().queue }

    /// Lets the next write open the file anew.
    private func giveUp(_ commits: SharedCommits) {
        writer.withLock { if $0 === commits { $0 = nil } }
    }

    private func commits() throws -> SharedCommits {
        try writer.withLock { commits in
            if let commits { return commits }
            let opened = try translatingErrors(path: path) {
                try DatabaseQueue(path: path, configuration: SQLiteEngine.configuration(lockWait: lockWait))
            }
            let made = SharedCommits(opened, LogEmptier(path: path, length: longLog))
            commits = made
            return made
        }
    }

    /// Waits a millisecond for a lock. SQLite's own way of waiting sleeps for up to 100 ms at a time, and would miss
    /// the pauses of a job.
    ///
    /// - Parameter most: for how many milliseconds to wait altogether.
    /// - Returns: whether to ask again.
    static func waitForLock(_ most: Int64, tries: Int) -> Bool {
        usleep(1000)
        return tries < most
    }

    private static func configuration(lockWait: TimeSpan) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .callback { [lockWait] in waitForLock(lockWait.milliseconds, tries: $0) }
        configuration.label = "fortnight.writer"
        configuration.prepareDatabase { database in
            // An acknowledged write survives a power cut.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            // A long log is emptied beside those who write (``LogEmptier``).
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            // In kibibytes: what a batch of a job changes fits, and is not written twice.
            try database.execute(sql: "PRAGMA cache_size = -16384")
            // Each savepoint keeps the pages as they were before it, and each statement on many rows: not in a file
            // that is written to the disk. So what is written is written in batches.
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
            // What is deleted is overwritten with zeros, so that an erased person is gone from the file too.
            try database.execute(sql: "PRAGMA secure_delete = ON")
        }
        return configuration
    }

    /// Writes the log into the file and empties it. It waits for readers as any transaction does for others, and as
    /// long for another process that empties the log too, for which SQLite itself does not wait.
    package func scrub() async throws -> Bool? {
        let commits = try commits()
        return try await translatingErrors(path: path) { [lockWait] in
            try await commits.queue.writeWithoutTransaction { database in
                commits.emptier.waitUntilOver()
                let deadline = ContinuousClock().now + .milliseconds(lockWait.milliseconds)
                while true {
                    let code = LogEmptier.copyLog(database, mode: SQLITE_CHECKPOINT_TRUNCATE).code
                    if code == SQLITE_OK { return true }
                    guard code & 0xFF == SQLITE_BUSY else {
                        throw DatabaseError(resultCode: ResultCode(rawValue: code))
                    }
                    guard ContinuousClock().now < deadline else { return false }
                    usleep(1000)
                }
            }
        }
    }

    package func examine() async throws -> [Finding] {
        let queue = try writingConnection()
        return try await translatingErrors(path: path) {
            try await queue.writeWithoutTransaction { [schema] in
                try SQLiteExamination(database: $0, schema: schema).findings()
            }
        }
    }
}

extension Database {
    /// Runs a body in a transaction, and gives back what it returns.
    func transact<Result>(_ kind: TransactionKind, _ body: () throws -> Result) throws -> Result {
        var result: Result?
        try inTransaction(kind) {
            result = try body()
            return .commit
        }
        guard let result else { preconditionFailure("a committed transaction has a result") }
        return result
    }

    /// Begins a transaction that writes, by a statement that stays compiled: GRDB's is compiled anew each time.
    func beginCompiled() throws {
        try SQLiteStatement(anywhere: "BEGIN IMMEDIATE", self).run([])
    }

    /// Commits it, in the same way.
    func commitCompiled() throws {
        try SQLiteStatement("COMMIT", self).run([])
    }

    /// A full disk takes back a whole transaction: whoever goes on nevertheless must not write each row for good.
    func requireTransaction() throws {
        guard isInsideTransaction else {
            throw DatabaseError(resultCode: .SQLITE_ABORT, message: "the transaction was taken back")
        }
    }
}

/// A GRDB connection inside a transaction. GRDB's statement cache keeps each statement compiled.
struct SQLiteConnection: SQLiteDialect {
    let database: Database
    let path: String
    /// What the connection remembers; nil where nothing is.
    var memory: WriterMemory?

    /// What the transaction under way has changed of it is seen too: it is looked at each time.
    func catalog() throws -> Catalog? {
        guard let catalog = memory?.catalog else { return nil }
        catalog.use(version: try first("SELECT catalog_version FROM deployment", []) { try $0.integer(0) })
        return catalog
    }

    func stillStands(_ state: SeenState) -> Bool { memory?.states.contain(state) ?? false }

    func run(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> Int {
        try translatingErrors(path: path) {
            try SQLiteStatement(sql, database).run(arguments)
            return database.changesCount
        }
    }

    func each(_ sql: String, _ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Void) throws {
        try translatingErrors(path: path) { try SQLiteStatement(sql, database).each(arguments, body) }
    }

    func runEach(_ sql: String, _ rows: [[SQLValue]]) throws {
        guard !rows.isEmpty else { return }
        try translatingErrors(path: path) {
            let statement = try SQLiteStatement(sql, database)
            for row in rows { try statement.run(row) }
        }
    }

    func updateEach(_ sql: String, _ rows: [[SQLValue]]) throws -> Bool {
        guard !rows.isEmpty else { return true }
        return try translatingErrors(path: path) {
            let statement = try SQLiteStatement(sql, database)
            return try rows.allSatisfy { row in
                try statement.run(row)
                return database.changesCount == 1
            }
        }
    }

    /// So many rows at a time, and the rest one by one: any other number of them would be compiled anew each time, and
    /// of more SQLite would keep a longer journal of the statement, a copy of each page that it touches.
    private static let rowsAtOnce = 32

    func insert(
        into table: String, _ columns: String, values rows: [[SQLValue]], ends: [SQLValue], onConflict: String?
    ) throws {
        guard let first = rows.first else { return }
        let last = endsOfEach(rows.count, ends)
        let width = first.count + last
        func text(_ count: Int) -> String {
            var text = ""
            // To let it grow takes longer than to write it.
            text.reserveCapacity(columns.utf8.count + count * width * 6 + 200)
            text += "INSERT INTO \(table) ("
            text += columns
            text += ") VALUES ("
            for row in 0..<count {
                if row > 0 { text += "), (" }
                text += placeholders(width, from: row * width + 1)
            }
            text += ")"
            if let onConflict {
                text += " ON CONFLICT "
                text += onConflict
            }
            return text
        }
        func run(_ places: Range<Int>, atOnce: Int) throws {
            guard !places.isEmpty else { return }
            let statement = try SQLiteStatement(text(atOnce), database)
            for place in stride(from: places.lowerBound, to: places.upperBound, by: atOnce) {
                try statement.run(
                    rows[place..<place + atOnce], ends: ends[place * last..<(place + atOnce) * last])
            }
        }
        try translatingErrors(path: path) {
            let many = rows.count / SQLiteConnection.rowsAtOnce * SQLiteConnection.rowsAtOnce
            try run(0..<many, atOnce: SQLiteConnection.rowsAtOnce)
            try run(many..<rows.count, atOnce: 1)
        }
    }

    func runScript(_ sql: String) throws {
        try translatingErrors(path: path) {
            try database.requireTransaction()
            try database.execute(sql: sql)
        }
    }
}
