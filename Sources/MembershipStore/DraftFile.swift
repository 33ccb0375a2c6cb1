import Foundation
package import Membership

/// A file that is written under another name beside its own, and gets its own when it is whole and on the disk. So
/// nobody finds half of it, and nothing that is there is ever overwritten.
package struct DraftFile: Sendable {
    /// The name it is to have.
    package let path: String
    /// The name it has meanwhile.
    package let draft: String

    /// What the name of a draft ends with. One that is left behind by a process that was killed may be removed.
    package static let suffix = ".part"

    /// Makes the draft, empty, for this user's eyes alone.
    ///
    /// - Throws: ``MembershipError`` with code `database_exists` when the name is taken.
    package init(for path: String) throws(MembershipError) {
        self.path = path
        draft = path + "." + UUID().uuidString.prefix(8).lowercased() + DraftFile.suffix
        if try DraftFile.isThere(path) { throw DraftFile.taken(path) }
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DraftFile.cannotWrite(path) }
        close(descriptor)
    }

    /// Writes the whole file.
    package init(for path: String, _ bytes: some Sequence<UInt8>) throws(MembershipError) {
        try self.init(for: path)
        do {
            let writer = try FileWriter(draft)
            try writer.write(Array(bytes))
        } catch {
            discard()
            throw error
        }
    }

    /// Gives the file its name, once it is on the disk, and waits until the name is.
    ///
    /// - Parameter isTakenBack: whether the name goes when it cannot be waited for; not where others may count on the file
    ///   as soon as it has its name, and it does no harm.
    /// - Throws: ``MembershipError`` with code `database_exists` when the name was taken meanwhile; then, as after
    ///   every failure, the draft is gone, and the name is not the draft's.
    package func publish(isTakenBack: Bool = true) throws(MembershipError) {
        defer { discard() }
        try DraftFile.sync(draft)
        // Opened before anything has the name, because there may be no descriptor left to open it with.
        let directory = try openedForName()
        defer { close(directory) }
        // A link never takes the place of another file. Where there are no links, as on some network file systems,
        // looking and renaming has to do.
        if link(draft, path) != 0 {
            guard errno != EEXIST else { throw DraftFile.taken(path) }
            guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK].contains(errno) else {
                throw DraftFile.cannotWrite(path)
            }
            guard try !DraftFile.isThere(path) else { throw DraftFile.taken(path) }
            guard rename(draft, path) == 0 else { throw DraftFile.cannotWrite(path) }
        }
        // Some file systems sync no directories.
        guard fsync(directory) == 0 || errno == EINVAL else {
            let error = DraftFile.cannotWrite(path)
            if isTakenBack { unlink(path) }
            throw error
        }
    }

    /// What to sync for the name: the directory, or the file itself where the directory may be written and not opened; with
    /// a file that has a new name a journaling file system writes the name too.
    private func openedForName() throws(MembershipError) -> Int32 {
        let directory = (path as NSString).deletingLastPathComponent
        let descriptor = open(directory.isEmpty ? "." : directory, O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 { return descriptor }
        guard errno == EACCES else { throw DraftFile.cannotWrite(directory) }
        return try DraftFile.opened(draft)
    }

    /// Removes the draft, and what SQLite keeps beside a file.
    package func discard() {
        for file in [draft, draft + "-wal", draft + "-shm", draft + "-journal"] { unlink(file) }
    }

    /// Whether anything has that name, be it a link to nothing.
    ///
    /// - Throws: ``MembershipError`` with code `unreadable_file` when that cannot be told: what cannot be looked at now may
    ///   well be there.
    package static func isThere(_ path: String) throws(MembershipError) -> Bool {
        var status = stat()
        if lstat(path, &status) == 0 { return true }
        guard [ENOENT, ENOTDIR].contains(errno) else { throw FileReader.cannotRead(path) }
        return false
    }

    /// Waits until a file or a directory is on the disk.
    package static func sync(_ path: String) throws(MembershipError) {
        let descriptor = try opened(path)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw cannotWrite(path) }
    }

    private static func opened(_ path: String) throws(MembershipError) -> Int32 {
        let descriptor = open(path.isEmpty ? "." : path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw cannotWrite(path) }
        return descriptor
    }

    private static func taken(_ path: String) -> MembershipError {
        MembershipError(
            .databaseExists, "\(path) is there already.", remedy: "Name a file that does not exist, or move it away.")
    }

    /// What kept a file from being written, by what the system said last.
    package static func cannotWrite(_ path: String) -> MembershipError {
        let (reason, isFull) = (String(cString: strerror(errno)), errno == ENOSPC || errno == EDQUOT)
        return MembershipError(
            isFull ? .databaseFull : .databaseUnavailable, "\(path) cannot be written: \(reason).",
            remedy: "Check that the directory exists, that this user may write in it, and that the disk has space.")
    }
}
