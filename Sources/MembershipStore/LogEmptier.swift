import GRDB
import GRDBSQLite
import Membership
import Synchronization

/// Writes a log that has become long into the database, by a connection of its own, while whoever writes goes on.
///
/// SQLite would do it with a commit, and callers would wait for it, the longer the more there is to write; and the more
/// there is, the more of it are pages that were changed several times and are written once. What is committed meanwhile
/// is little, and is written by the connection that commits: then the next transaction begins the log anew.
package final class LogEmptier: Sendable {
    /// From so many pages on the log is emptied: 64 MB.
    package static let standardLength: UInt32 = 16_000

    private let path: String
    private let length: UInt32
    private let connection = Locked<DatabaseQueue?>(nil)
    /// Whether the log is being emptied.
    private let isUnderWay = Atomic(false)
    /// Whether that failed the last time.
    private let hasFailed = Atomic(false)
    /// How long the log was when it was last looked at.
    private let lengthBefore = Atomic<UInt32>(0)
    /// By how much it had grown when it last had.
    private let growth = Atomic<UInt32>(0)

    /// The length divided by this is little.
    private static let little: UInt32 = 64
    /// The length divided by this is the most that callers wait for.
    private static let most: UInt32 = 4
    /// The length times this is too much: then who writes waits, because the disk is slower than she is.
    private static let tooMuch: UInt32 = 2

    /// - Parameter length: from how many pages on the log is emptied.
    init(path: String, length: UInt32) {
        self.path = path
        self.length = length
    }

    /// Empties a long log by the connection that asks. What fails is tried again with the next commit, as SQLite does.
    ///
    /// - Parameter database: a connection outside a transaction, which has been through one.
    func empty(_ database: Database) {
        if let log = LogEmptier.log(of: database), log.isLong(length) { LogEmptier.copyLog(database) }
    }

    /// Has a long log emptied beside the connection that has committed. What is left is copied by that connection when it is
    /// little, or of the last two commits alone: others as large follow while it is emptied. So is all of it when it
    /// cannot be done beside.
    func empty(behindCommitOf database: Database) {
        // In this order: what is read of the log then is not older than what was copied.
        let isUnderWay = isUnderWay.load(ordering: .acquiring)
        guard let log = LogEmptier.log(of: database) else { return }
        let before = lengthBefore.exchange(log.pageCount, ordering: .relaxed)
        if log.pageCount > before { growth.store(log.pageCount - before, ordering: .relaxed) }
        guard log.isLong(length) else { return }
        if !isUnderWay {
            let ofTwoCommits = min(growth.load(ordering: .relaxed), length) * 2
            let isLittle =
                log.uncopiedPageCount
                <= max(length / LogEmptier.little, min(ofTwoCommits, length / LogEmptier.most))
            guard !isLittle, !hasFailed.exchange(false, ordering: .relaxed), !LogEmptier.hasMoved(database),
                let connection = try? opened()
            else {
                LogEmptier.copyLog(database)
                return
            }
            self.isUnderWay.store(true, ordering: .relaxed)
            connection.asyncWriteWithoutTransaction { [self] in
                hasFailed.store(!LogEmptier.copyAndSync($0), ordering: .relaxed)
                self.isUnderWay.store(false, ordering: .releasing)
            }
        }
        if log.pageCount >= length * LogEmptier.tooMuch { waitUntilOver() }
    }

    /// Waits for the emptying that is under way.
    func waitUntilOver() {
        connection.withLock(\.self)?.inDatabase { _ in }
    }

    /// Whether the name of the file has become another's or nobody's, who would be opened or made by it.
    private static func hasMoved(_ database: Database) -> Bool {
        var hasMoved: Int32 = 0
        let code = sqlite3_file_control(database.sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
        return code == SQLITE_OK && hasMoved != 0
    }

    /// Copies the log into the database, as far as nobody needs it in the log.
    ///
    /// What could not be synced counts as not copied: what a disk could not write Linux does not write again by itself,
    /// and SQLite would begin the log anew by what it knows as copied.
    ///
    /// - Parameter mode: one of SQLite's for `sqlite3_wal_checkpoint_v2`.
    /// - Returns: SQLite's code, and how many pages of the log are in the database.
    @discardableResult
    static func copyLog(_ database: Database, mode: Int32 = SQLITE_CHECKPOINT_PASSIVE) -> (code: Int32, copied: UInt32)
    {
        // Where it stands is not asked of a disk that has just failed.
        let memory = database.sqliteConnection.flatMap(LogIndexHeader.address(of:))
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(database.sqliteConnection, nil, mode, nil, &copied)
        if code & 0xFF == SQLITE_IOERR, let memory, let handle = database.sqliteConnection {
            LogIndexHeader.forgetCopies(at: memory, of: handle)
        }
        return (code, UInt32(max(copied, 0)))
    }

    /// Copies what nobody needs in the log any more, and syncs it: SQLite does that only when the log has nothing else, so
    /// that whoever copies the rest would wait for all of it.
    ///
    /// - Parameter database: a connection that has been through a transaction.
    /// - Returns: whether nothing failed.
    static func copyAndSync(_ database: Database) -> Bool {
        guard let handle = database.sqliteConnection, let memory = LogIndexHeader.address(of: handle) else {
            return false
        }
        let before = LogIndexHeader(at: memory)
        guard before.uncopiedPageCount > 0 else { return true }
        let (code, copied) = copyLog(database)
        // Another process does it.
        if code & 0xFF == SQLITE_BUSY { return true }
        guard code == SQLITE_OK, let (file, methods) = LogIndexHeader.file(of: handle) else { return false }
        // Somebody may read for long, so that there is nothing to copy.
        if copied == before.copiedPageCount || methods.xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK { return true }
        LogIndexHeader.forgetCopies(at: memory, of: handle)
        return false
    }

    private static func log(of database: Database) -> LogIndexHeader? {
        database.sqliteConnection.flatMap { LogIndexHeader.address(of: $0) }.map(LogIndexHeader.init(at:))
    }

    private func opened() throws -> DatabaseQueue {
        try connection.withLock { connection in
            if let connection { return connection }
            var configuration = Configuration()
            configuration.label = "fortnight.log"
            configuration.prepareDatabase { database in
                // The log is synced before its pages go into the database, and those before the log is begun anew.
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            let opened = try DatabaseQueue(path: path, configuration: configuration)
            connection = opened
            return opened
        }
    }
}
