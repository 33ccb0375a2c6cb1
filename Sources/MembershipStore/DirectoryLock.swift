import Foundation
import Membership

/// A lock on a directory that ends with the process, however that ends.
final class DirectoryLock {
    private let descriptor: Int32

    init(_ path: String) throws(MembershipError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DraftFile.cannotWrite(path) }
        // When this throws, the object is there already, and its deinit closes the file.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw DraftFile.cannotWrite(path) }
            throw MembershipError(
                .databaseBusy, "Another process is copying into \((path as NSString).deletingLastPathComponent).",
                remedy: "Stop it first, or name another directory.")
        }
    }

    deinit {
        // A child that has been forked and has not begun its program yet has the file open too, and would keep the lock.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
