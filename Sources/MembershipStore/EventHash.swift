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
        // Byte by byte into one buffer: a job hashes a million events.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(data.utf8.count + 320)
        func line(_ text: String) {
            bytes.append(contentsOf: text.utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        line(previous)
        line(String(account))
        line(String(sequence))
        line(kind)
        line(subscription.map { String($0) } ?? "")
        line(actor)
        line(reasonDigest ?? "")
        line(data)
        line(String(effectiveAt))
        bytes.append(contentsOf: String(recordedAt).utf8)
        return SHA256.hash(data: bytes).withUnsafeBytes(\.hexadecimal)
    }

    /// What stands for a reason in the chain. The salt goes with the reason, and nobody can guess it back.
    static func digest(reason: String, salt: String) -> String {
        SHA256.hash(data: Array((salt + "\n" + reason).utf8)).hexadecimal
    }

    static func newSalt() -> String {
        SymmetricKey(size: .bits128).withUnsafeBytes { Array($0).hexadecimal }
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
