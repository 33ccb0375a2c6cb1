import CLibxml2
import Membership

/// Addresses in feeds: made absolute, and only those that a browser fetches rather than runs.
enum WebAddress {
    /// The absolute http or https address that `text` means at `base`; nil for every other scheme, and for what is
    /// longer than ``FeedLimits/addressBytes``.
    static func resolve(_ text: String?, against base: String?) -> String? {
        guard let text, isShort(text), let reference = escaped(text), !reference.isEmpty else { return nil }
        // libxml2 decodes %2F in paths, so what is absolute already is left as it is.
        let address = scheme(of: reference) == nil ? build(reference, base) : reference
        guard let address, isShort(address), isWeb(address), isWellFormed(address) else { return nil }
        return address
    }

    /// As ``resolve(_:against:)``, and mailto too, for links that a reader follows.
    static func resolveLink(_ text: String?, against base: String?) -> String? {
        guard let text, isShort(text), let reference = escaped(text), scheme(of: reference) == "mailto" else {
            return resolve(text, against: base)
        }
        return isShort(reference) && isWellFormed(reference) ? reference : nil
    }

    /// Host and port of an address, to be shown as a name.
    static func host(of address: String?) -> String? {
        guard let address, let start = address.firstRange(of: "://") else { return nil }
        let host = address[start.upperBound...].prefix { !"/?#".contains($0) }
        return host.isEmpty ? nil : String(host)
    }

    private static func isShort(_ address: String) -> Bool {
        address.utf8.count <= FeedLimits.addressBytes
    }

    /// What browsers forgive is made explicit: tabs and line ends vanish, other characters that no URI has (RFC 3986
    /// section 2) are percent-encoded. Nil when a control character shows that someone is up to something.
    private static func escaped(_ text: String) -> String? {
        var bytes: [UInt8] = []
        let source = Array(text.utf8.drop { $0 <= 0x20 })
        let end = (source.lastIndex { $0 > 0x20 } ?? -1) + 1
        var hasFragment = false
        for (index, byte) in source[..<end].enumerated() {
            switch byte {
            case 0x09, 0x0A, 0x0D: continue
            case 0..<0x20, 0x7F: return nil
            case UInt8(ascii: "%"):
                let digits = source[(index + 1)...].prefix(2)
                bytes.append(contentsOf: digits.count == 2 && digits.allSatisfy(isHex) ? [byte] : Array("%25".utf8))
            case UInt8(ascii: "#"):
                bytes.append(contentsOf: hasFragment ? Array("%23".utf8) : [byte])
                hasFragment = true
            case _ where isURI(byte): bytes.append(byte)
            default: bytes.append(contentsOf: Array("%".utf8) + hexDigits(byte))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// RFC 3986 section 3.1: a letter, then letters, digits, `+`, `-` and `.`, up to the first colon.
    private static func scheme(of address: String) -> String? {
        guard let colon = address.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = address[..<colon].lowercased()
        let isScheme = scheme.utf8.allSatisfy { $0.isASCIILetterOrDigit() || "+-.".utf8.contains($0) }
        return isScheme && !scheme.isEmpty ? scheme : nil
    }

    private static func isWeb(_ address: String) -> Bool {
        let scheme = scheme(of: address)
        guard scheme == "http" || scheme == "https", let host = host(of: address) else { return false }
        return host.utf8.first.map { $0.isASCIILetterOrDigit() || $0 >= UInt8(ascii: "%") } ?? false
            && address.dropFirst(scheme?.count ?? 0).hasPrefix("://")
    }

    private static func build(_ reference: String, _ base: String?) -> String? {
        guard let base, isShort(base) else { return nil }
        return Libxml2.take(xmlBuildURI(reference, base))
    }

    private static func isWellFormed(_ address: String) -> Bool {
        guard let uri = xmlParseURI(address) else { return false }
        xmlFreeURI(uri)
        return true
    }

    /// Brackets are URI characters only around an IPv6 address, where no article lives.
    private static func isURI(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit() || "-._~:/?@!$&'()*+,;=".utf8.contains(byte)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        "0123456789abcdefABCDEF".utf8.contains(byte)
    }

    private static func hexDigits(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}
