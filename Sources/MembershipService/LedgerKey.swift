import Crypto
import Membership

/// The key itself.
struct LedgerKey: Sendable {
    private let key: SymmetricKey
    /// With the key in it, and no text yet: putting it in takes longer than a text.
    private let begun: HMAC<SHA256>

    init(_ key: SymmetricKey) {
        self.key = key
        begun = HMAC(key: key)
    }

    /// Reads 64 hexadecimal digits.
    init?(text: String) {
        guard let bytes = [UInt8](hexadecimal: text), bytes.count == 32 else { return nil }
        self.init(SymmetricKey(data: bytes))
    }

    var text: String { key.withUnsafeBytes { Array($0).hexadecimal } }

    /// Tells keys apart without giving one away.
    var fingerprint: String { String(hmac("fortnight ledger key").prefix(16)) }

    /// What the ledger knows a person by.
    func identity(ofCanonicalEmail email: String) -> String { hmac("email:" + email) }

    /// What the ledger knows a device by.
    func identity(ofDevice device: DeviceID) -> String { hmac("device:" + device.text) }

    private func hmac(_ text: String) -> String {
        var code = begun
        code.update(data: Array(text.utf8))
        return code.finalize().withUnsafeBytes(\.hexadecimal)
    }
}
