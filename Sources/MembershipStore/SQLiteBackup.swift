import Foundation
import GRDB
package import Membership
import Migrations

/// Copying an SQLite database while others write to it, and looking at a copy before anybody relies on it.
package struct SQLiteBackup: Sendable {
    private let path: String
    private let lockWait: TimeSpan

    /// Names a database that is there.
    ///
    /// - Throws: ``MembershipError`` with code `database_missing` when it is not.
    package init(of path: String, lockWait: TimeSpan) throws {
        _ = try SQLiteEngine.open(path: path, lockWait: lockWait)
        self.path = path
        self.lockWait = lockWait
    }

    /// What a database turned out to be.
    package struct Contents: Equatable, Sendable {
        /// Tells whose key of the trial ledger it goes with.
        package let keyFingerprint: String
        package let schemaVersion: Int
        /// Whether it has steps to take before this program works with it.
        package let isOlder: Bool
        package let bytes: Int
    }

    /// Copies the database as it is at one moment. Others read and write meanwhile, and keep the copy from ending as
    /// little as it keeps them from writing; until it ends, the log grows.
    ///
    /// - Parameter progress: is told how many pages of how many are copied.
    /// - Throws: ``MembershipError`` with code `database_exists` when there is such a file, `database_damaged`.
    package func make(at copy: String, progress: (Int, Int) -> Void = { _, _ in }) throws -> Contents {
        try SQLiteBackup.requireNothing(at: copy)
        let draft = try DraftFile(for: copy)
        defer { draft.discard() }
        try translatingErrors(path: path) {
            let source = try DatabaseQueue(path: path, configuration: SQLiteBackup.configuration(lockWait: lockWait))
            try source.writeWithoutTransaction { database in
                // One transaction: without it the copy would begin again with each change by others.
                try database.inTransaction(.deferred) {
                    try database.beginToRead()
                    try database.copy(to: draft.draft, named: copy, progress: progress)
                    return .commit
                }
            }
            try source.close()
        }
        let contents = try SQLiteBackup.contents(of: draft.draft, named: path, remedy: damageRemedy)
        try draft.publish()
        return contents
    }

    /// Makes sure that a database can have a name. There must be no log either: it would be taken for that of the new
    /// one.
    ///
    /// - Parameter remedy: what to do about a file that is there.
    /// - Throws: ``MembershipError`` with code `database_exists`; `invalid_input` for a name that SQLite gives to what
    ///   it keeps beside a database, and would remove.
    package static func requireNothing(
        at path: String, remedy: String = "Name a file that is not there, such as one with the date in its name."
    ) throws(MembershipError) {
        if let suffix = ["-wal", "-shm", "-journal"].first(where: path.hasSuffix) {
            throw MembershipError(
                .invalidInput, "\(path) ends with \(suffix), as files do that SQLite keeps beside a database.",
                remedy: "Name another file: SQLite would remove this one.")
        }
        for file in [path, path + "-wal", path + "-journal"] where try DraftFile.isThere(file) {
            guard try FileKind(at: file) != .directory else {
                throw MembershipError(
                    .databaseExists, "\(file) is a directory.", remedy: "Name a file in it that is not there.")
            }
            throw MembershipError(.databaseExists, "\(file) is there already.", remedy: remedy)
        }
    }

    static func configuration(lockWait: TimeSpan) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(lockWait.milliseconds) / 1000)
        configuration.label = "fortnight.backup"
        configuration.prepareDatabase { database in
            try database.execute(
                sql: "PRAGMA synchronous = FULL; PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0")
        }
        return configuration
    }

    /// Looks at a database that nobody uses: at all its pages, at what made it, and at whether this program knows it.
    ///
    /// - Parameters:
    ///   - name: what it is called, for people.
    ///   - remedy: what to do when it is damaged.
    /// - Throws: ``MembershipError`` with code `not_a_database`, `database_damaged`, `database_newer`,
    ///   `migration_changed`.
    static func contents(of file: String, named name: String, remedy: String) throws -> Contents {
        do {
            return try translatingErrors(path: name) {
                var configuration = Configuration()
                configuration.label = "fortnight.backup.check"
                let queue = try DatabaseQueue(path: file, configuration: configuration)
                let found = try queue.writeWithoutTransaction { database in
                    let faults = try database.integrityFaults(most: 3)
                    guard faults.isEmpty else {
                        throw MembershipError(
                            .databaseDamaged, "\(name) is damaged: \(faults.joined(separator: "; ")).")
                    }
                    return try contents(of: database, named: name)
                }
                try queue.close()
                return found
            }
        } catch let error as MembershipError where error.code == .databaseDamaged {
            throw MembershipError(error.code, error.message, remedy: remedy)
        }
    }

    static func contents(of database: Database, named name: String) throws -> Contents {
        try database.transact(.deferred) { try contents(of: SQLiteConnection(database: database, path: name)) }
    }

    private static func contents(of connection: SQLiteConnection) throws -> Contents {
        let schema = Schema(migrations: sqliteMigrations)
        let applied = try connection.appliedMigrations()
        let pending = try schema.pending(applied)
        guard !applied.isEmpty,
            let fingerprint = try connection.first("SELECT key_fingerprint FROM deployment", [], { try $0.text(0) })
        else {
            throw MembershipError(
                .databaseMissing, "\(connection.path) was never set up to the end.", remedy: "Run fortnight init again."
            )
        }
        let pages = try Int.fetchOne(connection.database, sql: "PRAGMA page_count") ?? 0
        let size = try Int.fetchOne(connection.database, sql: "PRAGMA page_size") ?? 0
        return Contents(
            keyFingerprint: fingerprint, schemaVersion: applied.map(\.version).max() ?? 0, isOlder: !pending.isEmpty,
            bytes: pages * size)
    }
}

extension Database {
    /// Holds on to the state of this moment: a transaction sees one when it first reads.
    func beginToRead() throws {
        _ = try Int.fetchOne(self, sql: "SELECT count(*) FROM sqlite_schema")
    }

    /// Copies what this connection sees into an empty file, which nobody uses yet, so that it needs no journal and no
    /// waiting for the disk; that comes once, at the end.
    func copy(to draft: String, named name: String, progress: (Int, Int) -> Void = { _, _ in }) throws {
        try translatingErrors(path: name) {
            var configuration = Configuration()
            configuration.label = "fortnight.backup.copy"
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF") }
            let target = try DatabaseQueue(path: draft, configuration: configuration)
            try withoutActuallyEscaping(progress) { progress in
                try target.writeWithoutTransaction { target in
                    do {
                        try backup(to: target, pagesPerStep: 1024) { step in
                            progress(step.totalPageCount - step.remainingPageCount, step.totalPageCount)
                        }
                    } catch let error as DatabaseError {
                        // The connection does not know what went wrong, and would say that nothing did.
                        throw DatabaseError(resultCode: error.resultCode, message: error.resultCode.description)
                    }
                }
            }
            try target.close()
        }
    }
}
