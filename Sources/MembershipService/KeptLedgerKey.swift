import Synchronization

/// What a decision has of the ledger's key. Hardly any needs it, so that no file is read before one does, nor while a
/// transaction is open.
enum LedgerAccess: Sendable {
    /// It has not been read.
    case closed
    /// It has been; nil when it cannot be, so that nobody can be told apart by the ledger.
    case open(LedgerKey?)

    /// The key.
    ///
    /// - Throws: ``LedgerKeyNeeded`` when it has still to be read.
    func key() throws(LedgerKeyNeeded) -> LedgerKey? {
        switch self {
        case .closed: throw LedgerKeyNeeded()
        case .open(let key): return key
        }
    }
}

/// A decision cannot be made before the ledger's key has been read.
struct LedgerKeyNeeded: Error {}

/// The key of a ledger, kept once it has been read: it does not change.
final class KeptLedgerKey: Sendable {
    private let file: LedgerKeyFile
    private let fingerprint: String
    private let key = Mutex<LedgerKey?>(nil)

    init(_ file: LedgerKeyFile, fingerprint: String) {
        self.file = file
        self.fingerprint = fingerprint
    }

    /// Runs a body, and once more with the key when it cannot do without.
    func whenNeeded<Result>(_ body: (LedgerAccess) async throws -> Result) async throws -> Result {
        let kept = key.withLock(\.self)
        do { return try await body(kept.map { .open($0) } ?? .closed) } catch is LedgerKeyNeeded {
            return try await body(.open(read()))
        }
    }

    private func read() -> LedgerKey? {
        key.withLock { key in
            key = key ?? (try? file.load(matching: fingerprint))
            return key
        }
    }
}
