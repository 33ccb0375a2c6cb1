import Crypto
import Foundation
import Membership
import MembershipStore

/// The file beside a database with the key under which the trial ledger keeps addresses.
///
/// The ledger holds an HMAC-SHA-256 of each canonical address, so that it can outlive an erased account without
/// naming anyone; whoever has the database but not this file cannot try addresses against it.
struct LedgerKeyFile: Sendable {
    let path: String

    /// Reads the key; makes it, for this user's eyes alone, when there is no file yet.
    func loadOrCreate() throws(MembershipError) -> LedgerKey {
        if !FileManager.default.fileExists(atPath: path) {
            _ = try create(LedgerKey(SymmetricKey(size: .bits256)))
        }
        return try load()
    }

    /// Reads the key.
    ///
    /// - Throws: ``MembershipError`` with code `key_missing` or `key_mismatch`; `database_unavailable` when the system
    ///   cannot open or read a file now.
    func load() throws(MembershipError) -> LedgerKey {
        let text = String(decoding: try bytes(), as: UTF8.self)
        guard let key = LedgerKey(text: text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw MembershipError(
                .keyMismatch, "The key file \(path) does not hold a key.", remedy: "Restore it from a backup.")
        }
        return key
    }

    /// More than a key has, so that another file is not taken for one.
    private static let most = 4096

    private func bytes() throws(MembershipError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw cannotRead(errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: LedgerKeyFile.most)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw cannotRead(errno) }
        return Array(bytes.prefix(count))
    }

    /// What is over as soon as its cause is must not send anybody for a backup.
    private func cannotRead(_ reason: Int32) -> MembershipError {
        let said = String(cString: strerror(reason))
        guard [ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, EISDIR, ENAMETOOLONG].contains(reason) else {
            return MembershipError(
                .databaseUnavailable, "The key file \(path) cannot be read now: \(said).",
                remedy: "Look at how many files are open, at the disk and at the system log; then try again.")
        }
        return MembershipError(
            .keyMissing, "The key file \(path) is missing or cannot be read: \(said).",
            remedy: "Restore it from a backup: without it, who has had a trial cannot be told.")
    }

    /// Puts a key where there is none yet, for this user's eyes alone.
    ///
    /// - Returns: whether it was written; not when it was there already.
    /// - Throws: ``MembershipError`` with code `key_mismatch` when there is another; `database_unavailable` when that
    ///   cannot be told now.
    func place(_ key: LedgerKey) throws(MembershipError) -> Bool {
        if try create(key) { return true }
        do throws(MembershipError) {
            if try load().fingerprint == key.fingerprint { return false }
        } catch {
            _ = try error.messageOfMissingKey
        }
        throw MembershipError(
            .keyMismatch, "\(path) is there already, and is not this database's key.",
            remedy: "Name another place for the database, or for the key with FORTNIGHT_KEY_FILE.")
    }

    /// Puts a key there again that was there before: whoever had put it there may have failed, and taken it back.
    ///
    /// - Returns: why it is not there now; nil when it is.
    func whyNotStillThere(_ key: LedgerKey) -> String? {
        do {
            _ = try place(key)
            return nil
        } catch {
            return error.message
        }
    }

    /// Reads the key and makes sure that it is the one this database was set up with.
    func load(matching fingerprint: String) throws(MembershipError) -> LedgerKey {
        let key = try load()
        guard key.fingerprint == fingerprint else {
            throw MembershipError(
                .keyMismatch, "The key file \(path) belongs to another database.", remedy: "Restore it from a backup.")
        }
        return key
    }

    /// Takes back what ``place(_:)`` has written.
    func remove() {
        unlink(path)
    }

    /// Whether others than the file's owner may read it; nil when there is no file.
    func isReadableByOthers() -> Bool? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.posixPermissions] as? NSNumber).map { $0.intValue & 0o077 != 0 }
    }

    /// Writes the key where there is none, whole and on the disk before it has its name.
    ///
    /// - Returns: whether this one is there now; not when another was there already.
    private func create(_ key: LedgerKey) throws(MembershipError) -> Bool {
        do throws(MembershipError) {
            try DraftFile(for: path, (key.text + "\n").utf8).publish(isTakenBack: false)
            return true
        } catch {
            guard error.saysThatAnotherWasFaster else { throw error }
            return false
        }
    }
}

extension MembershipError {
    /// Why a key is not to be had, where a database is worth having without it. One that cannot be read or written now
    /// is waited for: a copy without it would be found out when it is needed.
    var messageOfMissingKey: String {
        get throws(MembershipError) {
            guard [.keyMissing, .keyMismatch].contains(code) else { throw self }
            return message
        }
    }
}

extension Error {
    /// Whether somebody else has made a file of the same name meanwhile, who may count on what is beside it.
    var saysThatAnotherWasFaster: Bool { (self as? MembershipError)?.code == .databaseExists }
}
