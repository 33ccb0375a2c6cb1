import Foundation
import Membership
import Testing

struct CalendarMonthTests {
    private static let zones = TimeZone.knownTimeZoneIdentifiers
    private static let millisecond = TimeSpan(milliseconds: 1)

    @Test(arguments: [
        ("2026-11", 2026, 11), ("0001-01", 1, 1), ("9999-12", 9999, 12),
    ])
    func aMonthIsReadAndWritten(text: String, year: Int, month: Int) throws {
        let read = try CalendarMonth(parsing: text)
        #expect(read == CalendarMonth(year: year, month: month))
        #expect(read.description == text)
    }

    @Test(arguments: [
        "", "2026", "2026-13", "2026-00", "2026-1", "26-01", "0000-01", "2026-01-01", "2026-+1", "+026-01", "２026-01",
    ])
    func whatIsNoMonthIsRefused(text: String) {
        let error = #expect(throws: MembershipError.self) { try CalendarMonth(parsing: text) }
        #expect(error?.code == .invalidInput)
    }

    @Test func januaryFollowsDecember() {
        #expect(CalendarMonth(year: 2026, month: 12).next == CalendarMonth(year: 2027, month: 1))
        #expect(CalendarMonth(year: 2026, month: 12) < CalendarMonth(year: 2027, month: 1))
    }

    /// Every month of every zone in forty years: the months follow each other without a gap, and whatever moment
    /// lies in one is of it.
    @Test func everyMomentLiesInTheOneIntervalOfItsMonthInEveryZone() throws {
        for name in CalendarMonthTests.zones {
            let zone = try Zone(parsing: name)
            var month = CalendarMonth(year: 1994, month: 12)
            var interval = month.interval(in: zone)
            while month.year < 2035 {
                let end = try #require(interval.endsAt)
                let following = month.next.interval(in: zone)
                guard interval.startsAt < end, following.startsAt == end,
                    CalendarMonth(containing: interval.startsAt, in: zone) == month,
                    CalendarMonth(containing: end + TimeSpan(milliseconds: -1), in: zone) == month,
                    CalendarMonth(containing: end, in: zone) == month.next,
                    // What a zone remembers is the month just asked for and the one before.
                    zone.month(containing: end + TimeSpan(milliseconds: -1)) == interval,
                    zone.month(containing: end) == following, zone.month(containing: interval.startsAt) == interval,
                    // Around the first midnight clocks may be moved over it.
                    (-4...4).allSatisfy({ quarter in
                        let moment = end + .minutes(quarter * 15 + 1)
                        return CalendarMonth(containing: moment, in: zone) == (quarter < 0 ? month : month.next)
                    })
                else {
                    Issue.record("\(month) in \(name): \(interval)")
                    break
                }
                (month, interval) = (month.next, following)
            }
        }
    }

    @Test func monthsAreThoseOfFoundationsCalendarInEveryZone() throws {
        for name in CalendarMonthTests.zones {
            let zone = try Zone(parsing: name)
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = try #require(TimeZone(identifier: name))
            // Decades would take Foundation too long.
            let months = (2024...2027).flatMap { year in (1...12).map { CalendarMonth(year: year, month: $0) } }
            for month in months {
                let interval = month.interval(in: zone)
                let first = try #require(calendar.date(from: DateComponents(year: month.year, month: month.month)))
                guard interval.startsAt.milliseconds == Int64(first.timeIntervalSince1970 * 1000) else {
                    Issue.record("\(month) in \(name) begins at \(interval.startsAt), by Foundation at \(first)")
                    break
                }
                let middle = interval.startsAt + .days(14)
                let shown = calendar.dateComponents(
                    [.year, .month], from: Date(timeIntervalSince1970: Double(middle.milliseconds) / 1000))
                #expect(shown.year == month.year && shown.month == month.month)
            }
        }
    }

    /// In St. John's clocks were put back from 00:01 to 23:01 on 1 November 2009: October was shown again.
    @Test func aMonthThatHasBegunIsNotOverAgain() throws {
        let zone = try Zone(parsing: "America/St_Johns")
        let begun = try Timestamp(rfc3339: "2009-11-01T02:30:00Z")
        #expect(CalendarMonth(year: 2009, month: 11).interval(in: zone).startsAt == begun)
        for minutes in [0, 1, 30, 60, 61] {
            let moment = begun + .minutes(minutes)
            #expect(CalendarMonth(containing: moment, in: zone) == CalendarMonth(year: 2009, month: 11))
        }
        let before = begun + TimeSpan(milliseconds: -1)
        #expect(CalendarMonth(containing: before, in: zone) == CalendarMonth(year: 2009, month: 10))
    }
}
