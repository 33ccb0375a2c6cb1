import Foundation
import Membership

/// Reads the ways in which feeds write a time, generously: an odd date is no reason to lose an article.
///
/// - RFC 3339, as in Atom and JSON Feed.
/// - W3CDTF (https://www.w3.org/TR/NOTE-datetime), as in Dublin Core: also without seconds, or a day alone, which
///   begins at midnight.
/// - RFC 822 section 5, as in RSS: the weekday and the seconds may be missing, the year may have two digits, which
///   are read as RFC 2822 section 4.3 does: below 50 is after 2000.
///
/// All may have a named zone, or none, which is UTC, and a comment in parentheses at the end. The leap second `:60`,
/// which has no millisecond of its own, is the one before.
enum FeedDate {
    static func parse(_ text: String) -> Timestamp? {
        let text = withoutComment(text).trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.utf8.count <= 64, let moment = parseW3C(text) ?? parseRFC822(text) else { return nil }
        return Timestamp.writable.contains(moment) ? moment : nil
    }

    /// RFC 822 section 3.4.3.
    private static func withoutComment(_ text: String) -> Substring {
        let end = text.lastIndex { !$0.isWhitespace }
        guard let end, text[end] == ")", let start = text.firstIndex(of: "(") else { return text[...] }
        return text[..<start]
    }

    /// Fills in what W3CDTF leaves out, and leaves the judgement to RFC 3339.
    private static func parseW3C(_ text: String) -> Timestamp? {
        let date = text.prefix(10)
        var rest = text.dropFirst(10)
        if rest.isEmpty { return try? Timestamp(rfc3339: date + "T00:00:00Z") }

        let separator = rest.removeFirst()
        guard separator == "T" || separator == "t" || separator == " " else { return nil }
        var clock = rest.prefix { $0.isASCII && $0.isNumber || $0 == ":" || $0 == "." }
        let zone = rest[clock.endIndex...].drop { $0 == " " }
        if clock.count == 5 { clock += ":00" }
        if clock.dropFirst(5).hasPrefix(":60") { clock = clock.prefix(5) + ":59" + clock.dropFirst(8) }
        guard
            let local = try? Timestamp(rfc3339: date + "T" + clock + "Z"),
            let offset = zone.isEmpty ? 0 : offsetSeconds(zone)
        else { return nil }
        return Timestamp(milliseconds: local.milliseconds - Int64(offset) * 1000)
    }

    private static func parseRFC822(_ text: String) -> Timestamp? {
        var words = Array(text.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "," })
        if let first = words.first, weekdays.contains(where: { isName(first, of: $0) }) { words.removeFirst() }
        guard
            words.count == 4 || words.count == 5,
            let day = number(words[0], digits: 1...2),
            let month = months.firstIndex(where: { isName(words[1], of: $0) }),
            let year = year(words[2]),
            let second = secondOfDay(words[3]),
            let offset = words.count == 4 ? 0 : offsetSeconds(words[4]),
            (1...CivilDate.days(inMonth: month + 1, of: year)).contains(day)
        else { return nil }
        let days = CivilDate(year: year, month: month + 1, day: day).daysSince1970
        return Timestamp(milliseconds: Int64(days * 86_400 + second - offset) * 1000)
    }

    private static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    private static let months = [
        "january", "february", "march", "april", "may", "june",
        "july", "august", "september", "october", "november", "december",
    ]

    /// The name itself or its first three letters or more, as in `Sept`.
    private static func isName(_ word: Substring, of name: String) -> Bool {
        word.utf8.count >= 3 && name.hasPrefix(word.lowercased())
    }

    private static func year(_ word: Substring) -> Int? {
        if let year = number(word, digits: 4...4) { return year }
        guard let short = number(word, digits: 2...2) else { return nil }
        return short < 50 ? 2000 + short : 1900 + short
    }

    private static func secondOfDay(_ word: Substring) -> Int? {
        let fields = word.split(separator: ":", omittingEmptySubsequences: false)
        guard
            fields.count == 2 || fields.count == 3,
            let hour = number(fields[0], digits: 1...2), hour < 24,
            let minute = number(fields[1], digits: 2...2), minute < 60,
            let second = fields.count == 3 ? number(fields[2], digits: 2...2) : 0, second <= 60
        else { return nil }
        return (hour * 60 + minute) * 60 + min(second, 59)
    }

    /// The zones of RFC 822 section 5.1, and others in use whose names have one meaning, or one that is much more
    /// common than the others.
    private static let zoneHours = [
        "UT": 0, "GMT": 0, "UTC": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2,
        "EET": 2, "EEST": 3, "MSK": 3, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12,
        "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
        "AKST": -9, "AKDT": -8, "HST": -10,
    ]

    private static func offsetSeconds(_ zone: Substring) -> Int? {
        if let hours = zoneHours[zone.uppercased()] { return hours * 3600 }
        guard let sign = zone.first, sign == "+" || sign == "-" else { return nil }
        var digits = zone.dropFirst()
        if digits.utf8.count == 5, digits.dropFirst(2).first == ":" { digits = digits.prefix(2) + digits.suffix(2) }
        guard let clock = number(digits, digits: 4...4), clock / 100 < 24, clock % 100 < 60 else { return nil }
        let seconds = (clock / 100 * 60 + clock % 100) * 60
        return sign == "-" ? -seconds : seconds
    }

    /// `Int` would also take a sign.
    private static func number(_ word: Substring, digits: ClosedRange<Int>) -> Int? {
        guard digits.contains(word.utf8.count), word.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(word)
    }
}
