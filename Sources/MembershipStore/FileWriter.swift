import Foundation
package import Membership

/// Writes to a file that is there, from its beginning.
package final class FileWriter {
    private let path: String
    private let descriptor: Int32

    package init(_ path: String) throws(MembershipError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DraftFile.cannotWrite(path) }
    }

    deinit {
        close(descriptor)
    }

    package func write(_ bytes: [UInt8]) throws(MembershipError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                Foundation.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw DraftFile.cannotWrite(path) }
            written += count
        }
    }
}
