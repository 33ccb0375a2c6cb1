import Membership
import Yams

/// A node of the document, read as what is wanted there.
struct YAMLNode {
    let node: Node
    let line: Int
    let file: YAMLFile
    /// What messages call it: `‘prices’`.
    let label: String

    /// The greatest length of a value in bytes; nothing that is meant comes near.
    private static let longest = 200

    private func child(_ node: Node, label: String) -> YAMLNode {
        YAMLNode(node: node, line: node.mark?.line ?? line, file: file, label: label)
    }

    /// The pairs of a mapping, each key once.
    func entries() throws(MembershipError) -> [(key: YAMLNode, value: YAMLNode)] {
        guard let mapping = node.mapping else {
            throw file.refusal(line, "\(label) is \(kind), and must be a mapping of keys to values")
        }
        var seen: [String: Int] = [:]
        return try mapping.map { pair throws(MembershipError) in
            let key = child(pair.key, label: "a key of \(label)")
            let name = try key.text()
            if let first = seen.updateValue(key.line, forKey: name) {
                throw file.refusal(key.line, "‘\(name)’ stands there twice, first in line \(first)")
            }
            return (key, YAMLNode(node: pair.value, line: key.line, file: file, label: "‘\(name)’"))
        }
    }

    func fields() throws(MembershipError) -> Fields {
        var values: [(String, YAMLNode)] = []
        for (key, value) in try entries() { values.append((try key.text(), value)) }
        return Fields(line: line, label: label, file: file, values: values)
    }

    var isList: Bool { node.sequence != nil }

    /// The items of a sequence.
    func items() throws(MembershipError) -> [YAMLNode] {
        guard let sequence = node.sequence else {
            throw file.refusal(line, "\(label) is \(kind), and must be a list: [all-titles]")
        }
        return sequence.map { child($0, label: "an item of \(label)") }
    }

    func text() throws(MembershipError) -> String {
        guard let scalar = node.scalar else {
            throw file.refusal(line, "\(label) is \(kind), and must be a single value")
        }
        guard !scalar.string.isEmpty else { throw file.refusal(line, "\(label) has no value") }
        guard scalar.string.utf8.count <= YAMLNode.longest else {
            throw file.refusal(line, "\(label) begins with \(kind), and is longer than any value")
        }
        return scalar.string
    }

    /// What a check makes of the text, which is named with its line when it is refused.
    func value<Value>(_ check: (String) throws(MembershipError) -> Value) throws(MembershipError) -> Value {
        let text = try text()
        return try file.at(line) { () throws(MembershipError) in try check(text) }
    }

    func slug() throws(MembershipError) -> Slug {
        try value { text throws(MembershipError) in try Slug(parsing: text) }
    }

    func entitlement() throws(MembershipError) -> Entitlement {
        try value { text throws(MembershipError) in try Entitlement(parsing: text) }
    }

    /// A whole number of something.
    func count(of what: String) throws(MembershipError) -> Int {
        let text = try text()
        guard text.utf8.allSatisfy(\.isASCIIDigit), let count = Int(text)
        else { throw file.refusal(line, "\(label) is ‘\(text)’, and must be a number of \(what)") }
        return count
    }

    func flag() throws(MembershipError) -> Bool {
        let text = try text()
        guard let flag = Bool(text) else {
            throw file.refusal(line, "\(label) is ‘\(text)’, and must be true or false")
        }
        return flag
    }

    /// What stands there, in a few words.
    var kind: String {
        switch node {
        case .scalar(let scalar): scalar.string.isEmpty ? "empty" : "‘\(scalar.string.prefix(40))’"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    /// The values of a mapping by their keys, taken out one after the other.
    struct Fields {
        let line: Int
        let label: String
        let file: YAMLFile
        private var values: [(key: String, value: YAMLNode)]

        init(line: Int, label: String, file: YAMLFile, values: [(String, YAMLNode)]) {
            self.line = line
            self.label = label
            self.file = file
            self.values = values.map { (key: $0.0, value: $0.1) }
        }

        var isEmpty: Bool { values.isEmpty }

        mutating func takeIfThere(_ key: String) -> YAMLNode? {
            guard let place = values.firstIndex(where: { $0.key == key }) else { return nil }
            return values.remove(at: place).value
        }

        mutating func take(_ key: String) throws(MembershipError) -> YAMLNode {
            guard let value = takeIfThere(key) else { throw file.refusal(line, "\(label) lacks the key ‘\(key)’") }
            return value
        }

        func refuseOthers(known: [String]) throws(MembershipError) {
            guard let other = values.first(where: { !known.contains($0.key) }) else { return }
            throw file.refusal(
                other.value.line, "\(label) has the key ‘\(other.key)’, which is not known",
                remedy: "The keys are: \(known.joined(separator: ", ")).")
        }
    }
}
