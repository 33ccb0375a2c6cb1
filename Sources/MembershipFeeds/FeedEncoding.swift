import Foundation

/// The encodings in which XML is read: those of Unicode, and those in which the signs of XML are what they are in
/// ASCII, and no part of anything else.
enum FeedEncoding {
    /// What the declaration at the beginning names; nil where it names none.
    static func declared(in head: [UInt8], _ width: FeedUnitWidth) -> String? {
        let text = String(decoding: head.filter { $0 != 0 }, as: Unicode.UTF8.self)
        guard let start = text.range(of: "<?xml"),
            let end = text.range(of: "?>", range: start.upperBound..<text.endIndex),
            let name = text.range(of: "encoding", range: start.upperBound..<end.lowerBound)
        else { return nil }
        let value = text[name.upperBound..<end.lowerBound].drop { " \t\r\n=".contains($0) }
        guard let quote = value.first, quote == "\"" || quote == "'" else { return nil }
        return String(value.dropFirst().prefix { $0 != quote }.prefix(80))
    }

    static func isRead(_ name: String) -> Bool {
        let plain = name.lowercased().filter { $0 != "_" && $0 != "-" }
        return exact.contains(plain) || beginnings.contains { plain.hasPrefix($0) }
    }

    private static let exact: Set<String> = [
        "utf8", "utf16", "utf16le", "utf16be", "ucs2", "iso10646ucs2", "utf32", "utf32le", "utf32be", "ucs4",
        "iso10646ucs4", "usascii", "ascii", "macintosh", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "shiftjis",
        "sjis", "mskanji", "tis620", "cp932", "cp936", "cp949", "cp950",
    ]
    private static let beginnings = ["iso8859", "latin", "windows", "cp125", "koi8", "euc"]
}
