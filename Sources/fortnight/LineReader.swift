import Foundation
import Membership

/// Lines of standard input, as many at a time as have arrived.
struct LineReader {
    /// A line, or the beginning of one that is too long.
    struct Line {
        let text: String
        let isTooLong: Bool
    }

    private let longest: Int
    private var buffer: [UInt8] = []
    /// Whether what comes next is the rest of a line that is too long.
    private var isInLongLine = false
    private var isAtEnd = false

    init(longest: Int) {
        self.longest = longest
    }

    /// The lines that have arrived, at least one, without empty ones; nil at the end.
    mutating func next(upTo count: Int) throws -> [Line]? {
        while true {
            let lines = complete(upTo: count)
            if !lines.isEmpty { return lines }
            guard !isAtEnd else { return nil }
            try fill()
        }
    }

    /// A line that is too long is given as soon as that is seen, and its rest is skipped, however much that is.
    private mutating func complete(upTo count: Int) -> [Line] {
        var lines: [Line] = []
        var rest = buffer[...]
        while lines.count < count, !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            // A carriage return may stand behind the longest line.
            if end == nil, !isAtEnd, !isInLongLine, rest.count <= longest + 1 { break }
            if !isInLongLine, let line = Line(rest[..<(end ?? rest.endIndex)], longest: longest) { lines.append(line) }
            isInLongLine = end == nil
            rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
        }
        buffer = Array(rest)
        return lines
    }

    /// Waits for what comes next.
    private mutating func fill() throws {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = bytes.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw MembershipError(
                    .unreadableFile, "Standard input cannot be read: \(String(cString: strerror(errno))).")
            }
            isAtEnd = count == 0
            buffer.append(contentsOf: bytes[..<count])
            return
        }
    }
}

extension LineReader.Line {
    /// Nil for an empty one. Files of other systems have a carriage return at the end of each line.
    fileprivate init?(_ bytes: ArraySlice<UInt8>, longest: Int) {
        let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
        isTooLong = bytes.count > longest
        let all = String(decoding: bytes.prefix(longest), as: UTF8.self).trimmingCharacters(in: .whitespaces)
        text = isTooLong ? String(all.prefix(40)) : all
        guard isTooLong || !text.isEmpty else { return nil }
    }
}
