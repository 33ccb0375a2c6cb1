import Crypto
import Foundation
import GRDB
package import Membership

/// Puts a backup in place as a database, where there is none.
package struct SQLiteRestoration: Sendable {
    private let target: String

    /// - Parameter target: where the database is to be.
    package init(to target: String) {
        self.target = target
    }

    /// What was restored.
    package struct Restored: Equatable, Sendable {
        package let contents: SQLiteBackup.Contents
        /// The moment of which it is; nil for one file, which does not say.
        package let moment: Moment?
    }

    /// A moment of which a database was kept.
    package struct Moment: Equatable, Sendable {
        /// Everything that was acknowledged before is in it.
        package let completeUntil: Timestamp
        /// Nothing that was acknowledged later is in it.
        package let copiedAt: Timestamp
    }

    private func draft() throws(MembershipError) -> DraftFile {
        try SQLiteBackup.requireNothing(
            at: target,
            remedy: "Stop what uses it and move \(target) away, with its -wal and -shm; or name another place.")
        return try DraftFile(for: target)
    }

    /// Restores one file.
    ///
    /// - Parameter prepare: does what has to be done before the database is there, or throws to leave it.
    /// - Throws: ``MembershipError`` with code `database_exists`, `unknown_backup`, `not_a_database`,
    ///   `database_damaged`, `database_newer`.
    package func restore(file backup: String, prepare: (SQLiteBackup.Contents) throws -> Void) throws -> Restored {
        let draft = try draft()
        defer { draft.discard() }
        guard try DraftFile.isThere(backup) else { throw SQLiteRestoration.unknown(backup) }
        for log in [backup + "-wal", backup + "-journal"] where try DraftFile.isThere(log) && FileReader(log).size() > 0
        {
            throw MembershipError(
                .invalidInput, "\(backup) has a log beside it, \(log): it is a database in use, or was one.",
                remedy: "Make a backup of it: fortnight backup TO --database \(backup).")
        }
        let source = try FileReader(backup)
        guard try source.read(16, at: 0) == Array("SQLite format 3\0".utf8) else {
            throw MembershipError(
                .notADatabase, "\(backup) is not an SQLite database.",
                remedy: "Name a file that fortnight backup has made, or a directory of fortnight backup --to-dir.")
        }
        let writer = try FileWriter(draft.draft)
        try source.forEachPiece { try writer.write($0) }
        return Restored(contents: try publish(draft, from: backup, prepare), moment: nil)
    }

    /// Restores the newest moment that is kept in a directory, or the last one up to a time.
    ///
    /// - Throws: ``MembershipError`` with code `database_exists`, `unknown_backup` when there is none so early,
    ///   `backup_damaged` when a part that is needed is, `database_newer`.
    package func restore(
        _ directory: BackupDirectory, at time: Timestamp?, prepare: (SQLiteBackup.Contents) throws -> Void
    ) throws -> Restored {
        let draft = try draft()
        defer { draft.discard() }
        let generation = try directory.generation(at: time)
        let chain = try generation.chain()
        let segments = chain.segments.prefix { segment in time.map { segment.heading.copiedAt <= $0 } ?? true }
        let moment =
            segments.last.map {
                Moment(completeUntil: $0.heading.completeUntil, copiedAt: $0.heading.copiedAt)
            } ?? Moment(completeUntil: generation.manifest.completeUntil, copiedAt: generation.manifest.copiedAt)
        // What comes next cannot be read, so that it may belong to what is wanted.
        if let fault = chain.fault, segments.count == chain.segments.count, time != moment.copiedAt {
            throw MembershipError(
                fault.code, fault.message,
                remedy: "Get it back from another copy of the directory, or restore what was before it: "
                    + "--at \(moment.copiedAt).")
        }
        try copyBase(of: generation, to: draft.draft)
        try apply(segments, to: draft.draft)
        return Restored(contents: try publish(draft, from: directory.path, prepare), moment: moment)
    }

    private func copyBase(of generation: BackupGeneration, to draft: String) throws {
        guard try DraftFile.isThere(generation.base) else {
            throw LogSegment.damaged(generation.base, "it is missing")
        }
        let writer = try FileWriter(draft)
        var digest = SHA256()
        try FileReader(generation.base).forEachPiece { piece in
            digest.update(data: piece)
            try writer.write(piece)
        }
        guard digest.finalize().hexadecimal == generation.manifest.sha256 else {
            throw LogSegment.damaged(generation.base, "its checksum is not that of what is in it")
        }
    }

    /// Puts each log together as it was beside the database, and lets SQLite do what it does after a crash: it takes
    /// the frames over after looking at the checksum of each.
    private func apply(_ segments: ArraySlice<LogSegment>, to draft: String) throws {
        var rest = segments
        while let first = rest.first {
            let log = rest.prefix { $0.heading.log == first.heading.log }
            rest = rest.dropFirst(log.count)
            try putTogether(log, as: draft + "-wal")
            let frames = log.reduce(0) { $0 + $1.heading.frames }
            let taken = try translatingErrors(path: target) { try takeOverLog(of: draft) }
            guard taken == [frames, frames] else {
                throw LogSegment.damaged(first.path, "SQLite takes \(taken?[0] ?? 0) frames of its log, of \(frames)")
            }
            for file in [draft + "-wal", draft + "-shm"] { unlink(file) }
        }
    }

    /// - Returns: how many frames the log has, and how many of them were taken over.
    private func takeOverLog(of draft: String) throws -> [Int]? {
        let queue = try DatabaseQueue(path: draft, configuration: Configuration())
        let taken = try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = OFF")
            return try Row.fetchOne(database, sql: "PRAGMA wal_checkpoint(PASSIVE)").map { row -> [Int] in
                [row[1], row[2]]
            }
        }
        try queue.close()
        return taken
    }

    private func putTogether(_ log: ArraySlice<LogSegment>, as path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DraftFile.cannotWrite(target) }
        close(descriptor)
        let writer = try FileWriter(path)
        try writer.write(log.first.flatMap { [UInt8](hexadecimal: $0.heading.log) } ?? [])
        for segment in log { try segment.read { try writer.write($0) } }
    }

    private func publish(
        _ draft: DraftFile, from backup: String, _ prepare: (SQLiteBackup.Contents) throws -> Void
    ) throws -> SQLiteBackup.Contents {
        let contents = try SQLiteBackup.contents(
            of: draft.draft, named: backup,
            remedy: "Use another backup; .recover of the sqlite3 shell may save what is in this one.")
        try prepare(contents)
        try draft.publish()
        return contents
    }

    private static func unknown(_ backup: String) -> MembershipError {
        MembershipError(
            .unknownBackup, "There is no backup at \(backup).",
            remedy: "Name a file that fortnight backup has made, or a directory of fortnight backup --to-dir.")
    }
}
