import Foundation
import Membership
import Testing

@testable import MembershipFeeds

struct FeedDateTests {
    @Test(arguments: [
        ("Sun, 28 Oct 2018 13:48:00 +0100", "2018-10-28T12:48:00Z"), ("28 Oct 18 13:48 GMT", "2018-10-28T13:48:00Z"),
        ("1 Jan 99 00:00:00 EST", "1999-01-01T05:00:00Z"), ("Monday, 2 March 2026 9:05:07 pdt", "2026-03-02T16:05:07Z"),
        ("29 Feb 2024 00:00 Z", "2024-02-29T00:00:00Z"), ("2024-03-10T17:15:00+01:00", "2024-03-10T16:15:00Z"),
        ("2024-03-10T17:15+0100", "2024-03-10T16:15:00Z"), ("2024-03-10T17:15:09.5", "2024-03-10T17:15:09.500Z"),
        (" 2024-03-10\n", "2024-03-10T00:00:00Z"), ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ])
    func datesOfAllFormatsAreRead(text: String, expected: String) {
        #expect(FeedDate.parse(text)?.rfc3339 == expected)
    }

    @Test(arguments: [
        ("28 Oct 2018 13:48:00", "2018-10-28T13:48:00Z"), ("Sun, 28 Oct 2018 13:48", "2018-10-28T13:48:00Z"),
        ("28 Oct 2018 13:48 CET", "2018-10-28T12:48:00Z"), ("28 Jul 2018 13:48 mesz", "2018-07-28T11:48:00Z"),
        ("28 Oct 2018 13:48 JST", "2018-10-28T04:48:00Z"), ("Thur, 6 Sept 2018 13:48 BST", "2018-09-06T12:48:00Z"),
        ("28 Oct 2018 13:48 +0100 (Mitteleuropäische Zeit, die im Winter gilt)\n", "2018-10-28T12:48:00Z"),
        ("31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59Z"), ("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.500Z"),
        ("2024-03-10 17:15:00 +01:00", "2024-03-10T16:15:00Z"), ("2024-03-10 17:15 CET", "2024-03-10T16:15:00Z"),
    ])
    func anOddDateIsReadToo(text: String, expected: String) {
        #expect(FeedDate.parse(text)?.rfc3339 == expected)
    }

    @Test(arguments: [
        "", "yesterday", "29 Feb 2023 00:00 Z", "28 Okt 2018 13:48 GMT", "28 Oct 2018 24:00 GMT",
        "28 Oct 2018 13:60 GMT", "28 Oct 2018 13:48 +01", "28 Oct 2018 13:48 XYZ", "+8 Oct 2018 13:48 GMT",
        "2024-02-30", "2024-03-10T17", "2024-03-10T17:15:00+1:00", "28 Oct 118 13:48 GMT", "28 Oc 2018 13:48 GMT",
        "28 Oct 2018 13:48:61 GMT", "2016-12-31T23:59:61Z", "28 Oct 2018", "(28 Oct 2018 13:48 GMT)",
        "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999-00:01", "1 Jan 0000 00:00 CET", "31 Dec 9999 23:59 EST",
    ])
    func whatIsNoDateIsRefused(text: String) {
        #expect(FeedDate.parse(text) == nil)
    }

    @Test func randomTimesSurviveRFC822() {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        for _ in 0..<2000 {
            let seconds = Int.random(in: 0..<4_000_000_000)
            let offset = Int.random(in: -720...840)
            let local = seconds + offset * 60
            let date = CivilDate(daysSince1970: local / 86_400 - (local < 0 ? 1 : 0))
            let second = (local % 86_400 + 86_400) % 86_400
            let zone = String(format: "%@%02d%02d", offset < 0 ? "-" : "+", abs(offset) / 60, abs(offset) % 60)
            let clock = String(format: "%02d:%02d:%02d", second / 3600, second / 60 % 60, second % 60)
            let text = "\(date.day) \(months[date.month - 1]) \(date.year) \(clock) \(zone)"
            #expect(FeedDate.parse(text)?.milliseconds == Int64(seconds) * 1000, "\(text)")
        }
    }
}
