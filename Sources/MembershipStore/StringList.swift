import Foundation

/// A list of strings as a row holds it: a JSON array.
///
/// The encoder and the decoder take longer than the row, and there are two lists in each article. What they would
/// escape, or would have to, they are asked for.
enum StringList {
    static func text(_ strings: [String]) -> String {
        let arePlain = strings.allSatisfy { string in string.utf8.allSatisfy(isPlain) }
        if arePlain { return "[" + strings.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
        // Encoding strings cannot fail.
        return (try? JSONEncoder().encode(strings)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    /// The strings; nil when the text is no such list.
    static func strings(_ text: String) -> [String]? {
        plain(text) ?? (try? JSONDecoder().decode([String].self, from: Data(text.utf8)))
    }

    /// Nil also for what has something escaped in it, or something else than a comma between two strings.
    private static func plain(_ text: String) -> [String]? {
        if text == "[]" { return [] }
        var rest = text.utf8[...]
        guard rest.popFirst() == UInt8(ascii: "[") else { return nil }
        var strings: [String] = []
        while rest.popFirst() == UInt8(ascii: "\"") {
            guard let end = rest.firstIndex(where: { !isPlain($0) }), rest[end] == UInt8(ascii: "\"") else {
                return nil
            }
            strings.append(String(Substring(rest[..<end])))
            rest = rest[end...].dropFirst()
            switch rest.popFirst() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "]"): return rest.isEmpty ? strings : nil
            default: return nil
            }
        }
        return nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F && !escaped.contains(byte) }
    private static let escaped = [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/")]
}
