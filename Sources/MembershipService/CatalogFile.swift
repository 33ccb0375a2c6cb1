import Foundation
import Membership
import Yams

/// The plans as one YAML file says they are to be; see docs/plans.md.
///
/// It is read from the nodes of the document, so that a price is the text that stands there and never a floating point
/// number, and so that whatever is refused is refused with its line.
struct CatalogFile: Equatable, Sendable {
    /// In the order of the file, each name once.
    let plans: [Entry]
    /// What messages call the file.
    let name: String

    /// A plan as the file has it.
    struct Entry: Equatable, Sendable {
        let name: Slug
        /// Where it begins, counted from 1.
        let line: Int
        /// Nil for a retired plan of which the file says nothing else.
        let terms: PlanTerms?
        let isRetired: Bool
    }

    /// The greatest size of a file in bytes.
    static let largest = 1 << 20

    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: ``MembershipError`` with code `unreadable_file`, `invalid_catalog`.
    init(path: String) throws(MembershipError) {
        let name = path == "-" ? "standard input" : path
        try self.init(CatalogFile.read(path, name: name), name: name)
    }

    /// Reads the bytes of a file.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_catalog`.
    init(_ bytes: Data, name: String) throws(MembershipError) {
        let file = CatalogNode.File(name: name)
        guard bytes.count <= CatalogFile.largest else {
            throw file.refusal(nil, "is larger than \(CatalogFile.largest >> 20) MiB, the most that is read")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw file.refusal(nil, "is not text in UTF-8")
        }
        try CatalogFile.refuseAliases(text, file)
        var fields = try CatalogNode.root(of: text, file).fields()
        let plans = try fields.take("plans")
        try fields.refuseOthers(known: ["plans"])
        self.name = name
        self.plans = try plans.entries().map { key, value throws(MembershipError) in
            try Entry(name: key.slug(), line: key.line, fields: value.fields())
        }
    }

    /// What is said of a plan that the database cannot take.
    func refusal(_ entry: Entry, _ what: String, remedy: String) -> MembershipError {
        CatalogNode.File(name: name).refusal(entry.line, what, remedy: remedy)
    }

    /// The same for what was refused without knowing of the file.
    func refusal(_ entry: Entry, _ error: MembershipError) -> MembershipError {
        CatalogNode.File(name: name).refusal(entry.line, error)
    }
}

extension CatalogFile.Entry {
    private static let termsKeys = ["prices", "interval", "trial_days", "grace_days", "entitlements"]

    fileprivate init(name: Slug, line: Int, fields: CatalogNode.Fields) throws(MembershipError) {
        var fields = fields
        let file = fields.file
        try fields.refuseOthers(known: CatalogFile.Entry.termsKeys + ["retired"])
        isRetired = try fields.takeIfThere("retired")?.flag() ?? false
        self.name = name
        self.line = line
        if isRetired && fields.isEmpty {
            terms = nil
            return
        }
        let prices = try fields.take("prices").entries().map { key, value throws(MembershipError) in
            try value.price(in: key)
        }
        let interval = try fields.take("interval").interval()
        let (trialDays, graceDays) = (try fields.take("trial_days").count(), try fields.take("grace_days").count())
        let entitlements = try fields.take("entitlements").items().map { item throws(MembershipError) in
            try item.entitlement()
        }
        terms = try file.at(line, "plan ‘\(name)’: ") { () throws(MembershipError) in
            try PlanTerms(
                prices: prices, interval: interval, trialDays: trialDays, graceDays: graceDays,
                entitlements: entitlements)
        }
    }
}

// MARK: - The file

extension CatalogFile {
    private static func read(_ path: String, name: String) throws(MembershipError) -> Data {
        let input = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw unreadable(name) }
        defer { close(input) }
        // One byte more than is taken tells that there are too many.
        var bytes = [UInt8](repeating: 0, count: largest + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                return Foundation.read(input, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(name) }
            if count == 0 { break }
            filled += count
        }
        return Data(bytes[..<filled])
    }

    private static func unreadable(_ name: String) -> MembershipError {
        MembershipError(
            .unreadableFile, "‘\(name)’ cannot be read: \(String(cString: strerror(errno))).",
            remedy: "Give the path of a catalog, or - for standard input.")
    }

    /// Aliases are not followed: a few lines of them can stand for more than any memory holds.
    ///
    /// An alias needs an anchor of the same name before it, so that `&` and `*` in comments do no harm.
    private static func refuseAliases(_ text: String, _ file: CatalogNode.File) throws(MembershipError) {
        var anchors: Set<Substring> = []
        let bytes = text.utf8
        for place in bytes.indices where [UInt8(ascii: "&"), UInt8(ascii: "*")].contains(bytes[place]) {
            let rest = text[bytes.index(after: place)...].utf8
            let name = Substring(rest.prefix(while: isOfAnchor))
            if bytes[place] == UInt8(ascii: "&") {
                anchors.insert(name)
            } else if anchors.contains(name), !name.isEmpty {
                throw file.refusal(
                    text[..<place].count(where: \.isNewline) + 1, "has the alias ‘*\(name)’",
                    remedy: "Write out what it stands for.")
            }
        }
    }

    /// As YAML has the names of anchors.
    private static func isOfAnchor(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

// MARK: - Its nodes

/// A node of the document, read as what is wanted there.
private struct CatalogNode {
    let node: Node
    let line: Int
    let file: File
    /// What messages call it: `‘prices’`.
    var label = "the catalog"

    /// The greatest length of a value in bytes; nothing that is meant for a catalog comes near.
    private static let longest = 200

    /// The one document of the file.
    static func root(of text: String, _ file: File) throws(MembershipError) -> CatalogNode {
        let node: Node?
        do {
            // The library would look for the encoding in the environment, and for types with regular expressions.
            node = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw file.refusal(error, text: text)
        } catch {
            throw file.refusal(nil, "is not YAML: \(error)")
        }
        guard let node, node.scalar?.string.isEmpty != true else {
            throw file.refusal(nil, "is empty", remedy: "Begin it with plans:")
        }
        return CatalogNode(node: node, line: node.mark?.line ?? 1, file: file)
    }

    private func child(_ node: Node, label: String) -> CatalogNode {
        CatalogNode(node: node, line: node.mark?.line ?? line, file: file, label: label)
    }

    /// The pairs of a mapping, each key once.
    func entries() throws(MembershipError) -> [(key: CatalogNode, value: CatalogNode)] {
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
            return (key, CatalogNode(node: pair.value, line: key.line, file: file, label: "‘\(name)’"))
        }
    }

    func fields() throws(MembershipError) -> Fields {
        var values: [(String, CatalogNode)] = []
        for (key, value) in try entries() { values.append((try key.text(), value)) }
        return Fields(line: line, label: label, file: file, values: values)
    }

    /// The items of a sequence.
    func items() throws(MembershipError) -> [CatalogNode] {
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
        guard scalar.string.utf8.count <= CatalogNode.longest else {
            throw file.refusal(line, "\(label) begins with \(kind), and is longer than any value")
        }
        return scalar.string
    }

    func slug() throws(MembershipError) -> Slug {
        let text = try text()
        return try file.at(line) { () throws(MembershipError) in try Slug(parsing: text) }
    }

    func interval() throws(MembershipError) -> BillingInterval {
        let text = try text()
        return try file.at(line) { () throws(MembershipError) in try BillingInterval(parsing: text) }
    }

    func entitlement() throws(MembershipError) -> Entitlement {
        let text = try text()
        return try file.at(line) { () throws(MembershipError) in try Entitlement(parsing: text) }
    }

    func price(in currency: CatalogNode) throws(MembershipError) -> Money {
        let (code, amount) = (try currency.text(), try text())
        return try file.at(line) { () throws(MembershipError) in
            try Money(parsing: amount, currency: Currency(parsing: code))
        }
    }

    /// A number of days.
    func count() throws(MembershipError) -> Int {
        let text = try text()
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let count = Int(text)
        else { throw file.refusal(line, "\(label) is ‘\(text)’, and must be a number of days") }
        return count
    }

    func flag() throws(MembershipError) -> Bool {
        let text = try text()
        guard let flag = Bool(text) else {
            throw file.refusal(line, "\(label) is ‘\(text)’, and must be true or false")
        }
        return flag
    }

    private var kind: String {
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
        let file: File
        private var values: [(key: String, value: CatalogNode)]

        init(line: Int, label: String, file: File, values: [(String, CatalogNode)]) {
            self.line = line
            self.label = label
            self.file = file
            self.values = values.map { (key: $0.0, value: $0.1) }
        }

        var isEmpty: Bool { values.isEmpty }

        mutating func takeIfThere(_ key: String) -> CatalogNode? {
            guard let place = values.firstIndex(where: { $0.key == key }) else { return nil }
            return values.remove(at: place).value
        }

        mutating func take(_ key: String) throws(MembershipError) -> CatalogNode {
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

    /// What messages call the file, and what they look like.
    struct File {
        let name: String

        func refusal(_ line: Int?, _ what: String, remedy: String? = nil) -> MembershipError {
            let place = line.map { ", line \($0): " } ?? " "
            return MembershipError(
                .invalidCatalog, "‘\(name)’\(place)\(what).", remedy: remedy ?? "docs/plans.md says what a catalog is.")
        }

        /// Runs a check of a value, and adds its line to what it complains about.
        func at<Value>(
            _ line: Int, _ what: String = "", _ check: () throws(MembershipError) -> Value
        ) throws(MembershipError) -> Value {
            do {
                return try check()
            } catch {
                throw refusal(line, error, what)
            }
        }

        func refusal(_ line: Int, _ error: MembershipError, _ what: String = "") -> MembershipError {
            MembershipError(
                .invalidCatalog, "‘\(name)’, line \(line): \(what)\(error.message)", remedy: error.remedy)
        }

        /// What the library found wrong, without the whole text that it carries.
        func refusal(_ error: YamlError, text: String) -> MembershipError {
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
                refusal(mark.line, "is not YAML: \(problem)")
            case .composer(_, let problem, let mark, _):
                refusal(mark.line, problem.hasPrefix("but found another") ? "begins another document" : problem)
            case .reader(let problem, let offset, _, _):
                refusal(offset.map { text.prefix($0).count(where: \.isNewline) + 1 }, "is not YAML: \(problem)")
            case .duplicatedKeysInMapping(let duplicates, let context):
                refusal(context.mark.line, "‘\(duplicates.first?.prefix(40) ?? "")’ stands there twice")
            case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
                refusal(nil, "cannot be read as YAML")
            }
        }
    }
}
