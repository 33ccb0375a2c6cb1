/// A JSON object as compact text with sorted keys: one spelling for what is hashed. JSONEncoder has no promise of that,
/// and takes ten times as long for each of a million events.
package struct JSONText: Sendable {
    private var pairs: [(key: String, value: Value)] = []

    private enum Value: Sendable {
        case text(String)
        /// As it stands in the object.
        case plain(String)
        case object(JSONText)
    }

    package init() {}

    /// The text.
    package var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(640)
        write(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    package mutating func add(_ key: String, _ value: String) {
        pairs.append((key, .text(value)))
    }

    package mutating func add(_ key: String, _ value: Int64) {
        pairs.append((key, .plain(String(value))))
    }

    package mutating func add(_ key: String, _ value: Int) {
        pairs.append((key, .plain(String(value))))
    }

    package mutating func add(_ key: String, _ value: Bool) {
        pairs.append((key, .plain(value ? "true" : "false")))
    }

    /// A moment as it is written outside; nothing when there is none.
    package mutating func add(_ key: String, _ value: Timestamp?) {
        if let value { add(key, value.rfc3339) }
    }

    package mutating func add(_ key: String, _ value: JSONText) {
        pairs.append((key, .object(value)))
    }

    private func write(into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for (key, value) in sorted {
            if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            bytes.append(contentsOf: key.utf8)
            bytes.append(UInt8(ascii: "\""))
            bytes.append(UInt8(ascii: ":"))
            switch value {
            case .text(let text): JSONText.quote(text, into: &bytes)
            case .plain(let text): bytes.append(contentsOf: text.utf8)
            case .object(let object): object.write(into: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Most are added in order, and sorting would copy them.
    private var sorted: [(key: String, value: Value)] {
        for place in pairs.indices.dropFirst() where pairs[place].key < pairs[place - 1].key {
            return pairs.sorted { $0.key < $1.key }
        }
        return pairs
    }

    private static func quote(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.contains(where: needsEscape) {
            for byte in text.utf8 { escape(byte, into: &bytes) }
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// What has to be escaped is a byte of its own, whatever stands around it.
    private static func escape(_ byte: UInt8, into bytes: inout [UInt8]) {
        guard needsEscape(byte) else { return bytes.append(byte) }
        bytes.append(UInt8(ascii: "\\"))
        guard byte < 0x20 else { return bytes.append(byte) }
        let digits = String(byte, radix: 16)
        bytes.append(contentsOf: ("u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
    }
}
