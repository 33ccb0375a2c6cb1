import Membership
import TestSupport
import Testing

struct BillingScheduleTests {
    private func moment(_ text: String) throws -> Timestamp { try Timestamp(rfc3339: text) }

    private func schedule(_ anchor: String, _ interval: String, _ zone: String = "UTC") throws -> BillingSchedule {
        BillingSchedule(
            anchor: try moment(anchor), interval: try BillingInterval(parsing: interval), zone: try Zone(parsing: zone))
    }

    private func boundaries(_ schedule: BillingSchedule, _ indices: Range<Int>) -> [String] {
        indices.map { schedule.boundary($0).rfc3339 }
    }

    // MARK: - By hand

    @Test func aShortMonthEndsThePeriodOnItsLastDayAndTheNextOneIsOnTheAnchorsDayAgain() throws {
        #expect(
            try boundaries(schedule("2026-01-31T10:00:00Z", "month"), 0..<6) == [
                "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z", "2026-04-30T10:00:00Z",
                "2026-05-31T10:00:00Z", "2026-06-30T10:00:00Z",
            ])
        #expect(try schedule("2028-01-30T00:00:00Z", "month").boundary(1).rfc3339 == "2028-02-29T00:00:00Z")
        #expect(try schedule("2026-08-31T00:00:00Z", "3 months").boundary(2).rfc3339 == "2027-02-28T00:00:00Z")
    }

    @Test func aLeapDayComesBackInEachLeapYear() throws {
        #expect(
            try boundaries(schedule("2028-02-29T12:00:00Z", "year"), 0..<5) == [
                "2028-02-29T12:00:00Z", "2029-02-28T12:00:00Z", "2030-02-28T12:00:00Z", "2031-02-28T12:00:00Z",
                "2032-02-29T12:00:00Z",
            ])
        // No leap year: 2100.
        #expect(try schedule("2096-02-29T00:00:00Z", "2 years").boundary(2).rfc3339 == "2100-02-28T00:00:00Z")
    }

    @Test func aTimeThatIsSkippedIsAsFarBehindTheGapAsItStoodInItAndOnlyThatOnce() throws {
        #expect(
            try boundaries(schedule("2026-01-29T01:30:00Z", "month", "Europe/Berlin"), 0..<5) == [
                "2026-01-29T01:30:00Z", "2026-02-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-04-29T00:30:00Z",
                "2026-05-29T00:30:00Z",
            ])
        // Half an hour is skipped on Lord Howe Island: 02:15 becomes 02:45.
        #expect(
            try schedule("2026-09-03T15:45:00Z", "month", "Australia/Lord_Howe").boundary(1).rfc3339
                == "2026-10-03T15:45:00Z")
        // In Cairo midnight itself is skipped: 00:30 becomes 01:30.
        #expect(
            try schedule("2026-03-23T22:30:00Z", "month", "Africa/Cairo").boundary(1).rfc3339 == "2026-04-23T22:30:00Z")
        // Samoa skipped a whole day: 30 December became the 31st.
        #expect(
            try schedule("2011-11-30T20:00:00Z", "month", "Pacific/Apia").boundary(1).rfc3339 == "2011-12-30T20:00:00Z")
    }

    @Test func ofATimeThatIsShownTwiceItIsTheFirst() throws {
        #expect(
            try schedule("2026-09-25T00:30:00Z", "month", "Europe/Berlin").boundary(1).rfc3339 == "2026-10-25T00:30:00Z"
        )
        #expect(
            try schedule("2026-10-01T05:30:00Z", "month", "America/New_York").boundary(1).rfc3339
                == "2026-11-01T05:30:00Z")
    }

    @Test func theAnchorIsABoundaryThoughItsTimeIsShownTwice() throws {
        let second = try schedule("2026-10-25T01:30:00Z", "month", "Europe/Berlin")
        #expect(boundaries(second, 0..<2) == ["2026-10-25T01:30:00Z", "2026-11-25T01:30:00Z"])
    }

    // MARK: - Beside Foundation's calendar

    private static let zones = [
        "UTC", "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Europe/Dublin", "America/New_York",
        "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo", "America/Santiago", "America/Havana",
        "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Tokyo", "Asia/Beirut", "Asia/Gaza", "Africa/Cairo",
        "Africa/Casablanca", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia", "Pacific/Auckland",
        "Pacific/Chatham", "Pacific/Kiritimati", "Antarctica/Troll",
    ]

    private static let intervals: [BillingInterval] = [
        .month, BillingInterval(stored: 1, .day), BillingInterval(stored: 30, .day), BillingInterval(stored: 7, .day),
        BillingInterval(stored: 3, .month), BillingInterval(stored: 6, .month), BillingInterval(stored: 1, .year),
        BillingInterval(stored: 2, .year),
    ]

    /// Moments from 1995 to 2060, most of them beside a change of the clocks or at the end of a month.
    private func anchors(_ zone: String, _ count: Int, _ numbers: inout SeededNumbers) -> [Int64] {
        let calendar = ZoneCalendar(zone)
        return (0..<count).map { number in
            let month = number % 3 == 0 ? numbers.pick([3, 4, 9, 10, 11]) : numbers.below(12) + 1
            let first = ZoneCalendar.Wall(
                year: 1995 + numbers.below(66), month: month, day: 1, wantedDay: numbers.below(31) + 1,
                milliseconds: Int64(numbers.below(number % 2 == 0 ? 4 * 3_600_000 : 86_400_000)))
            return calendar.moment(calendar.step(first, .month, 0))
        }
    }

    @Test(arguments: zones) func everyBoundaryIsOnTheAnchorsDayAndAtItsTime(zone: String) throws {
        let calendar = ZoneCalendar(zone)
        var numbers = SeededNumbers(seed: 4)
        for anchor in anchors(zone, 60, &numbers) {
            let wall = calendar.wall(anchor)
            for interval in BillingScheduleTests.intervals {
                let schedule = BillingSchedule(
                    anchor: Timestamp(milliseconds: anchor), interval: interval, zone: try Zone(parsing: zone))
                var last = anchor
                #expect(schedule.boundary(0).milliseconds == anchor)
                for index in 1...14 {
                    let expected = calendar.moment(calendar.step(wall, interval.unit, interval.count * index))
                    let found = schedule.boundary(index).milliseconds
                    #expect(found == expected, "\(schedule) \(index)")
                    #expect(found > last, "\(schedule) \(index)")
                    last = found
                }
            }
        }
    }

    @Test(arguments: zones) func aZoneShowsWhatFoundationsCalendarShows(zone: String) throws {
        let calendar = ZoneCalendar(zone)
        var numbers = SeededNumbers(seed: 4)
        for anchor in anchors(zone, 300, &numbers) {
            let (date, time) = try Zone(parsing: zone).local(Timestamp(milliseconds: anchor))
            let wall = calendar.wall(anchor)
            #expect((date.year, date.month, date.day, time) == (wall.year, wall.month, wall.day, wall.milliseconds))
        }
    }

    @Test(arguments: zones) func anotherIntervalGoesOnFromABoundaryOnTheSameDayAndAtTheSameTime(zone: String) throws {
        let calendar = ZoneCalendar(zone)
        var numbers = SeededNumbers(seed: 4)
        let zoned = try Zone(parsing: zone)
        for anchor in anchors(zone, 60, &numbers) {
            let first = numbers.pick(BillingScheduleTests.intervals)
            let second = numbers.pick(BillingScheduleTests.intervals)
            let index = numbers.below(12) + 1
            let before = BillingSchedule(anchor: Timestamp(milliseconds: anchor), interval: first, zone: zoned)
            let after = before.continued(from: index, by: second)
            #expect(after.boundary(index) == before.boundary(index))
            guard first != second else { continue }
            var wall = calendar.step(calendar.wall(anchor), first.unit, first.count * index)
            if first.unit == .day { wall.wantedDay = wall.day }
            for further in 1...13 {
                let expected = calendar.moment(calendar.step(wall, second.unit, second.count * further))
                #expect(
                    after.boundary(index + further).milliseconds == expected, "\(before) \(index) \(second) \(further)")
            }
        }
    }
}
