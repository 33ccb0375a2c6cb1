import Foundation
import Membership
import Testing

struct TimestampTests {
    @Test func everyMillisecondRoundTrips() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let moment = Timestamp(milliseconds: .random(in: -62_167_219_200_000...253_402_300_799_999, using: &random))
            #expect(try Timestamp(rfc3339: moment.rfc3339) == moment)
        }
    }

    @Test func textAgreesWithFoundation() {
        for _ in 0..<500 {
            let seconds = Int64.random(in: -10_000_000_000...100_000_000_000)
            let date = Date(timeIntervalSince1970: Double(seconds))
            #expect(Timestamp(milliseconds: seconds * 1000).rfc3339 == date.formatted(.iso8601))
        }
    }

    @Test(arguments: [
        ("2026-05-03T10:00:00Z", 1_777_802_400_000), ("2026-05-03T12:00:00+02:00", 1_777_802_400_000),
        ("2026-05-03t10:00:00z", 1_777_802_400_000), ("2026-05-03T10:00:00.25Z", 1_777_802_400_250),
        ("2026-05-03T10:00:00.2509Z", 1_777_802_400_250), ("2026-05-03T09:30:00-00:30", 1_777_802_400_000),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ("9999-12-31T23:59:59.9999+14:00", 253_402_250_399_999), ("1969-12-31T23:59:59.999Z", -1),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
    ])
    func offsetsAndFractionsAreRead(text: String, milliseconds: Int64) throws {
        #expect(try Timestamp(rfc3339: text).milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-05-03", "2026-05-03T10:00:00", "2026-05-03T10:00Z", "2026-05-03 10:00:00Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-05-03T24:00:00Z",
        "2026-05-03T10:60:00Z", "2026-05-03T10:00:60Z", "2026-05-03T10:00:00.Z", "2026-05-03T10:00:00Zx",
        "2026-05-03T10:00:00+24:00", "2026-05-03T10:00:00+0200", "٢٠٢٦-05-03T10:00:00Z", "+026-05-03T10:00:00Z",
    ])
    func whatIsNoTimeWithAZoneIsRefused(text: String) {
        #expect(throws: MembershipError.self) { try Timestamp(rfc3339: text) }
    }

    @Test(arguments: [
        ("2026-05-03T10:00:00", "is not a time with a zone"), ("2026-05-03", "is not a time with a zone"),
        ("2026-02-30T10:00:00Z", "is not a time that exists"), ("2026-05-03T10:00:60Z", "is not a time that exists"),
        ("2026-05-03T24:00:00Z", "is not a time that exists"),
        ("2026-05-03T10:00:00+24:00", "is not a time that exists"),
        ("0000-01-01T00:00:00+00:01", "in the years 0000 to 9999"),
        ("0000-01-01T00:00:00+14:00", "in the years 0000 to 9999"),
        ("9999-12-31T23:59:59.999-00:01", "in the years 0000 to 9999"),
        ("9999-12-31T23:59:59.999-23:59", "in the years 0000 to 9999"),
    ])
    func theRefusalSaysWhatIsWrong(text: String, what: String) throws {
        let error = try #require(throws: MembershipError.self) { try Timestamp(rfc3339: text) }
        #expect(error.code == .invalidInput && error.message.contains("‘\(text)’"))
        #expect("\(error.message) \(error.remedy ?? "")".contains(what))
    }
}

struct CivilDateTests {
    @Test func daysAgreeWithFoundationsCalendar() throws {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = .gmt
        for _ in 0..<500 {
            let days = Int.random(in: -100_000...1_000_000)
            let date = CivilDate(daysSince1970: days)
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(days) * 86_400))
            #expect([date.year, date.month, date.day] == [parts.year, parts.month, parts.day])
            #expect(date.daysSince1970 == days)
        }
    }

    @Test func februaryHasTwentyNineDaysEveryFourthYearButNotEveryCentury() {
        #expect([2024, 2000, 2026, 1900].map { CivilDate.days(inMonth: 2, of: $0) } == [29, 29, 28, 28])
    }
}

struct TimeSpanTests {
    @Test(arguments: [
        ("14d", 1_209_600_000), ("36h", 129_600_000), ("90m", 5_400_000), ("30s", 30_000), ("1d12h", 129_600_000),
        ("36500d", 3_153_600_000_000),
    ])
    func unitsAreRead(text: String, milliseconds: Int64) throws {
        #expect(try TimeSpan(parsing: text).milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "14", "d", "-1d", "0d", "1.5d", "14D", "12h1d", "1d 2h", "36501d", "99999999999999999999d", "1w",
    ])
    func whatIsNoLengthOfTimeIsRefused(text: String) {
        #expect(throws: MembershipError.self) { try TimeSpan(parsing: text) }
    }

    @Test(arguments: ["0d", "0s", "0d0h"]) func noTimeAtAllIsSaidToBeTooShort(text: String) {
        let error = #expect(throws: MembershipError.self) { try TimeSpan(parsing: text) }
        #expect(error?.message.contains("no time at all") == true && error?.remedy?.contains("1s") == true)
    }
}
