import Foundation
import Membership

/// Checks JSON (RFC 8259) byte by byte and finds where the parts of a feed lie, without keeping any of it.
struct JSONScanner {
    /// What is wrong, as the rest of a sentence about the feed, and where.
    struct Problem: Error {
        var what: String
        var line: Int
        var isTooMany = false
    }

    /// A value and the line on which it begins.
    struct Place {
        var range: Range<Int>
        var line: Int
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var line = 1

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// Scans the whole text, which must be one object. `members` are where its members with one of the `names` lie,
    /// `items` the elements of its member `items`; nil when that is missing or no array.
    mutating func scanFeed(
        names: Set<String>
    ) throws(Problem) -> (members: [String: Range<Int>], items: [Place]?) {
        var members: [String: Range<Int>] = [:]
        var items: [Place]?
        skipSpace()
        try object(depth: 1) { (scanner, name) throws(Problem) in
            if name == "items" {
                guard items == nil else { throw scanner.problem("has ‘items’ twice") }
                items = try scanner.items()
            } else {
                let place = try scanner.place(depth: 2)
                if names.contains(name) { members[name] = place.range }
            }
        }
        skipSpace()
        guard position == bytes.count else { throw problem("has something behind its end") }
        return (members, items)
    }

    private mutating func items() throws(Problem) -> [Place]? {
        guard peek == UInt8(ascii: "[") else {
            try value(depth: 2)
            return nil
        }
        var items: [Place] = []
        try array { (scanner) throws(Problem) in
            guard items.count < FeedLimits.entries else {
                throw Problem(what: "has too many entries", line: scanner.line, isTooMany: true)
            }
            items.append(try scanner.place(depth: 3))
        }
        return items
    }

    private mutating func place(depth: Int) throws(Problem) -> Place {
        let (start, line) = (position, line)
        try value(depth: depth)
        return Place(range: start..<position, line: line)
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(Problem) {
        guard depth <= FeedLimits.nesting else {
            throw problem("nests objects and arrays too deep, more than \(FeedLimits.nesting) in one another")
        }
        switch peek {
        case UInt8(ascii: "{"):
            try object(depth: depth) { (scanner, _) throws(Problem) in try scanner.value(depth: depth + 1) }
        case UInt8(ascii: "["):
            try array { (scanner) throws(Problem) in try scanner.value(depth: depth + 1) }
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
    }

    private mutating func object(
        depth: Int, member: (inout JSONScanner, String) throws(Problem) -> Void
    ) throws(Problem) {
        try expect("{")
        skipSpace()
        if take("}") { return }
        repeat {
            skipSpace()
            let start = position
            try string()
            // Only the names of the outermost object are needed.
            let name = depth == 1 ? try text(start..<position) : ""
            skipSpace()
            try expect(":")
            skipSpace()
            try member(&self, name)
            skipSpace()
        } while take(",")
        try expect("}")
    }

    private mutating func array(_ element: (inout JSONScanner) throws(Problem) -> Void) throws(Problem) {
        try expect("[")
        skipSpace()
        if take("]") { return }
        repeat {
            skipSpace()
            try element(&self)
            skipSpace()
        } while take(",")
        try expect("]")
    }

    private mutating func string() throws(Problem) {
        try expect("\"")
        let start = position
        var isASCII = true
        while let byte = peek, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw problem("is not valid JSON: a control character in a string") }
            if byte >= 0x80 { isASCII = false }
            position += 1
            if byte == UInt8(ascii: "\\") { try escape() }
        }
        if !isASCII, String(validating: bytes[start..<position], as: UTF8.self) == nil {
            throw problem("is not valid JSON: a string that is not UTF-8")
        }
        try expect("\"")
    }

    private mutating func escape() throws(Problem) {
        guard let byte = peek, "\"\\/bfnrtu".utf8.contains(byte) else {
            throw problem("is not valid JSON: an unknown escape in a string")
        }
        position += 1
        guard byte == UInt8(ascii: "u") else { return }
        for _ in 0..<4 {
            guard let digit = peek, "0123456789abcdefABCDEF".utf8.contains(digit) else {
                throw problem("is not valid JSON: \\u without four hexadecimal digits")
            }
            position += 1
        }
    }

    private mutating func number() throws(Problem) {
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
    }

    private mutating func digits() throws(Problem) {
        let start = position
        while let byte = peek, byte.isASCIIDigit { position += 1 }
        guard position > start else { throw unexpected() }
    }

    private mutating func word(_ word: StaticString) throws(Problem) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard peek == word.utf8Start[offset] else { throw unexpected() }
            position += 1
        }
    }

    // MARK: Bytes

    private var peek: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Problem) {
        guard take(character) else { throw unexpected() }
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || (0x09...0x0D).contains(byte) && byte != 0x0B && byte != 0x0C {
            if byte == 0x0A { line += 1 }
            position += 1
        }
    }

    /// The text of the string at `range`, which has been checked, quotes and all.
    private func text(_ range: Range<Int>) throws(Problem) -> String {
        let inside = bytes[(range.lowerBound + 1)..<(range.upperBound - 1)]
        guard inside.contains(UInt8(ascii: "\\")) else { return String(decoding: inside, as: UTF8.self) }
        do {
            return try JSONDecoder().decode(String.self, from: Data(bytes[range]))
        } catch {
            throw problem("is not valid JSON: a name that is not Unicode")
        }
    }

    private func unexpected() -> Problem {
        guard let byte = peek else { return problem("breaks off before its end: it is not whole") }
        let character = byte > 0x20 && byte < 0x7F ? "‘\(Unicode.Scalar(byte))’" : "byte \(byte)"
        return problem("is not valid JSON: unexpected \(character)")
    }

    private func problem(_ what: String) -> Problem {
        Problem(what: what, line: line)
    }
}
