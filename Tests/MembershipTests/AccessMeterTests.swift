@testable import Membership
import Testing

/// The rows of the table that the meter decides.
struct AccessMeterTests {
    private let now = AccessFixture.now
    private let monthEnd = AccessFixture.monthEnd
    private let before = AccessFixture.before

    @Test func whatWasOpenedByTheMeterStaysOpenUpToTheEndOfTheMonth() {
        let fixture = AccessFixture(.metered) { facts in
            facts.allow(registered: 1)
            facts.open(AccessFixture.articleID.rawValue, at: now)
        }
        #expect(fixture.row(at: now + before) == .metered)
        let again = fixture.decide()
        #expect(
            again.verdict.told
                == .init(
                    row: .openedBefore, until: monthEnd,
                    meter: MeterState(
                        meter: AccessFixture.ofTitle, allowance: 1, spent: 1, resetsAt: monthEnd, timeZone: "UTC")))
        #expect(again.nextChangeAt == monthEnd && again.waitUntil == nil)
        #expect(fixture.row(at: monthEnd + before) == .openedBefore)
        #expect(fixture.row(at: monthEnd) == .metered)
    }

    @Test func whatWasOpenedStaysOpenThoughTheAllowanceShrank() {
        let fixture = AccessFixture(.metered) { facts in
            facts.allow(registered: 0)
            facts.open(AccessFixture.articleID.rawValue, by: .everything)
        }
        #expect(fixture.row() == .openedBefore)
        #expect(fixture.decide().verdict.meter?.left == 0)
    }

    @Test func eachArticleCountsOnceAndTheLastOneIsExclusive() {
        var fixture = AccessFixture(.metered) { facts in
            facts.allow(registered: 2)
            facts.open(2)
            facts.open(2)
        }
        #expect(
            fixture.decide().verdict.told
                == .init(
                    row: .metered,
                    meter: MeterState(
                        meter: AccessFixture.ofTitle, allowance: 2, spent: 1, resetsAt: monthEnd, timeZone: "UTC")))
        fixture.open(3)
        let denied = fixture.decide()
        #expect(denied.verdict.row == .meterExhausted)
        #expect(denied.verdict.meter?.left == 0)
        #expect(denied.waitUntil == monthEnd && denied.nextChangeAt == monthEnd)
        #expect(denied.actions.last == .waitUntil)
    }

    @Test func readsOfAnotherMeterOrMonthDoNotCount() {
        let fixture = AccessFixture(.metered) { facts in
            facts.allow(registered: 1)
            facts.open(2, by: .everything)
            facts.open(3, at: now + .days(-15))
        }
        #expect(fixture.decide().verdict.meter?.spent == 0)
    }

    @Test func theNearestMeterCounts() {
        let fixture = AccessFixture { facts in
            facts.rule(
                .everything,
                RuleSettings(
                    terms: AccessFixture.terms(.metered), meter: MeterAllowance(stored: 0, registered: 9)))
            facts.allow(registered: 4, by: AccessFixture.ofTitle)
        }
        #expect(fixture.decide().verdict.meter?.allowance == 4)
        #expect(fixture.decide().verdict.meter?.meter == AccessFixture.ofTitle)
    }

    @Test func visitorsAndAccountsHaveAllowancesOfTheirOwnAndOthersNone() {
        func fixture(_ reader: AccessFixture.Reader) -> AccessFixture {
            AccessFixture(.metered, reader) { $0.allow(anonymous: 1, registered: 2) }
        }
        #expect(fixture(.visitor).decide().verdict.meter?.allowance == 1)
        #expect(fixture(.account).decide().verdict.meter?.allowance == 2)
        #expect(fixture(.anonymous).decide().verdict.told == AccessFixture.anonymousDenial())
    }

    @Test func theMonthIsThatOfTheReadersZone() throws {
        let kolkata = try Zone(parsing: "Asia/Kolkata")
        let fixture = AccessFixture(.metered, .visitor) { facts in
            facts.zone = kolkata
            facts.allow(anonymous: 1)
            facts.open(2)
        }
        let reset = monthEnd + .minutes(-330)
        #expect(fixture.decide().waitUntil == reset)
        #expect(fixture.row(at: reset + before) == .meterExhausted)
        #expect(fixture.row(at: reset) == .metered)
    }

    @Test func withoutAnAllowanceMeteredIsAsPremium() {
        for (reader, row) in [(AccessFixture.Reader.visitor, AccessRow.anonymous), (.account, .otherwise)] {
            var fixture = AccessFixture(.metered, reader)
            #expect(fixture.row() == row)
            fixture.allow(anonymous: 0, registered: 0)
            #expect(fixture.row() == row)
            #expect(fixture.decide().nextChangeAt == nil)
        }
    }

    @Test func beforeSheSignedUpTheMeterCountedNothingForHer() {
        let fixture = AccessFixture(.metered) { facts in
            facts.createdAt = now
            facts.allow(anonymous: 5, registered: 5)
        }
        #expect(fixture.row(at: now + before) == .anonymous)
        #expect(fixture.decide(at: now + before).waitUntil == now)
        #expect(fixture.row() == .metered)
    }
}
