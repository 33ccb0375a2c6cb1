public import Membership
import MembershipStore

/// Putting a backup in place as a database.
public struct DatabaseRestoration: Sendable {
    private let named: String

    /// Names the backup: a file that ``DatabaseBackup/make(at:withKey:progress:)`` made, or a directory that
    /// ``DatabaseBackup/follow(into:_:)`` keeps.
    public init(of backup: String) {
        named = backup
    }

    /// What was restored.
    public struct Report: Equatable, Sendable {
        /// The moment that was restored; nil for a backup in one file, which does not say.
        public let moment: Moment?
        /// How many bytes the database has.
        public let bytes: Int
        /// Its schema version.
        public let schemaVersion: Int
        /// Whether it has to be brought forward before this program works with it.
        public let isOlder: Bool
        /// Why there is no key for the trial ledger; nil when there is.
        public let missingKey: String?
    }

    /// A moment of which a database was kept. What was acknowledged between the two times may be in it or not.
    public struct Moment: Equatable, Sendable {
        /// Everything that was acknowledged before is in it.
        public let completeUntil: Timestamp
        /// Nothing that was acknowledged later is in it.
        public let copiedAt: Timestamp
    }

    /// Restores the backup. It is looked at before the database gets its name; when anything fails, nothing of it is
    /// left but a key that others may count on by then.
    ///
    /// - Parameters:
    ///   - location: the place of the database and of its key, where there must be no database yet.
    ///   - time: the last moment of a directory up to this one; nil for the newest.
    /// - Throws: ``MembershipError`` with code `invalid_input` for a server or a time with one file, `database_exists`,
    ///   `unknown_backup`, `backup_damaged`, `not_a_database`, `database_damaged`, `database_newer`, `key_mismatch`
    ///   when another key is there, `unreadable_file` or `database_unavailable` when something cannot be read now.
    public func restore(to location: DatabaseLocation, at time: Timestamp? = nil) throws -> Report {
        let target = try location.file(to: "restored")
        let backup = try DatabaseLocation.namedPath(named)
        let (directory, restoration) = (BackupDirectory(backup), SQLiteRestoration(to: target.path))
        let isDirectory = try directory.isThere()
        if time != nil, !isDirectory, try DraftFile.isThere(backup) {
            throw MembershipError(
                .invalidInput, "\(backup) is one file, and holds one moment.",
                remedy: "Leave --at out, or name a directory that fortnight backup --to-dir keeps.")
        }
        let keptKey = LedgerKeyFile(path: isDirectory ? directory.keyPath : backup + ".key")
        let keyFile = LedgerKeyFile(path: location.keyPath)
        var (key, placedKey, missingKey): (LedgerKey?, Bool, String?) = (nil, false, nil)
        let placeKey: (SQLiteBackup.Contents) throws -> Void = { contents in
            do throws(MembershipError) {
                let kept = try keptKey.load(matching: contents.keyFingerprint)
                (key, placedKey) = (kept, try keyFile.place(kept))
            } catch {
                // One that was kept apart may have been put there already; any other is in the way.
                if try DraftFile.isThere(keyFile.path) {
                    _ = try keyFile.load(matching: contents.keyFingerprint)
                } else {
                    missingKey = try error.messageOfMissingKey
                }
            }
        }
        do {
            let restored =
                isDirectory
                ? try restoration.restore(directory, at: time, prepare: placeKey)
                : try restoration.restore(file: backup, prepare: placeKey)
            let lostKey = key.flatMap { keyFile.whyNotStillThere($0) }
            return Report(
                moment: restored.moment.map { Moment(completeUntil: $0.completeUntil, copiedAt: $0.copiedAt) },
                bytes: restored.contents.bytes, schemaVersion: restored.contents.schemaVersion,
                isOlder: restored.contents.isOlder, missingKey: missingKey ?? lostKey)
        } catch {
            if placedKey, !error.saysThatAnotherWasFaster { keyFile.remove() }
            throw error
        }
    }

    /// The moments that one copy of the whole database and the log behind it reach over.
    public struct Extent: Equatable, Sendable {
        /// The name of its folder.
        public let name: String
        /// The first moment; nil when nothing says what the copy is.
        public let from: Timestamp?
        /// The last moment; nil in the same case.
        public let until: Timestamp?
        /// How many pieces of the log there are, each of which is a moment.
        public let segments: Int
        /// How many bytes all that takes.
        public let bytes: Int
        /// What is wrong, so that later moments, or none, can be restored; nil when nothing is.
        public let fault: String?
    }

    /// Which moments can be restored from a directory, oldest first. Whether every byte is as it was written, only
    /// restoring looks at.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_backup`, `invalid_input` for an empty name.
    public func extents() throws -> [Extent] {
        let backup = try DatabaseLocation.namedPath(named)
        let directory = BackupDirectory(backup)
        guard try directory.isThere() else {
            throw MembershipError(
                .unknownBackup, "There is no directory \(backup).",
                remedy: "Name one that fortnight backup --to-dir keeps.")
        }
        return try directory.extents().map { extent in
            Extent(
                name: extent.name, from: extent.from, until: extent.until, segments: extent.segments,
                bytes: extent.bytes, fault: extent.fault)
        }
    }
}
