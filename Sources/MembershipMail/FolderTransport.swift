import Foundation
import Membership

/// Delivers mail into a folder: a file for each, which other programs can read and a person can open.
struct FolderTransport: MailTransport {
    /// Absolute: what is on record must be found from any directory.
    let folder: String

    func deliver(_ mail: Mail) async throws(MailFailure) -> String? {
        let path = path(of: mail.messageID)
        let bytes = mail.rfc5322()
        try await MailThread.run { [folder] () throws(MailFailure) in
            try FolderTransport.write(bytes, to: path, in: folder)
        }
        return path
    }

    func place(of messageID: String) -> String? { path(of: messageID) }

    private func path(of messageID: String) -> String {
        (folder.hasSuffix("/") ? folder : folder + "/") + FolderTransport.fileName(of: messageID)
    }

    /// One name for one Message-ID, so that a mail that is delivered again takes its own place. What could mean
    /// something to a shell or a file system is spelled as its number.
    static func fileName(of messageID: String) -> String {
        let safe = messageID.utf8.enumerated().map { index, byte in
            switch byte {
            case _ where byte.isASCIILetterOrDigit(or: "_@"):
                String(Unicode.Scalar(byte))
            case UInt8(ascii: "."), UInt8(ascii: "-"):
                index == 0 ? FolderTransport.number(byte) : String(Unicode.Scalar(byte))
            default:
                FolderTransport.number(byte)
            }
        }
        return safe.joined() + ".eml"
    }

    private static func number(_ byte: UInt8) -> String { "%" + QuotedPrintable.escaped(byte).dropFirst() }

    /// Writes under another name first, so that whoever looks into the folder finds whole mails only.
    private static func write(_ bytes: [UInt8], to path: String, in folder: String) throws(MailFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw MailFailure.outage("The folder ‘\(folder)’ cannot be made: \(error.systemReason).")
        }
        let draft = LetterFile.draft(of: path)
        let file = try openAlone(draft, in: folder)
        defer { close(file) }
        do throws(MailFailure) {
            // An interrupted delivery may have left something in it.
            guard ftruncate(file, 0) == 0 else { throw failure(in: folder) }
            try writeAll(bytes, to: file, in: folder)
            guard fsync(file) == 0, rename(draft, path) == 0 else { throw failure(in: folder) }
        } catch {
            unlink(draft)
            throw error
        }
        try keepNames(of: folder)
    }

    /// Opens a draft that nobody else is writing; whoever is, is waited for. A lock ends with its process.
    private static func openAlone(_ draft: String, in folder: String) throws(MailFailure) -> Int32 {
        while true {
            let file = open(draft, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw failure(in: folder) }
            while flock(file, LOCK_EX) != 0 {
                guard errno == EINTR else {
                    let refusal = failure(in: folder)
                    close(file)
                    throw refusal
                }
            }
            // Whoever had it before has given the file its own name, or removed it.
            var (mine, named) = (stat(), stat())
            if fstat(file, &mine) == 0, lstat(draft, &named) == 0, mine.st_ino == named.st_ino,
                mine.st_dev == named.st_dev
            {
                return file
            }
            close(file)
        }
    }

    static func writeAll(_ bytes: [UInt8], to file: Int32, in folder: String) throws(MailFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure(in: folder) }
            rest = rest.dropFirst(count)
        }
    }

    /// A new name is safe from a loss of power only when the folder itself has been written.
    private static func keepNames(of folder: String) throws(MailFailure) {
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure(in: folder) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure(in: folder) }
    }

    /// A disk can be emptied and a right given, and until then no mail gets in: only a name that no file can have is
    /// this mail's own, and there for good.
    private static func failure(in folder: String) -> MailFailure {
        let number = errno
        return MailFailure(
            number == ENAMETOOLONG ? .permanent : .outage,
            text: "The folder ‘\(folder)’ cannot be written to: \(String(cString: strerror(number))).")
    }
}
