import Synchronization

/// The key of a ledger, kept once it has been read: checks ask for it too often to read a file each time.
final class KeptLedgerKey: Sendable {
    private let file: LedgerKeyFile
    private let fingerprint: String
    private let key = Mutex<LedgerKey?>(nil)

    init(_ file: LedgerKeyFile, fingerprint: String) {
        self.file = file
        self.fingerprint = fingerprint
    }

    /// The key; nil when it cannot be read, so that nobody can be told apart by the ledger.
    func keyIfThere() -> LedgerKey? {
        key.withLock { key in
            key = key ?? (try? file.load(matching: fingerprint))
            return key
        }
    }
}
