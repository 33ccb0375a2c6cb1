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
    /// How long the log was behind the commit before.
    private let lengthBefore = Atomic<UInt32>(0)

    /// The length divided by this is little.
    private static let little: UInt32 = 64
    /// The length divided by this is the most that one commit makes others wait for.
    private static let mostOfOneCommit: UInt32 = 4
    /// The length times this is too much: then who writes waits, because the disk is slower than she is.
    private static let tooMuch: UInt32 = 4

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
    /// little, or of the last commit alone: others as large may follow. So is all of it when it cannot be done beside.
    func empty(behindCommitOf database: Database) {
        guard let log = LogEmptier.log(of: database) else { return }
        let before = lengthBefore.exchange(log.pageCount, ordering: .relaxed)
        guard log.isLong(length) else { return }
        if !isUnderWay.load(ordering: .acquiring) {
            let grown = log.pageCount > before ? log.pageCount - before : 0
            let isLittle =
                log.uncopiedPageCount
                <= max(length / LogEmptier.little, min(grown, length / LogEmptier.mostOfOneCommit))
            guard !isLittle, !hasFailed.exchange(false, ordering: .relaxed), !LogEmptier.hasMoved(database),
                let connection = try? opened()
            else { return LogEmptier.copyLog(database) }
            isUnderWay.store(true, ordering: .relaxed)
            connection.asyncWriteWithoutTransaction { [self] in
                hasFailed.store(!LogEmptier.copyAndSync($0, log.copiedPageCount), ordering: .relaxed)
                isUnderWay.store(false, ordering: .releasing)
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

    /// Copies what nobody needs in the log any more.
    private static func copyLog(_ database: Database) {
        sqlite3_wal_checkpoint_v2(database.sqliteConnection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    }

    /// Copies what nobody needs in the log any more, and syncs it: SQLite does that only when the log has nothing else, so
    /// that whoever copies the rest would wait for all of it. What could not be synced counts as not copied: what a disk
    /// could not write, Linux does not write again by itself.
    ///
    /// - Parameter before: how many pages of the log had been copied.
    /// - Returns: whether nothing failed.
    static func copyAndSync(_ database: Database, _ before: UInt32) -> Bool {
        guard let handle = database.sqliteConnection else { return false }
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, &copied)
        // Another process does it.
        if code == SQLITE_BUSY { return true }
        guard code == SQLITE_OK else { return false }
        // Somebody may read for long, so that there is nothing to copy.
        guard copied != Int32(bitPattern: before) else { return true }
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK, let file,
            let methods = file.pointee.pMethods?.pointee
        else { return false }
        if methods.xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK { return true }
        LogIndexHeader.forgetCopies(of: handle, file, methods)
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
