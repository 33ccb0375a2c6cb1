import TestSupport

/// Makes of a valid sample what somebody could send by mistake or on purpose.
struct Mutation {
    /// Samples to take pieces from.
    let samples: [[UInt8]]

    /// In bytes. Longer inputs say nothing that shorter ones do not.
    var longest = 200_000

    /// A sample with up to eight changes; sometimes none, so that what is valid is tried too.
    func make(_ dice: inout SeededNumbers) -> [UInt8] {
        var bytes = dice.pick(samples)
        for _ in 0..<dice.below(9) { change(&bytes, &dice) }
        return Array(bytes.prefix(longest))
    }

    private func change(_ bytes: inout [UInt8], _ dice: inout SeededNumbers) {
        switch dice.below(11) {
        case 0: flip(&bytes, &dice)
        case 1: bytes.removeSubrange(range(in: bytes, &dice))
        case 2: bytes.insert(contentsOf: bytes[range(in: bytes, &dice)], at: dice.below(bytes.count + 1))
        case 3: bytes.removeLast(dice.below(bytes.count + 1))
        case 4:
            let other = dice.pick(samples)
            bytes.insert(contentsOf: other[range(in: other, &dice)], at: dice.below(bytes.count + 1))
        case 5: repeatPiece(of: &bytes, &dice)
        case 6: replaceNumber(in: &bytes, &dice)
        case 7:
            let scalar = Unicode.Scalar(UInt32(dice.below(0x11_0000))) ?? "\u{FFFD}"
            bytes.insert(contentsOf: Array(String(scalar).utf8), at: dice.below(bytes.count + 1))
        default:
            bytes.insert(contentsOf: Array(dice.pick(Mutation.pieces).utf8), at: dice.below(bytes.count + 1))
        }
    }

    private func flip(_ bytes: inout [UInt8], _ dice: inout SeededNumbers) {
        guard !bytes.isEmpty else { return }
        bytes[dice.below(bytes.count)] ^= 1 << UInt8(dice.below(8))
    }

    private func range(in bytes: [UInt8], _ dice: inout SeededNumbers) -> Range<Int> {
        guard !bytes.isEmpty else { return 0..<0 }
        let start = dice.below(bytes.count)
        return start..<min(bytes.count, start + dice.below(dice.chance(20) ? 2000 : 20) + 1)
    }

    /// What nests, nests deep.
    private func repeatPiece(of bytes: inout [UInt8], _ dice: inout SeededNumbers) {
        let range = range(in: bytes, &dice)
        let count = dice.pick([2, 10, 300, 5000])
        guard range.count * count < longest else { return }
        let piece = bytes[range]
        bytes.insert(contentsOf: (0..<count).flatMap { _ in piece }, at: range.lowerBound)
    }

    private func replaceNumber(in bytes: inout [UInt8], _ dice: inout SeededNumbers) {
        let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
        guard !digits.isEmpty else { return }
        let start = dice.pick(digits)
        let end = bytes[start...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: Array(dice.pick(Mutation.numbers).utf8))
    }

    private static let numbers = [
        "", "0", "00", "1", "-1", "31", "99", "366", "9999", "65536", "2147483648", "9223372036854775807",
        "9223372036854775808", "18446744073709551616", "1e9", "0x10", "٣", "1_000", "999999999999999999999999999999",
    ]

    /// What has made programs stumble: ends of lines, marks of order, characters that combine, syntax of every kind.
    private static let pieces =
        numbers + [
            "\0", "\n", "\r\n", "\t", " ", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{202E}", "\u{200D}", "\u{301}",
            "\u{1F1E6}",
            "\u{1F468}\u{200D}\u{1F469}", "İ", "ß", "ﬁ", "K", "ſ", "%00", "%", "\\", "\\u0000", "\\ud800", "'", "\"",
            "‘", "’", "`", "$1", "?", ";", "--", "/*", "..", "../", "/", ":", "#", "@", "+", "=", "&", "&amp;", "&#0;",
            "&#x10FFFF;", "&nope;", "<", ">", "</", "/>", "<a>", "</a>", "<p>", "<![CDATA[", "]]>", "<!--", "-->", "<?",
            "<!DOCTYPE a [<!ENTITY b \"c\">]>", "<script>", "onclick=x", "javascript:", "data:text/html,", "{", "}",
            "[",
            "]", ",", "null", "true", "~", "- ", ": ", "? ", "|\n", ">\n", "!!", "!!binary ", "*a", "&a ", "<<: ",
            "---\n",
            "...\n", "Z", "+24:00", "-00:00", "T24:00:00", ":60", "xn--", "xn--a", ".", "example.com", "default",
            "title:",
            "Infinity", "NaN", "-", "--json", "--help", "-h",
        ]
}
