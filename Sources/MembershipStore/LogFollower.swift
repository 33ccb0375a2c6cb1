import Foundation
import GRDB
package import Membership
import Migrations

/// Copies what is new in a database's log into a ``BackupDirectory``, again and again, while others write.
///
/// SQLite uses its log again from the beginning once all of it is in the database and nobody reads in it. So that no
/// frame is lost to that before it is copied, one connection (the anchor) always holds a read transaction. What was
/// written after it began can be put into the database by nobody, or at least not be overwritten in the log, until it
/// ends; and it is begun anew only while another connection holds the write lock and everything is copied
/// (docs/decisions/0022).
package final class LogFollower {
    /// Tells whose key of the trial ledger the database goes with.
    package let keyFingerprint: String
    private let path: String
    private let lockWait: TimeSpan
    private let machineClock: WallClock
    /// The machine's, kept from going back behind what is copied.
    private var clock: WallClock
    private let directory: BackupDirectory
    private let options: Options
    private let lock: DirectoryLock
    private let anchor: DatabaseQueue
    private let locker: DatabaseQueue

    private var generation: BackupGeneration?
    /// How many segments the generation has.
    private var segments = 0
    /// Behind what is copied; nil when the next log is to be copied from its beginning.
    private var position: LogPosition?
    /// How many frames the log had when the anchor began to read; 0 in a log that was begun since.
    private var anchorFrame = 0
    /// Whether the anchor reads, and what it has moved past is copied.
    private var isAnchored = false

    package struct Options: Sendable {
        /// After how long the whole database is copied again: what is restored needs no more of the log than that.
        package var newBaseAfter: TimeSpan
        /// For how long back every moment is kept; nil for ever.
        package var keep: TimeSpan?

        package init(newBaseAfter: TimeSpan, keep: TimeSpan?) {
            self.newBaseAfter = newBaseAfter
            self.keep = keep
        }
    }

    /// What one step did.
    package struct Step: Equatable, Sendable {
        /// Everything that was acknowledged before is copied.
        package var completeUntil: Timestamp
        /// How many frames of the log were copied.
        package var frames = 0
        /// Why the whole database was copied; nil when it was not.
        package var newBase: String?
        /// How many copies of the whole database were removed.
        package var removed = 0
    }

    /// A clock that goes back by less is waited for.
    private static let longestStandstill = TimeSpan(milliseconds: 2000)

    /// As many frames as those after which SQLite itself writes the log into the database.
    private static let framesBetweenAnchors = 1000

    /// - Throws: ``MembershipError`` with code `database_missing`, `database_busy` when another process copies into the
    ///   directory, `database_exists` when the directory holds something else.
    package init(
        of path: String, into directory: BackupDirectory, _ options: Options, lockWait: TimeSpan, clock: WallClock
    ) throws {
        _ = try SQLiteBackup(of: path, lockWait: lockWait)
        (self.path, self.lockWait, self.directory, self.options) = (path, lockWait, directory, options)
        (anchor, locker) = try translatingErrors(path: path) {
            var configuration = SQLiteBackup.configuration(lockWait: lockWait)
            configuration.allowsUnsafeTransactions = true
            return (
                try DatabaseQueue(path: path, configuration: configuration),
                try DatabaseQueue(path: path, configuration: configuration)
            )
        }
        let reader = anchor
        let contents = try translatingErrors(path: path) {
            try reader.writeWithoutTransaction { try SQLiteBackup.contents(of: $0, named: path) }
        }
        keyFingerprint = contents.keyFingerprint
        try directory.create()
        lock = try directory.lock()
        try DraftFile.sync(directory.path)
        let known = try LogFollower.generations(in: directory).compactMap { try? $0.get() }
        if let other = known.first(where: { $0.manifest.database != contents.keyFingerprint }) {
            throw MembershipError(
                .databaseExists, "\(other.path) is of another database than \(path).",
                remedy: "Name another directory for this one.")
        }
        machineClock = clock
        self.clock = clock.neverBackBehind(try known.last.map { try $0.chain().end })
    }

    /// Copies what is new. The first time it goes on where the directory ends, or begins with a copy of the whole
    /// database.
    ///
    /// - Throws: ``MembershipError``; the next call looks again at how far the copying has come.
    package func followOnce() throws -> Step {
        do {
            return try translatingErrors(path: path) { try step() }
        } catch {
            (generation, position) = (nil, nil)
            throw error
        }
    }

    private func step() throws -> Step {
        let (newest, now) = (clock.now(), machineClock.now())
        if newest - now > LogFollower.longestStandstill { return try beginBehind(newest, now) }
        do {
            guard let generation else { return try begin() }
            if clock.now() - generation.manifest.copiedAt >= options.newBaseAfter {
                // As much as can be copied before nobody may write.
                _ = try copyWhatIsNew()
                return try beginAnew("the last one is \(options.newBaseAfter) old")
            }
            var step = try copyWhatIsNew()
            if let position, position.frame - anchorFrame >= LogFollower.framesBetweenAnchors {
                do {
                    step.frames += try moveAnchor { try self.copy($0) }
                } catch let error as MembershipError where error.code == .databaseBusy && isAnchored {
                    // Somebody writes for long; next time will do.
                }
            }
            return step
        } catch let broken as BrokenLog {
            // The new copy has what cannot be had from the log.
            (generation, position) = (nil, nil)
            return try beginAnew(broken.what)
        }
    }

    // MARK: - Beginning

    private func begin() throws -> Step {
        directory.removeDrafts()
        var goesOn = true
        var frames = 0
        let log = try moveAnchor { log -> LogReading in
            if let last = try self.newestGeneration(), try self.isContinued(by: log, last) {
                frames = try self.copy(log)
            } else {
                goesOn = false
            }
            return log
        }
        if goesOn { return Step(completeUntil: log.completeUntil, frames: frames) }
        let isFirst = try LogFollower.generations(in: directory).isEmpty
        return try makeBase(try isFirst ? "the directory is new" : whyNotContinued(by: log), log)
    }

    /// Why what is in the directory does not go on in the log. An older database may be meant, or may be the wrong one:
    /// whoever restores the newest moment gets it.
    private func whyNotContinued(by log: LogReading) throws -> String {
        guard case .success(let newest)? = try LogFollower.generations(in: directory).last else {
            return "the last copy is damaged"
        }
        let chain = try newest.chain()
        if let fault = chain.fault { return "the last copy cannot be gone on with: \(fault.message)" }
        let copied = chain.segments.last?.heading.newestEvent ?? newest.manifest.newestEvent
        guard let copied, log.newestEvent.map({ $0 < copied }) ?? true else {
            return "its log has begun anew since the last copy, as it does when nobody has the database open"
        }
        return "the database is at an earlier state than the last copy, which has events up to \(copied). The newest "
            + "moment is this state now; --at goes back to the other"
    }

    /// What is in a directory. One that cannot be read now is waited for: it may be of another database, or the newest.
    private static func generations(
        in directory: BackupDirectory
    ) throws -> [Result<BackupGeneration, MembershipError>] {
        try directory.generations().map { generation in
            if case .failure(let error) = generation, error.code == .unreadableFile { throw error }
            return generation
        }
    }

    private func newestGeneration() throws -> (generation: BackupGeneration, end: LogPosition?, segments: Int)? {
        guard case .success(let newest)? = try LogFollower.generations(in: directory).last else { return nil }
        let chain = try newest.chain()
        guard chain.fault == nil else { return nil }
        return (newest, try chain.segments.last?.end() ?? newest.startOfLog(), chain.segments.count)
    }

    /// Whether the log still has everything behind what was copied last; then the copying goes on there.
    private func isContinued(
        by log: LogReading, _ last: (generation: BackupGeneration, end: LogPosition?, segments: Int)
    ) throws -> Bool {
        guard let end = last.end, log.header == end.header, log.frames >= end.frame else { return false }
        if end.frame > 0 {
            let bytes = try log.reader.read(8, at: end.header.offset(of: end.frame) + 16)
            guard bytes.count == 8, LogChecksum(bytes, at: 0) == end.checksum else { return false }
        }
        (generation, position, segments) = (last.generation, end, last.segments)
        return true
    }

    /// The moments of a copy and its log are in order. Where the machine's clock is behind the newest, the times to
    /// come have a copy of their own, and can be asked for; the newest one holds for a time that is in two.
    private func beginBehind(_ newest: Timestamp, _ now: Timestamp) throws -> Step {
        let before = clock
        (generation, position) = (nil, nil)
        clock = machineClock.neverBackBehind(nil)
        do {
            return try beginAnew("the machine's clock says \(now), and what is copied is of up to \(newest)")
        } catch {
            clock = before
            throw error
        }
    }

    private func beginAnew(_ why: String) throws -> Step {
        let log = try moveAnchor { log -> LogReading in
            _ = try self.copy(log)
            return log
        }
        return try makeBase(why, log)
    }

    /// Copies the whole database as the anchor sees it.
    private func makeBase(_ why: String, _ log: LogReading) throws -> Step {
        generation = nil
        let made = try BackupGeneration.make(
            directory.nextFolder(), completeUntil: log.completeUntil, copiedAt: log.copiedAt, log: log.header,
            newestEvent: log.newestEvent
        ) { draft in
            try anchor.unsafeReentrantWrite { try $0.copy(to: draft, named: directory.path) }
            return try SQLiteBackup.contents(of: draft, named: path, remedy: damageRemedy)
        }
        (generation, position, segments) = (made, try made.startOfLog(), 0)
        var step = try copyWhatIsNew()
        step.newBase = why
        let moment = options.keep.map { clock.now() - $0 }
        step.removed = try directory.removeWhatIsOld(since: moment)
        return step
    }

    // MARK: - Copying

    /// What the log was at one moment.
    private struct LogReading {
        /// How many of its frames are of transactions that were committed.
        let frames: Int
        /// Nil when it has none.
        let header: LogHeader?
        let reader: FileReader
        let completeUntil: Timestamp
        let copiedAt: Timestamp
        /// When the newest event was recorded that is in it; nil when there is none.
        let newestEvent: Timestamp?
    }

    /// When the newest event was recorded.
    private func newestEvent(_ database: Database) throws -> Timestamp? {
        try Int64.fetchOne(database, sql: "SELECT max(recorded_at) FROM events").map(Timestamp.init(milliseconds:))
    }

    private func copyWhatIsNew() throws -> Step {
        let deadline = ContinuousClock().now + .milliseconds(lockWait.milliseconds)
        while true {
            let reader = try FileReader(path + "-wal")
            let (before, completeUntil) = (try LogFollower.header(reader), clock.now())
            let (newestEvent, count) = try locker.writeWithoutTransaction { database in
                (try self.newestEvent(database), try self.committedFrames(database))
            }
            let copiedAt = clock.now()
            // When another log was begun meanwhile, the number may be of either.
            if let count, count.logged == 0 { return Step(completeUntil: completeUntil) }
            if let count, let before, try LogFollower.header(reader) == before {
                let log = LogReading(
                    frames: count.logged, header: before, reader: reader, completeUntil: completeUntil,
                    copiedAt: copiedAt, newestEvent: newestEvent)
                return Step(completeUntil: completeUntil, frames: try copy(log))
            }
            guard ContinuousClock().now < deadline else { throw busy }
            usleep(2000)
        }
    }

    /// - Returns: how many frames were copied.
    private func copy(_ log: LogReading) throws -> Int {
        guard let header = log.header, let generation else { return 0 }
        var start = position ?? LogPosition(startOf: header)
        if header != start.header {
            // What was written after the anchor began would have kept the log from being begun anew.
            guard start.frame <= anchorFrame else { throw BrokenLog(what: "the log was begun anew unseen") }
            start = LogPosition(startOf: header)
            anchorFrame = 0
        }
        guard log.frames >= start.frame else { throw BrokenLog(what: "the log has lost frames") }
        guard log.frames > start.frame else { return 0 }
        position = try LogSegment.write(
            generation.path + "/" + LogSegment.name(segments + 1), generation: generation.manifest.id,
            number: segments + 1, from: start, upTo: log.frames, of: log.reader, completeUntil: log.completeUntil,
            copiedAt: log.copiedAt, newestEvent: log.newestEvent)
        segments += 1
        return log.frames - start.frame
    }

    /// Lets the anchor read from this moment on, and the log be begun anew if all of it is in the database. Nobody
    /// writes while that and the body are under way.
    private func moveAnchor<Result>(_ body: (LogReading) throws -> Result) throws -> Result {
        try translatingErrors(path: path) {
            try locker.unsafeReentrantWrite { try $0.execute(sql: "PRAGMA query_only = OFF; BEGIN IMMEDIATE") }
        }
        defer { try? locker.unsafeReentrantWrite { try $0.execute(sql: "ROLLBACK; PRAGMA query_only = ON") } }
        let (count, completeUntil, copiedAt, newestEvent) = try anchor.unsafeReentrantWrite { database in
            isAnchored = false
            if database.isInsideTransaction { try database.execute(sql: "COMMIT") }
            let completeUntil = clock.now()
            let count = try writeLogIntoDatabase(database)
            try database.execute(sql: "BEGIN")
            try database.beginToRead()
            return (count, completeUntil, clock.now(), try self.newestEvent(database))
        }
        anchorFrame = count
        let reader = try FileReader(path + "-wal")
        let log = LogReading(
            frames: count, header: count == 0 ? nil : try LogFollower.header(reader), reader: reader,
            completeUntil: completeUntil, copiedAt: copiedAt, newestEvent: newestEvent)
        let result = try body(log)
        isAnchored = true
        return result
    }

    /// Others read for some milliseconds at a time, and what is newer than what they see waits for them.
    private func writeLogIntoDatabase(_ database: Database) throws -> Int {
        let clock = ContinuousClock()
        let (patience, deadline) = (clock.now + .milliseconds(50), clock.now + .milliseconds(lockWait.milliseconds))
        while true {
            let count = try committedFrames(database)
            if let count, count.logged == count.written || clock.now > patience { return count.logged }
            guard clock.now < deadline else { throw busy }
            usleep(1000)
        }
    }

    /// How many frames the log has, and how many of them are in the database too, after putting there those that nobody
    /// needs in the log any more. Nil while another process does the same.
    private func committedFrames(_ database: Database) throws -> (logged: Int, written: Int)? {
        guard let row = try Row.fetchOne(database, sql: "PRAGMA wal_checkpoint(PASSIVE)") else { return nil }
        let (isBusy, logged, written): (Int, Int, Int) = (row[0], row[1], row[2])
        guard logged >= 0 else {
            if isBusy != 0 { return nil }
            throw MembershipError(
                .databaseUnavailable, "\(path) has no log to follow: its journal mode is not wal.",
                remedy: "fortnight doctor says more.")
        }
        return (logged, written)
    }

    private static func header(_ reader: FileReader) throws -> LogHeader? {
        LogHeader(try reader.read(LogHeader.size, at: 0))
    }

    private var busy: MembershipError {
        MembershipError(
            .databaseBusy, "The log of \(path) is being written into the database for too long.",
            remedy: "Try again; if it stays so, find the process that does it, with fuser \(path).")
    }
}
