import Foundation
import Membership

/// A file with what concerns one person: made for this user's eyes alone, and never in the place of another.
struct PrivateFile {
    let path: String

    /// Makes the file with this text, or leaves none.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when there is something of that name, `unreadable_file`
    ///   when it cannot be written.
    func create(_ text: String) throws(MembershipError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                throw MembershipError(
                    .invalidInput, "‘\(path)’ is there already.", remedy: "Give the name of a file that is not.")
            }
            throw cannotWrite()
        }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw withdrawn() }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw withdrawn() }
    }

    private func withdrawn() -> MembershipError {
        let error = cannotWrite()
        unlink(path)
        return error
    }

    private func cannotWrite() -> MembershipError {
        MembershipError(
            .unreadableFile, "‘\(path)’ cannot be written: \(String(cString: strerror(errno))).",
            remedy: "Check that the folder exists, that this user may write in it, and that the disk has space.")
    }
}
