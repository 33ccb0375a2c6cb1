/// Text as ASCII in lines of at most 76 bytes (RFC 2045, 6.7).
enum QuotedPrintable {
    /// The text with CR LF at the end of each line but the last. LF, CR LF and lone CR are all line breaks.
    static func encode(_ text: String) -> String {
        var lines = LineBreak.feeds(in: text.utf8).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What follows the last line break is a line only when there is something.
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map(encodeLine).joined(separator: "\r\n")
    }

    /// A byte as `=` and two digits.
    static func escaped(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "=0" + digits : "=" + digits
    }

    private static let longestLine = 76

    /// One line of text as one or more, all but the last ending with `=`.
    private static func encodeLine(_ bytes: ArraySlice<UInt8>) -> String {
        var done = ""
        var length = 0
        for (index, byte) in zip(bytes.indices, bytes) {
            let isLast = index == bytes.endIndex - 1
            let piece =
                mayStand(byte, isFirst: length == 0, isLast: isLast) ? String(Unicode.Scalar(byte)) : escaped(byte)
            // Room is kept for the = that says that the line goes on.
            if length + piece.utf8.count > longestLine - (isLast ? 0 : 1) {
                done += "=\r\n"
                length = 0
                // What begins a line is encoded by another rule than what stands within it.
                let again = mayStand(byte, isFirst: true, isLast: isLast) ? String(Unicode.Scalar(byte)) : escaped(byte)
                done += again
                length = again.utf8.count
            } else {
                done += piece
                length += piece.utf8.count
            }
        }
        return done
    }

    private static func mayStand(_ byte: UInt8, isFirst: Bool, isLast: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "="): false
        // White space at the end of a line is lost on some ways.
        case UInt8(ascii: " "), UInt8(ascii: "\t"): !isLast
        // On others a lone dot ends the mail, and a From begins another.
        case UInt8(ascii: "."), UInt8(ascii: "F"): !isFirst
        default: (0x21...0x7E).contains(byte)
        }
    }
}
