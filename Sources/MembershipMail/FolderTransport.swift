import Foundation

/// Delivers mail into a folder: a file for each, which other programs can read and a person can open.
struct FolderTransport: MailTransport {
    let folder: String

    func deliver(_ mail: Mail) async throws(MailFailure) -> String? {
        let name = FolderTransport.fileName(of: mail.messageID)
        let bytes = mail.rfc5322()
        return try await MailThread.run { [folder] () throws(MailFailure) in
            try FolderTransport.write(bytes, to: name, in: folder)
        }
    }

    /// One name for one Message-ID, so that a mail that is delivered again takes its own place. What could mean
    /// something to a shell or a file system is spelled as its number.
    static func fileName(of messageID: String) -> String {
        let safe = messageID.utf8.enumerated().map { index, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "@"):
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
    private static func write(_ bytes: [UInt8], to name: String, in folder: String) throws(MailFailure) -> String {
        let path = folder + "/" + name
        let draft = folder + "/." + UUID().uuidString + ".tmp"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw MailFailure.temporary("The folder ‘\(folder)’ cannot be made: \(error.localizedDescription)")
        }
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(in: folder) }
        do throws(MailFailure) {
            defer { close(file) }
            try writeAll(bytes, to: file, in: folder)
            guard fsync(file) == 0, rename(draft, path) == 0 else { throw failure(in: folder) }
        } catch {
            unlink(draft)
            throw error
        }
        try keepNames(of: folder)
        return path
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

    /// A disk can be emptied and a right given: only a name that no file can have is there for good.
    private static func failure(in folder: String) -> MailFailure {
        let number = errno
        return MailFailure(
            isPermanent: number == ENAMETOOLONG,
            text: "The folder ‘\(folder)’ cannot be written to: \(String(cString: strerror(number))).")
    }
}
