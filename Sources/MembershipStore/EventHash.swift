import Crypto
import Membership

/// The chain of an account's events: the hash of each covers what it says and the hash of the one before it
/// (docs/decisions/0012).
enum EventHash {
    /// What the first event of an account follows.
    static let beginning = String(repeating: "0", count: 64)

    /// SHA-256 over the hash before it and the event's fields, a line each, in hexadecimal digits. No field holds a line
    /// break.
    static func of(
        after previous: String, account: Int64, sequence: Int64, kind: String, subscription: Int64?, actor: String,
        reasonDigest: String?, data: String, effectiveAt: Int64, recordedAt: Int64
    ) -> String {
        let sealed = sealed(
            account: account, sequence: sequence, kind: kind, subscription: subscription, actor: actor,
            reasonDigest: reasonDigest, data: data)
        return finish(begun(after: previous, sealed: sealed), effectiveAt: effectiveAt, recordedAt: recordedAt)
    }

    /// The lines between the hash before it and the times.
    static func sealed(
        account: Int64, sequence: Int64, kind: String, subscription: Int64?, actor: String, reasonDigest: String?,
        data: String
    ) -> [UInt8] {
        // Byte by byte into one buffer: a job hashes a million events.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(data.utf8.count + 256)
        bytes.append(line: String(account))
        bytes.append(line: String(sequence))
        bytes.append(line: kind)
        bytes.append(line: subscription.map { String($0) } ?? "")
        bytes.append(line: actor)
        bytes.append(line: reasonDigest ?? "")
        bytes.append(line: data)
        return bytes
    }

    /// All but the times, which are known last and stand last.
    static func begun(after previous: String, sealed: [UInt8]) -> SHA256 {
        var hash = SHA256()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sealed.count + 65)
        bytes.append(line: previous)
        bytes.append(contentsOf: sealed)
        hash.update(data: bytes)
        return hash
    }

    /// The hash of what was begun, when the times are known.
    static func finish(_ begun: SHA256, effectiveAt: Int64, recordedAt: Int64) -> String {
        var (hash, bytes): (SHA256, [UInt8]) = (begun, [])
        bytes.reserveCapacity(40)
        bytes.append(line: String(effectiveAt))
        bytes.append(contentsOf: String(recordedAt).utf8)
        hash.update(data: bytes)
        return hash.finalize().withUnsafeBytes(\.hexadecimal)
    }

    /// What stands for a reason in the chain. The salt goes with the reason, and nobody can guess it back.
    static func digest(reason: String, salt: String) -> String {
        SHA256.hash(data: Array((salt + "\n" + reason).utf8)).hexadecimal
    }

    static func newSalt() -> String {
        SymmetricKey(size: .bits128).withUnsafeBytes { Array($0).hexadecimal }
    }
}

extension [UInt8] {
    fileprivate mutating func append(line: String) {
        append(contentsOf: line.utf8)
        append(UInt8(ascii: "\n"))
    }
}

/// An event as the chain sees it.
struct ChainedEvent {
    let account: Int64
    let sequence: Int64
    let kind: String
    let subscription: Int64?
    let actor: String
    let reason: String?
    let salt: String?
    let digest: String?
    let data: String
    let effectiveAt: Int64
    let recordedAt: Int64
    let hash: String

    static let columns = """
        account_id, sequence, kind, subscription_id, actor, reason, reason_salt, reason_sha256, data, effective_at,
        recorded_at, hash
        """

    init(row: any SQLRow) throws {
        (account, sequence, kind) = (try row.integer(0), try row.integer(1), try row.text(2))
        (subscription, actor) = (try row.optionalInteger(3), try row.text(4))
        (reason, salt, digest) = (try row.optionalText(5), try row.optionalText(6), try row.optionalText(7))
        (data, effectiveAt, recordedAt) = (try row.text(8), try row.integer(9), try row.integer(10))
        hash = try row.text(11)
    }

    /// What its hash must be.
    func hash(after previous: String) -> String {
        EventHash.of(
            after: previous, account: account, sequence: sequence, kind: kind, subscription: subscription,
            actor: actor, reasonDigest: digest, data: data, effectiveAt: effectiveAt, recordedAt: recordedAt)
    }

    /// Whether a reason was sealed and is not there any more, as when its account was erased.
    var lacksItsReason: Bool { reason == nil && digest != nil }

    /// Whether the reason, if there is one, is the one that was sealed.
    var hasItsReason: Bool {
        guard let reason else { return salt == nil }
        guard let salt, let digest else { return false }
        return EventHash.digest(reason: reason, salt: salt) == digest
    }
}
