import Membership
import Testing

struct SubscriptionTests {
    private let start = Timestamp(milliseconds: 1_767_225_600_000)

    private func trial(_ recorded: Subscription.Status = .trialing) throws -> Subscription {
        Subscription(
            id: Identifier(rawValue: 1), accountID: Identifier(rawValue: 2), plan: try Slug(parsing: "membership"),
            planVersion: 1, recordedStatus: recorded, trialStart: start, trialEnd: start + .days(14), endedAt: nil)
    }

    @Test func endOfTrialIsExclusive() throws {
        let end = start + .days(14)
        #expect(try trial().status(at: Timestamp(milliseconds: end.milliseconds - 1)) == .trialing)
        #expect(try trial().status(at: end) == .expired)
    }

    @Test func aRecordedEndIsNotRevivedByAClockThatWentBack() throws {
        #expect(try trial(.expired).status(at: start) == .expired)
        #expect(try trial(.expired).trialDaysLeft(at: start) == 0)
    }

    @Test func aBegunDayCountsAsOneLeft() throws {
        #expect(try trial().trialDaysLeft(at: start) == 14)
        #expect(try trial().trialDaysLeft(at: start + TimeSpan(milliseconds: 1)) == 14)
        #expect(try trial().trialDaysLeft(at: start + .days(13)) == 1)
        #expect(try trial().trialDaysLeft(at: start + .days(14)) == 0)
    }
}
