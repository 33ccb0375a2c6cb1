import Membership
import MembershipStore
import Synchronization

/// What a decision has of the ledger's key. Hardly any needs it, so that no file is read before one does, nor while a
/// transaction is open.
struct LedgerAccess: Sendable {
    fileprivate let kept: KeptLedgerKey
    /// Whether reading it has been tried.
    fileprivate let wasTried: Bool

    /// The key; nil when it cannot be read, so that nobody can be told apart by the ledger.
    ///
    /// - Throws: ``LedgerKeyNeeded`` when it has still to be read.
    func key() throws(LedgerKeyNeeded) -> LedgerKey? {
        if let key = kept.known { return key }
        guard wasTried else { throw LedgerKeyNeeded() }
        return nil
    }
}

/// A decision cannot be made before the ledger's key has been read.
struct LedgerKeyNeeded: Error {}

/// The key of a ledger, kept once it has been read: it does not change.
final class KeptLedgerKey: Sendable {
    private let file: LedgerKeyFile
    private let fingerprint: String
    private let key = Locked<LedgerKey?>(nil)

    init(_ file: LedgerKeyFile, fingerprint: String) {
        self.file = file
        self.fingerprint = fingerprint
    }

    fileprivate var known: LedgerKey? { key.withLock(\.self) }

    /// The key, read when it is first asked for.
    ///
    /// - Throws: ``MembershipError`` with code `key_missing`, `key_mismatch` and others, each time until it can be read.
    func load() throws(MembershipError) -> LedgerKey {
        if let known { return known }
        let loaded = try file.load(matching: fingerprint)
        key.withLock { $0 = loaded }
        return loaded
    }

    /// Runs a body, and once more with the key when it cannot do without.
    func whenNeeded<Result>(_ body: (LedgerAccess) async throws -> Result) async throws -> Result {
        do { return try await body(LedgerAccess(kept: self, wasTried: false)) } catch is LedgerKeyNeeded {
            _ = try? load()
            return try await body(LedgerAccess(kept: self, wasTried: true))
        }
    }
}

extension DatabaseLocation {
    /// The key of the ledger of a database that is there.
    func ledgerKey(of store: Store) -> KeptLedgerKey {
        KeptLedgerKey(LedgerKeyFile(path: keyPath), fingerprint: store.deployment.keyFingerprint)
    }
}
