/// A moment: whole milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Written outside as RFC 3339 in UTC, with `Z`. The range is that of four-digit years, 0000 to 9999.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since the beginning of 1970, UTC.
    public let milliseconds: Int64

    /// Makes a moment from milliseconds since the beginning of 1970, UTC.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Earlier comes first.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The moment `span` later; the last or the first of all where that is more than can be counted.
    public static func + (moment: Timestamp, span: TimeSpan) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds.clampedAdding(span.milliseconds))
    }

    /// The moment `span` earlier; the first or the last of all where that is more than can be counted.
    public static func - (moment: Timestamp, span: TimeSpan) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds.clampedSubtracting(span.milliseconds))
    }

    /// How long `right` is before `left`; negative when it is after. The longest of all where that is more than can be
    /// counted.
    public static func - (left: Timestamp, right: Timestamp) -> TimeSpan {
        TimeSpan(milliseconds: left.milliseconds.clampedSubtracting(right.milliseconds))
    }

    /// The end of 2099: no sandbox's clock goes beyond it, and nothing is paid for beyond it. Identifiers carry the
    /// time up to the year 2109.
    package static let lastForClocks = Timestamp(milliseconds: 4_102_444_799_999)

    /// Makes sure that it is one that RFC 3339 can write in UTC.
    ///
    /// - Parameter text: how it was given, when it was written.
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    package func requireWritable(as text: String? = nil) throws(MembershipError) {
        guard Timestamp.writable.contains(self) else {
            throw MembershipError(
                .invalidInput, "‘\(text ?? description)’ is not a time that can be written in UTC.",
                remedy: "Give a time in the years 0000 to 9999, UTC.")
        }
    }
}

// MARK: - RFC 3339

extension Timestamp {
    /// Reads an RFC 3339 date and time (section 5.6), which must name its zone: `2026-05-03T10:00:00Z`,
    /// `2026-05-03T12:00:00.250+02:00`.
    ///
    /// Digits beyond the millisecond are cut off. The leap second `:60` is refused, because it has no
    /// millisecond of its own here.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(rfc3339 text: String) throws(MembershipError) {
        guard let fields = TimeFields(rfc3339: text) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a time with a zone.",
                remedy: "Write it as RFC 3339: 2026-05-03T10:00:00Z, or 2026-05-03T12:00:00+02:00.")
        }
        guard let moment = fields.moment else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a time that exists.",
                remedy: "Check the day of the month, the clock and the zone; leap seconds are not counted.")
        }
        try moment.requireWritable(as: text)
        self = moment
    }

    /// The moments that RFC 3339 can write in UTC.
    package static let writable =
        Timestamp(milliseconds: -62_167_219_200_000)...Timestamp(milliseconds: 253_402_300_799_999)

    /// RFC 3339 in UTC: `2026-05-03T10:00:00Z`, with `.mmm` when the milliseconds are not zero.
    public var rfc3339: String {
        let (seconds, fraction) = milliseconds.flooredDivision(by: 1000)
        let (days, second) = seconds.flooredDivision(by: 86_400)
        let date = CivilDate(daysSince1970: Int(days))
        // A year outside of 0000 to 9999 has more digits, or a sign.
        guard (0...9999).contains(date.year) else { return "\(milliseconds) ms" }
        // An event has a dozen of these, and a job writes thousands of events: byte by byte, without strings between.
        return String(unsafeUninitializedCapacity: 24) { buffer in
            var writer = DigitWriter(buffer: buffer)
            writer.write(date.year, 4)
            writer.write("-")
            writer.write(date.month, 2)
            writer.write("-")
            writer.write(date.day, 2)
            writer.write("T")
            writer.write(Int(second) / 3600, 2)
            writer.write(":")
            writer.write(Int(second) / 60 % 60, 2)
            writer.write(":")
            writer.write(Int(second) % 60, 2)
            if fraction != 0 {
                writer.write(".")
                writer.write(Int(fraction), 3)
            }
            writer.write("Z")
            return writer.count
        }
    }
}

/// Writes the fields of an RFC 3339 time from the left, byte by byte.
private struct DigitWriter {
    let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(buffer: UnsafeMutableBufferPointer<UInt8>) {
        self.buffer = buffer
    }

    mutating func write(_ character: Unicode.Scalar) {
        buffer[count] = UInt8(ascii: character)
        count += 1
    }

    /// A number that is not negative, with zeros before it.
    mutating func write(_ number: Int, _ width: Int) {
        var rest = number
        for place in stride(from: width - 1, through: 0, by: -1) {
            buffer[count + place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        count += width
    }
}

extension Timestamp: CustomStringConvertible {
    /// The same as ``rfc3339``.
    public var description: String { rfc3339 }
}

extension Timestamp: Codable {
    /// Reads RFC 3339.
    public init(from decoder: any Decoder) throws {
        try self.init(rfc3339: decoder.singleValueContainer().decode(String.self))
    }

    /// Writes RFC 3339 in UTC.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}

/// What stands in an RFC 3339 time.
private struct TimeFields {
    let year, month, day, hour, minute, second: Int
    /// Milliseconds.
    let fraction: Int
    /// 1 east of Greenwich, -1 west of it.
    let zoneSign: Int
    let zoneHours, zoneMinutes: Int

    /// Nil when the form is not that of RFC 3339, whatever the numbers are.
    init?(rfc3339 text: String) {
        var digits = DigitReader(text)
        guard
            let year = digits.number(4), digits.take("-"),
            let month = digits.number(2), digits.take("-"),
            let day = digits.number(2), digits.take("T") || digits.take("t"),
            let hour = digits.number(2), digits.take(":"),
            let minute = digits.number(2), digits.take(":"),
            let second = digits.number(2),
            let fraction = digits.fraction(),
            let zone = digits.zone(), digits.isAtEnd
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second, self.fraction) = (hour, minute, second, fraction)
        (zoneSign, zoneHours, zoneMinutes) = zone
    }

    /// Nil when there is no such moment.
    var moment: Timestamp? {
        guard
            (1...12).contains(month), (1...CivilDate.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60, zoneHours < 24, zoneMinutes < 60
        else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        let offsetMinutes = zoneSign * (zoneHours * 60 + zoneMinutes)
        let seconds = ((days * 24 + hour) * 60 + minute - offsetMinutes) * 60 + second
        return Timestamp(milliseconds: Int64(seconds) * 1000 + Int64(fraction))
    }
}

/// Reads the fields of an RFC 3339 time from the left, byte by byte.
private struct DigitReader {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ width: Int) -> Int? {
        let field = rest.prefix(width)
        guard field.count == width, field.allSatisfy(\.isASCIIDigit) else { return nil }
        rest.removeFirst(width)
        return field.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// The optional fraction in milliseconds: 0 when there is none, nil when the dot has no digit behind it.
    mutating func fraction() -> Int? {
        guard take(".") else { return 0 }
        let field = rest.prefix(while: \.isASCIIDigit)
        guard !field.isEmpty else { return nil }
        rest.removeFirst(field.count)
        let digits = field.prefix(3).map { Int($0 - UInt8(ascii: "0")) }
        return (digits + [0, 0]).prefix(3).reduce(0) { $0 * 10 + $1 }
    }

    /// The offset from UTC.
    mutating func zone() -> (sign: Int, hours: Int, minutes: Int)? {
        if take("Z") || take("z") { return (1, 0, 0) }
        let sign: Int
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(2), take(":"), let minutes = number(2) else { return nil }
        return (sign, hours, minutes)
    }
}
