public import Membership
import MembershipStore

/// Copying a database while it is in use: as it is now, or as it is at every moment.
///
/// Only SQLite files are copied. A PostgreSQL server has tools of its own for that.
public struct DatabaseBackup: Sendable {
    private let location: DatabaseLocation
    private let clock: WallClock

    /// Names the database.
    public init(of location: DatabaseLocation, clock: WallClock = .system) {
        self.location = location
        self.clock = clock
    }

    /// What was made.
    public struct Report: Equatable, Sendable {
        /// How many bytes the copy of the database has.
        public let bytes: Int
        /// The schema version of the database.
        public let schemaVersion: Int
        /// The file with the key of the trial ledger; nil when it was not copied.
        public let keyPath: String?
        /// Why the key could not be copied; nil when it was, or was not to be.
        public let missingKey: String?
    }

    /// Makes a copy of one moment, behind the beginning of the call, and looks at it before it gets its name. Others
    /// read and write meanwhile. When anything fails, nothing of it is left but a key that others may count on by then.
    ///
    /// - Parameters:
    ///   - path: the file to make; the key goes into the same with `.key` behind it.
    ///   - withKey: whether the key of the trial ledger is copied too. Without it nobody can tell from the backup alone
    ///     who has had a trial; with it, whoever has the backup can try addresses against the ledger.
    ///   - progress: is told how many pages of how many are copied.
    /// - Throws: ``MembershipError`` with code `invalid_input` for a server or a name that no backup can have,
    ///   `database_exists` when there is such a file, `key_mismatch` when there is another key, `database_unavailable`
    ///   when the key cannot be read now, `database_damaged`, `database_full` and others of the engine.
    public func make(
        at path: String, withKey: Bool = true, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Report {
        let file = try location.file(to: "backed up")
        let copy = try DatabaseLocation.namedPath(path)
        try SQLiteBackup.requireNothing(at: copy)
        let (key, missingKey) = withKey ? try foundKey() : (nil, nil)
        let keyFile = LedgerKeyFile(path: copy + ".key")
        // The key first: a backup that is there is whole.
        let placedKey = try key.map { try keyFile.place($0) } ?? false
        do {
            let contents = try SQLiteBackup(of: file.path, lockWait: file.wait).make(at: copy, progress: progress)
            if let key, key.fingerprint != contents.keyFingerprint {
                // The database is worth having all the same.
                if placedKey { keyFile.remove() }
                return Report(
                    bytes: contents.bytes, schemaVersion: contents.schemaVersion, keyPath: nil,
                    missingKey: keyOfAnother)
            }
            let lostKey = key.flatMap { keyFile.whyNotStillThere($0) }
            return Report(
                bytes: contents.bytes, schemaVersion: contents.schemaVersion,
                keyPath: key == nil || lostKey != nil ? nil : keyFile.path, missingKey: missingKey ?? lostKey)
        } catch {
            if placedKey, !error.saysThatAnotherWasFaster { keyFile.remove() }
            throw error
        }
    }

    private var keyOfAnother: String { "The key file \(location.keyPath) belongs to another database." }

    private func foundKey() throws(MembershipError) -> (LedgerKey?, missing: String?) {
        do {
            return (try LedgerKeyFile(path: location.keyPath).load(), nil)
        } catch {
            return (nil, try error.messageOfMissingKey)
        }
    }

    /// Begins to keep a directory from which the database can be restored as it was at any moment.
    ///
    /// - Parameters:
    ///   - path: the directory; it is made when it is not there.
    ///   - options: how.
    /// - Throws: ``MembershipError`` with code `invalid_input` for a server, `database_busy` when another process
    ///   copies into the directory, `database_exists` when it holds something else.
    public func follow(into path: String, _ options: FollowOptions = FollowOptions()) throws -> BackupFollower {
        let file = try location.file(to: "backed up")
        let directory = BackupDirectory(try DatabaseLocation.namedPath(path))
        let follower = try LogFollower(
            of: file.path, into: directory,
            LogFollower.Options(newBaseAfter: options.newBaseAfter, keep: options.keep), lockWait: file.wait,
            clock: clock)
        var missingKey: String?
        if options.withKey {
            let (key, missing) = try foundKey()
            missingKey = missing
            if let key, key.fingerprint == follower.keyFingerprint {
                _ = try LedgerKeyFile(path: directory.keyPath).place(key)
            } else if key != nil {
                missingKey = keyOfAnother
            }
        }
        return BackupFollower(follower, missingKey: missingKey)
    }

    /// How a directory is kept.
    public struct FollowOptions: Sendable {
        /// After how long the whole database is copied again.
        public var newBaseAfter = TimeSpan.days(1)
        /// For how long back every moment is kept; nil for ever.
        public var keep: TimeSpan?
        /// Whether the key of the trial ledger is copied too.
        public var withKey = true

        /// A new copy every day, everything kept, the key with it.
        public init() {}
    }
}
