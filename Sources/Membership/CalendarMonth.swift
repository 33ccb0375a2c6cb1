/// A month of the calendar.
public struct CalendarMonth: Hashable, Comparable, Sendable {
    /// 0 to 9999.
    public let year: Int
    /// 1 to 12.
    public let month: Int

    package init(year: Int, month: Int) {
        self.year = year
        self.month = month
    }

    /// The month that a zone's calendar shows at a moment. Where clocks are put back over midnight, the old month is
    /// shown once more, and the new one has begun all the same.
    public init(containing moment: Timestamp, in zone: Zone) {
        let date = zone.local(moment).date
        let shown = CalendarMonth(year: date.year, month: date.month)
        self = date.day >= 28 && shown.interval(in: zone).hasEnded(by: moment) ? shown.next : shown
    }

    /// Reads `2026-11`.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isDigits = text.utf8.allSatisfy { $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
        guard isDigits, parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
            let year = UInt16(parts[0]), let month = UInt8(parts[1]), (1...12).contains(month), year > 0
        else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a month.", remedy: "Write the year and the month: 2026-11.")
        }
        self.init(year: Int(year), month: Int(month))
    }

    /// Earlier comes first.
    public static func < (left: CalendarMonth, right: CalendarMonth) -> Bool {
        (left.year, left.month) < (right.year, right.month)
    }

    /// The month after.
    public var next: CalendarMonth {
        month == 12 ? CalendarMonth(year: year + 1, month: 1) : CalendarMonth(year: year, month: month + 1)
    }

    /// From its first moment up to the first of the next, by a zone's clock.
    public func interval(in zone: Zone) -> Interval {
        Interval(from: start(in: zone), until: end(in: zone))
    }

    /// Its days, in order, by a zone's clock.
    package func days(in zone: Zone) -> [Interval] {
        let count = CivilDate.days(inMonth: month, of: year)
        let starts = (1...count).map { zone.moment(CivilDate(year: year, month: month, day: $0), millisecondOfDay: 0) }
        return zip(starts, starts.dropFirst() + [end(in: zone)]).map { Interval(from: $0, until: $1) }
    }

    /// The first moment of the next month by a zone's clock; the last that can be written when that cannot.
    package func end(in zone: Zone) -> Timestamp {
        min(next.start(in: zone), Timestamp.writable.upperBound)
    }

    private func start(in zone: Zone) -> Timestamp {
        zone.moment(CivilDate(year: year, month: month, day: 1), millisecondOfDay: 0)
    }
}

extension CalendarMonth: CustomStringConvertible {
    /// `2026-11`
    public var description: String {
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + (month < 10 ? "-0" : "-") + "\(month)"
    }
}
