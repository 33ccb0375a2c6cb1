import Membership
import Testing

struct SubscriptionTests {
    private let start = Timestamp(milliseconds: 1_767_225_600_000)

    private var trial: Subscription {
        get throws {
            let terms = try PlanTerms(prices: [], trialDays: 14, graceDays: 7, entitlements: [.allTitles])
            let version = PlanVersion(
                plan: try Slug(parsing: "membership"), version: 1, terms: terms, publishedAt: start)
            return .trial(id: .init(rawValue: 1), of: .init(rawValue: 2), to: version, zone: .utc, at: start)
        }
    }

    @Test func endOfTrialIsExclusive() throws {
        let end = start + .days(14)
        #expect(try trial.trialEnd == end)
        #expect(try trial.advanced(to: Timestamp(milliseconds: end.milliseconds - 1)).status == .trialing)
        #expect(try trial.advanced(to: end).status == .expired)
        #expect(try trial.advanced(to: end + .days(400)).endedAt == end)
    }

    @Test func aBegunDayCountsAsOneLeft() throws {
        #expect(try trial.trialDaysLeft(at: start) == 14)
        #expect(try trial.trialDaysLeft(at: start + TimeSpan(milliseconds: 1)) == 14)
        #expect(try trial.trialDaysLeft(at: start + .days(13)) == 1)
        #expect(try trial.trialDaysLeft(at: start + .days(14)) == 0)
    }
}
