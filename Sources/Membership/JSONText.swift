/// A JSON object as compact text with sorted keys: one spelling for what is hashed. JSONEncoder has no promise of that,
/// and takes ten times as long for each of a million events.
package struct JSONText: Sendable {
    private var pairs: [(key: String, value: String)] = []

    package init() {}

    /// The text.
    package var text: String {
        "{" + pairs.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    package mutating func add(_ key: String, _ value: String) {
        pairs.append((key, JSONText.quoted(value)))
    }

    package mutating func add(_ key: String, _ value: Int64) {
        pairs.append((key, String(value)))
    }

    package mutating func add(_ key: String, _ value: Int) {
        pairs.append((key, String(value)))
    }

    package mutating func add(_ key: String, _ value: Bool) {
        pairs.append((key, value ? "true" : "false"))
    }

    /// A moment as it is written outside; nothing when there is none.
    package mutating func add(_ key: String, _ value: Timestamp?) {
        if let value { add(key, value.rfc3339) }
    }

    package mutating func add(_ key: String, _ value: JSONText) {
        pairs.append((key, value.text))
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
