import Membership
import Testing
import TestSupport

struct CarriedAccessTests {
    private let start = Timestamp(milliseconds: 1_767_225_600_000)  // 2026-01-01T00:00:00Z

    private func version(_ amount: Int64?, _ entitlement: Entitlement = .allTitles) throws -> PlanVersion {
        let prices = try amount.map { [Money(amountMinor: $0, currency: try Currency(parsing: "EUR"))] } ?? []
        let terms = try PlanTerms(prices: prices, trialDays: 14, graceDays: 7, entitlements: [entitlement])
        return PlanVersion(plan: try Slug(parsing: "membership"), version: 1, terms: terms, publishedAt: start)
    }

    private func paid(_ periods: Int, _ entitlement: Entitlement = .allTitles, from: Timestamp? = nil) throws
        -> Subscription
    {
        .started(
            id: .init(rawValue: 1), of: .init(rawValue: 2), to: try version(999, entitlement), zone: .utc,
            paidPeriods: periods, at: from ?? start)
    }

    private func trial(from: Timestamp? = nil) throws -> Subscription {
        .trial(id: .init(rawValue: 1), of: .init(rawValue: 2), to: try version(999), zone: .utc, at: from ?? start)
    }

    @Test func paidTimeBeginsWhenTheOtherEndsAndKeepsItsLength() throws {
        let now = start + .days(10)
        let carried = try paid(2).carriedAccess(into: paid(1), at: now)
        // January is over with the other; what is left of January and February is 49 days.
        let february = start + .days(31)
        #expect(carried.map(\.source) == [.purchase])
        #expect(carried.map(\.interval) == [Interval(from: february, until: february + .days(49))])
    }

    @Test func paidTimeForWhatTheOtherDoesNotGiveBeginsAtOnce() throws {
        let now = start + .days(10)
        let golem = Entitlement.title(try Slug(parsing: "golem"))
        let carried = try paid(1).carriedAccess(into: paid(1, golem), at: now)
        #expect(carried.map(\.interval) == [Interval(from: now, until: start + .days(31))])
        // A title is part of all titles.
        let waiting = try paid(1, golem).carriedAccess(into: paid(1), at: now)
        #expect(waiting.map(\.interval) == [Interval(from: start + .days(31), until: start + .days(52))])
    }

    @Test func freeDaysStayFreeUntilTheSameMoment() throws {
        let carried = try trial(from: start + .days(3)).carriedAccess(into: trial(), at: start + .days(5))
        #expect(carried.map(\.source) == [.complimentary])
        #expect(carried.map(\.interval) == [Interval(from: start + .days(5), until: start + .days(17))])
    }

    @Test func paidTimeAfterATrialStaysBehindIt() throws {
        var life = SubscriptionLife(try trial())
        try life.pay(forPeriods: 1, at: start)
        let now = start + .days(4)
        let carried = life.subscription.carriedAccess(into: try trial(from: now), at: now)
        let (trialEnd, otherEnd) = (start + .days(14), now + .days(14))
        #expect(carried.map(\.source) == [.complimentary, .purchase])
        #expect(
            carried.map(\.interval) == [
                Interval(from: now, until: trialEnd), Interval(from: otherEnd, until: otherEnd + .days(31)),
            ])
    }

    @Test func graceAndWhatHasEndedAreNotCarried() throws {
        #expect(try paid(0).carriedAccess(into: paid(1), at: start + .days(1)).isEmpty)
        #expect(try trial().carriedAccess(into: paid(1), at: start + .days(14)).isEmpty)
    }

    @Test func whatAPausedSubscriptionKeptIsCarried() throws {
        var life = SubscriptionLife(try paid(1))
        try life.pause(until: nil, at: start + .days(11))
        let now = start + .days(100)
        let carried = life.subscription.carriedAccess(into: try trial(from: now), at: now)
        let free = now + .days(14)
        #expect(carried.map(\.interval) == [Interval(from: free, until: free + .days(20))])
    }

    @Test func aFreePlanThatFollowsWhatIsPaidAheadIsNotCarried() throws {
        for periods in 1...3 {
            var life = SubscriptionLife(try paid(periods))
            try life.changePlan(to: free(), now: false, at: start)
            let now = start + .days(1)
            let carried = life.subscription.carriedAccess(into: try trial(from: now), at: now)
            #expect(carried.map(\.source) == [.purchase])
            #expect(carried.allSatisfy { $0.interval.endsAt.map { $0 > carried[0].interval.startsAt } ?? false })
        }
    }

    @Test func whatIsPaidForBehindAFreePeriodIsCarriedAsWhatItIs() throws {
        var life = SubscriptionLife(
            .started(
                id: .init(rawValue: 1), of: .init(rawValue: 2), to: try free(), zone: .utc, paidPeriods: 0, at: start))
        try life.changePlan(to: version(999), now: false, at: start)
        try life.pay(forPeriods: 2, at: start)
        let now = start + .days(10)
        let carried = life.subscription.carriedAccess(into: try paid(12), at: now)
        let (january, year) = (start + .days(31), start + .days(365))
        // February and March have 59 days, and come behind the other's year.
        #expect(carried.map(\.source) == [.complimentary, .purchase])
        #expect(
            carried.map(\.interval) == [
                Interval(from: now, until: january), Interval(from: year, until: year + .days(59)),
            ])
    }

    @Test func whatWasCarriedBeforeIsNotOverlaid() throws {
        let now = start + .days(10)
        let golem = Entitlement.title(try Slug(parsing: "golem"))
        let (february, march) = (start + .days(31), start + .days(59))
        func grant(_ entitlement: Entitlement, _ from: Timestamp, _ until: Timestamp?, _ source: Grant.Source) -> Grant
        {
            Grant(
                id: .init(rawValue: 7), entitlement: entitlement, source: source, subscription: nil,
                interval: Interval(from: from, until: until), recordedAt: start, voidedAt: nil, reason: nil)
        }
        func begin(_ entitlement: Entitlement, beside grants: [Grant]) throws -> Timestamp? {
            let carried = try paid(1, entitlement).carriedAccess(into: paid(1), beside: grants, at: now)
            #expect(carried.map { $0.interval.endsAt.map { $0 - carried[0].interval.startsAt } } == [.days(21)])
            return carried.first?.interval.startsAt
        }
        let before = grant(.allTitles, february, march, .purchase)
        #expect(try begin(.allTitles, beside: [before]) == march)
        #expect(try begin(golem, beside: [before]) == march)
        // One behind the other, in whatever order.
        #expect(
            try begin(.allTitles, beside: [grant(.allTitles, march, march + .days(9), .purchase), before]) == march
                + .days(9))
        // What is not paid for, is for less, or has no end, keeps nothing back.
        for other in [
            grant(.allTitles, february, march, .gift), grant(golem, february, march, .purchase),
            grant(.allTitles, february, nil, .purchase), grant(.allTitles, march, march + .days(9), .purchase),
        ] { #expect(try begin(.allTitles, beside: [other]) == february) }
    }

    @Test func whatComesBeforeWhatWasCarriedMakesWayForIt() throws {
        let now = start + .days(10)
        let (february, other) = (start + .days(31), start + .days(40))
        func grant(_ from: Timestamp, _ days: Int) -> Grant {
            Grant(
                id: .init(rawValue: 7), entitlement: .allTitles, source: .purchase, subscription: nil,
                interval: Interval(from: from, until: from + .days(days)), recordedAt: start, voidedAt: nil, reason: nil
            )
        }
        let before = [grant(other, 30), grant(other + .days(31), 5)]
        let carried = try paid(2).carriedAccess(into: paid(1), beside: before, at: now)
        // Nine days, one, and the rest of the 49.
        #expect(
            carried.map(\.interval) == [
                Interval(from: february, until: other), Interval(from: other + .days(30), until: other + .days(31)),
                Interval(from: other + .days(36), until: other + .days(75)),
            ])
        #expect(carried.allSatisfy { $0.source == .purchase })
    }

    @Test func whatIsPartOfWhatIsCarriedComesBehindIt() throws {
        let golem = Entitlement.title(try Slug(parsing: "golem"))
        var life = SubscriptionLife(try paid(1))
        try life.changePlan(to: version(300, golem), now: false, at: start)
        try life.pay(forPeriods: 1, at: start)
        let now = start + .days(10)
        let carried = life.subscription.carriedAccess(into: try paid(2), at: now)
        // 21 days of January, then February.
        let march = start + .days(59)
        #expect(carried.map(\.entitlement) == [.allTitles, golem])
        #expect(
            carried.map(\.interval) == [
                Interval(from: march, until: march + .days(21)),
                Interval(from: march + .days(21), until: march + .days(49)),
            ])
    }

    @Test func whateverWasPaidForBeforeNothingIsOverlaidAndNothingIsLost() throws {
        var random = SeededNumbers(seed: 20_261_130)
        for _ in 0..<300 {
            var before: [Grant] = []
            var moment = start
            for number in 0..<random.below(5) {
                moment = moment + .days(random.below(30))
                let end = moment + .days(1 + random.below(40))
                before.append(
                    Grant(
                        id: .init(rawValue: Int64(number)), entitlement: .allTitles, source: .purchase,
                        subscription: nil, interval: Interval(from: moment, until: end), recordedAt: start,
                        voidedAt: nil, reason: nil))
                moment = end
            }
            let now = start + .days(random.below(25))
            let periods = 1 + random.below(4)
            let mine = try paid(periods)
            let carried = try mine.carriedAccess(into: paid(random.below(3)), beside: before, at: now)
            let length = carried.reduce(Int64(0)) { $0 + ($1.interval.endsAt! - $1.interval.startsAt).milliseconds }
            #expect(length == (mine.boundary(periods) - now).milliseconds)
            let all = (carried.map(\.interval) + before.map(\.interval)).sorted { $0.startsAt < $1.startsAt }
            #expect(zip(all, all.dropFirst()).allSatisfy { $0.endsAt! <= $1.startsAt })
        }
    }

    private func free() throws -> PlanVersion {
        let terms = try PlanTerms(
            prices: [Money(amountMinor: 0, currency: Currency(parsing: "EUR"))], trialDays: 0, graceDays: 0,
            entitlements: [.allTitles])
        return PlanVersion(plan: try Slug(parsing: "free"), version: 1, terms: terms, publishedAt: start)
    }

    @Test func aFreePlanIsKeptToTheEndOfItsPeriod() throws {
        let free = Subscription.started(
            id: .init(rawValue: 1), of: .init(rawValue: 2), to: try version(0), zone: .utc, paidPeriods: 0, at: start)
        let carried = free.carriedAccess(into: try paid(3), at: start + .days(1))
        #expect(carried.map(\.interval) == [Interval(from: start + .days(1), until: start + .days(31))])
    }
}
