/// A length of time: whole milliseconds, negative for the past. A day is always twenty-four hours.
public struct TimeSpan: Hashable, Comparable, Sendable {
    /// The length in milliseconds.
    public let milliseconds: Int64

    /// Makes a length of time from milliseconds.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// `count` times twenty-four hours.
    public static func days(_ count: Int) -> TimeSpan { times(count, 86_400_000) }
    /// `count` hours.
    public static func hours(_ count: Int) -> TimeSpan { times(count, 3_600_000) }
    /// `count` minutes.
    public static func minutes(_ count: Int) -> TimeSpan { times(count, 60_000) }

    /// The longest of all where it is more than can be counted.
    private static func times(_ count: Int, _ unit: Int64) -> TimeSpan {
        let (product, overflow) = Int64(count).multipliedReportingOverflow(by: unit)
        return TimeSpan(milliseconds: overflow ? (count < 0 ? .min : .max) : product)
    }

    /// Shorter comes first.
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds < right.milliseconds }

    /// The longest that ``init(parsing:)`` takes: a hundred years of 365 days.
    public static let longest = TimeSpan.days(36_500)

    /// Reads a positive whole number and a unit: `14d`, `36h`, `90m`, `30s`, or several, largest first: `1d12h`.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        let parsed = TimeSpan.parse(text)
        guard parsed != 0 else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is no time at all.", remedy: "Give at least a second, 1s.")
        }
        guard let milliseconds = parsed, milliseconds <= TimeSpan.longest.milliseconds
        else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a length of time.",
                remedy: "Write whole days, hours, minutes or seconds: 14d, 36h, 90m, 1d12h; at most 36500d.")
        }
        self.milliseconds = milliseconds
    }

    private static let units: [(letter: Character, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
    ]

    private static func parse(_ text: String) -> Int64? {
        var total: Int64 = 0
        var rest = text[...]
        for unit in units {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard rest.dropFirst(digits.count).first == unit.letter else { continue }
            guard let count = Int64(digits), count <= longest.milliseconds / unit.milliseconds else { return nil }
            total += count * unit.milliseconds
            rest = rest.dropFirst(digits.count + 1)
        }
        return rest.isEmpty && !text.isEmpty ? total : nil
    }
}

extension Int64 {
    /// The sum, or the nearest number there is.
    func clampedAdding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the nearest number there is.
    func clampedSubtracting(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}

extension TimeSpan: CustomStringConvertible {
    /// As ``init(parsing:)`` reads it: `1d12h`; milliseconds are left out.
    public var description: String {
        var rest = milliseconds.magnitude
        let parts = TimeSpan.units.compactMap { unit -> String? in
            let (count, left) = rest.quotientAndRemainder(dividingBy: unit.milliseconds.magnitude)
            rest = left
            return count == 0 ? nil : "\(count)\(unit.letter)"
        }
        return (milliseconds < 0 ? "-" : "") + (parts.isEmpty ? "0s" : parts.joined())
    }
}
