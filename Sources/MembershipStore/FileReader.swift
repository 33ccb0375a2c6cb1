import Foundation
package import Membership

/// Reads parts of a file.
package final class FileReader {
    package let path: String
    private let descriptor: Int32

    /// - Throws: ``MembershipError`` with code `unreadable_file`.
    package init(_ path: String) throws(MembershipError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileReader.cannotRead(path) }
    }

    deinit {
        close(descriptor)
    }

    /// How many bytes the file has.
    package func size() throws(MembershipError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileReader.cannotRead(path) }
        return Int(status.st_size)
    }

    /// The bytes from a place on; fewer where the file ends.
    package func read(_ count: Int, at offset: Int) throws(MembershipError) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, read in
            while read < count {
                let more = pread(descriptor, buffer.baseAddress?.advanced(by: read), count - read, off_t(offset + read))
                if more < 0, errno == EINTR { continue }
                failed = more < 0
                guard more > 0 else { return }
                read += more
            }
        }
        if failed { throw FileReader.cannotRead(path) }
        return bytes
    }

    /// Shows the whole file, a piece at a time.
    package func forEachPiece(_ body: ([UInt8]) throws -> Void) throws {
        var offset = 0
        while true {
            let piece = try read(1 << 20, at: offset)
            guard !piece.isEmpty else { return }
            try body(piece)
            offset += piece.count
        }
    }

    /// What kept a file from being read, by what the system said last.
    static func cannotRead(_ path: String) -> MembershipError {
        MembershipError(
            .unreadableFile, "\(path) cannot be read: \(String(cString: strerror(errno))).",
            remedy: "Check that it exists and that this user may read it.")
    }
}

/// What stands under a name, behind any links.
enum FileKind {
    case nothing, directory, other

    /// - Throws: ``MembershipError`` with code `unreadable_file` when that cannot be told: what cannot be looked at now may
    ///   well be there.
    init(at path: String) throws(MembershipError) {
        var status = stat()
        if stat(path, &status) == 0 {
            self = status.st_mode & S_IFMT == S_IFDIR ? .directory : .other
        } else {
            guard [ENOENT, ENOTDIR].contains(errno) else { throw FileReader.cannotRead(path) }
            self = .nothing
        }
    }
}
