import Membership
import Testing

/// The rules of docs/lifecycle.md, in its order.
struct SubscriptionLifeTests {
    private typealias Fixture = SubscriptionFixture
    private let start = SubscriptionFixture.start
    private let trialEnd = SubscriptionFixture.start + .days(14)

    private func moment(_ text: String) throws -> Timestamp { try Timestamp(rfc3339: text) }

    // MARK: - Trial

    @Test func aTrialThatIsPaidForConvertsEvenWhenItIsCancelled() throws {
        let paid = try Fixture.trial().after { life in
            try life.pay(forPeriods: 1, at: start)
            try life.cancel(now: false, at: start)
        }
        #expect(paid.status == .trialing)
        #expect(paid.steps { $0.advance(to: trialEnd) } == [.trialConverts])
        let end = try moment("2026-02-15T00:00:00Z")
        #expect(paid.endsAt == end)
        #expect(paid.steps { $0.advance(to: end) } == [.trialConverts, .end])
    }

    @Test func aTrialOfAFreePlanConvertsWhenThatWasAgreedAndEndsWithItsFirstPeriodWhenCancelled() throws {
        let free = Fixture.trial(Fixture.free)
        #expect(free.steps { $0.advance(to: trialEnd) } == [.trialExpires])
        let converted = try free.after { try $0.convertTrial(now: false, at: start) }
        #expect(converted.steps { $0.advance(to: trialEnd) } == [.trialConverts])
        let cancelled = try converted.after { try $0.cancel(now: false, at: start) }
        let end = try moment("2026-02-15T00:00:00Z")
        #expect(cancelled.endsAt == end)
        #expect(cancelled.steps { $0.advance(to: end) } == [.trialConverts, .end])
        #expect(cancelled.gives(Fixture.golem[0], at: end + TimeSpan(milliseconds: -1)))
        #expect(!cancelled.gives(Fixture.golem[0], at: end))
    }

    @Test func aCancelledTrialEndsAndAConvertedOneFallsDueAndAnyOtherExpires() throws {
        let trial = Fixture.trial()
        let converted = try trial.after { try $0.convertTrial(now: false, at: start) }
        let cancelled = try converted.after { try $0.cancel(now: false, at: start) }
        #expect(cancelled.endsAt == trialEnd)
        #expect(cancelled.steps { $0.advance(to: trialEnd) } == [.end])
        #expect(converted.steps { $0.advance(to: trialEnd) } == [.trialFallsDue])
        #expect(trial.steps { $0.advance(to: trialEnd) } == [.trialExpires])
        #expect(trial.steps { $0.advance(to: trialEnd + TimeSpan(milliseconds: -1)) } == [])
    }

    @Test func endingATrialBringsThatMomentForward() throws {
        let now = start + .days(3)
        let trial = Fixture.trial()
        let ended = try trial.after { try $0.endTrial(at: now) }
        #expect((ended.status, ended.trialEnd, ended.endedAt) == (.expired, now, now))
        let converted = try trial.after { try $0.convertTrial(now: false, at: start) }
        #expect(try converted.steps { try $0.endTrial(at: now) } == [.trialFallsDue])
        #expect(try converted.after { try $0.endTrial(at: now) }.currentPeriodStart == now)
        let paid = try trial.after { try $0.pay(forPeriods: 2, at: start) }
        #expect(try paid.steps { try $0.endTrial(at: now) } == [.trialConverts])
    }

    @Test func convertingTakesACancellationBackAlsoOfATrialThatWasConvertedBefore() throws {
        let trial = Fixture.trial()
        for isConverted in [false, true] {
            let cancelled = try trial.after { life in
                if isConverted { try life.convertTrial(now: false, at: start) }
                try life.cancel(now: false, at: start)
            }
            let back = try cancelled.after { try $0.convertTrial(now: false, at: start) }
            #expect((back.cancelAtPeriodEnd, back.canceledAt, back.convertsTrial) == (false, nil, true))
            #expect(back.steps { $0.advance(to: trialEnd) } == [.trialFallsDue])
            #expect(try cancelled.after { try $0.convertTrial(now: true, at: start) }.status == .pastDue)
        }
        let converted = try trial.after { try $0.convertTrial(now: false, at: start) }
        #expect(throws: MembershipError.self) {
            try converted.after { try $0.convertTrial(now: false, at: start) }
        }
    }

    @Test func anExtensionIsOfDaysOfTwentyFourHours() throws {
        let trial = Fixture.trial(zone: try Zone(parsing: "Europe/Berlin"))
        let longer = try trial.after { try $0.extendTrial(byDays: 90, at: start) }
        #expect(longer.trialEnd == start + .days(104))
        for days in [0, 366, -1] {
            #expect(throws: MembershipError.self) { try trial.after { try $0.extendTrial(byDays: days, at: start) } }
        }
    }

    // MARK: - Periods

    @Test func theFirstPeriodBeginsWithTheEndOfTheTrialOrWithTheStart() throws {
        let converted = try Fixture.trial().after { try $0.pay(forPeriods: 1, at: start) }.advanced(to: trialEnd)
        #expect((converted.periodIndex, converted.currentPeriodStart) == (0, trialEnd))
        let started = Fixture.started()
        #expect((started.periodIndex, started.currentPeriodStart) == (0, start))
    }

    @Test func periodsKeepTheirDayAlsoWhenTheyAreRenewedOneByOne() throws {
        var subscription = Fixture.started(paid: 14, at: try moment("2026-01-31T10:00:00Z"))
        var starts: [String] = []
        for _ in 0..<13 {
            subscription = subscription.advanced(to: try #require(subscription.currentPeriodEnd))
            starts.append(String(try #require(subscription.currentPeriodStart).rfc3339.prefix(10)))
        }
        #expect(
            starts == [
                "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31",
                "2026-09-30", "2026-10-31", "2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28",
            ])
    }

    @Test func periodsFollowTheZoneInWhichTheSubscriptionWasMade() throws {
        // 29 January 00:30 in Berlin is still the 28th in UTC.
        let berlin = try Zone(parsing: "Europe/Berlin")
        let subscription = Fixture.started(paid: 9, at: try moment("2026-01-28T23:30:00Z"), zone: berlin)
        #expect(subscription.boundary(1).rfc3339 == "2026-02-27T23:30:00Z")
        #expect(subscription.boundary(2).rfc3339 == "2026-03-28T23:30:00Z")
        #expect(subscription.boundary(3).rfc3339 == "2026-04-28T22:30:00Z")
    }

    // MARK: - Paying

    @Test func aPaymentSettlesTheCurrentPeriodWhenItIsNotAndThoseAfterIt() throws {
        let due = Fixture.started(paid: 0)
        #expect(due.status == .pastDue)
        let paid = try due.after { try $0.pay(forPeriods: 3, at: start + .days(2)) }
        #expect((paid.status, paid.settledPeriods, paid.paidUntil) == (.active, 3, due.boundary(3)))
        let more = try paid.after { try $0.pay(forPeriods: 2, at: start + .days(2)) }
        #expect(more.paidUntil == due.boundary(5))
    }

    @Test func atTheEndOfAPeriodTheNextIsSettledOrItIsCancelledOrItFallsDue() throws {
        let two = Fixture.started(paid: 2)
        let cancelled = try two.after { try $0.cancel(now: false, at: start) }
        #expect(cancelled.endsAt == two.boundary(2))
        #expect(cancelled.steps { $0.advance(to: two.boundary(1)) } == [.renew])
        #expect(cancelled.steps { $0.advance(to: two.boundary(2)) } == [.renew, .end])
        #expect(two.steps { $0.advance(to: two.boundary(2)) } == [.renew, .fallDue])
    }

    @Test func whatIsNotPaidEndsWithTheGrace() throws {
        let due = Fixture.started(paid: 0)
        let end = start + .days(7)
        #expect(due.steps { $0.advance(to: end + TimeSpan(milliseconds: -1)) } == [])
        #expect(due.steps { $0.advance(to: end) } == [.expire])
        let cancelled = try due.after { try $0.cancel(now: false, at: start) }
        #expect(cancelled.endsAt == end)
        #expect(cancelled.steps { $0.advance(to: end) } == [.end])
        let graceless = Fixture.started(Fixture.graceless)
        #expect(graceless.steps { $0.advance(to: start + .days(30)) } == [.fallDue, .expire])
        #expect(graceless.advanced(to: start + .days(30)).endedAt == start + .days(30))
    }

    @Test func aPlanThatCostsNothingSettlesItsPeriodsAndTakesNoMoney() throws {
        let free = Fixture.started(Fixture.free, paid: 0)
        #expect(free.status == .active)
        #expect(free.steps { $0.advance(to: free.boundary(3)) } == [.renew, .renew, .renew])
        #expect(free.paidUntil == nil)
        let error = #expect(throws: MembershipError.self) {
            try free.after { try $0.pay(forPeriods: 1, at: start) }
        }
        #expect(error?.code == .transitionForbidden)
    }

    @Test func whatFollowsAFreePlanCanBePaidForAhead() throws {
        let change = try Fixture.started(Fixture.free, paid: 0).after {
            try $0.changePlan(to: Fixture.monthly, now: false, at: start)
        }
        let euro = Currency(stored: "EUR")
        #expect(change.price(ofPeriods: 2, in: euro)?.amountMinor == 1998)
        let paid = try change.after { try $0.pay(forPeriods: 2, at: start) }
        #expect(paid.steps { $0.advance(to: paid.boundary(3)) } == [.changePlan, .renew, .renew, .fallDue])
        let cancelled = try paid.after { try $0.cancel(now: false, at: start) }
        #expect(cancelled.endsAt == paid.boundary(3))
        #expect(cancelled.steps { $0.advance(to: paid.boundary(3)) } == [.changePlan, .renew, .renew, .end])
        #expect(cancelled.gives(at: paid.boundary(3) + TimeSpan(milliseconds: -1)))
        #expect(!cancelled.gives(at: paid.boundary(3)))
    }

    @Test func noMorePeriodsArePaidForThanCostAnything() throws {
        let change = try Fixture.started(paid: 0).after {
            try $0.changePlan(to: Fixture.free, now: false, at: start)
        }
        #expect(throws: MembershipError.self) { try change.after { try $0.pay(forPeriods: 2, at: start) } }
        let paid = try change.after { try $0.pay(forPeriods: 1, at: start) }
        #expect(paid.steps { $0.advance(to: paid.boundary(2)) } == [.changePlan, .renew, .renew])
    }

    @Test func nothingIsPaidForBeyondTheCentury() throws {
        let yearly = Fixture.started(Fixture.yearly)
        #expect(try yearly.after { try $0.pay(forPeriods: 72, at: start) }.paidUntil?.rfc3339 == "2099-01-01T00:00:00Z")
        #expect(throws: MembershipError.self) { try yearly.after { try $0.pay(forPeriods: 73, at: start) } }
        #expect(throws: MembershipError.self) { try yearly.after { try $0.pay(forPeriods: 0, at: start) } }
    }

    // MARK: - Cancelling

    @Test func cancellingNowRecordsBoth() throws {
        let active = Fixture.started(paid: 5)
        #expect(try active.steps { try $0.cancel(now: true, at: start) } == [.scheduleCancel, .end])
        let now = start + .days(1)
        let cancelled = try active.after { try $0.cancel(now: false, at: start) }
        #expect(try cancelled.steps { try $0.cancel(now: true, at: now) } == [.end])
        let ended = try cancelled.after { try $0.cancel(now: true, at: now) }
        #expect((ended.canceledAt, ended.endedAt) == (start, now))
        #expect(throws: MembershipError.self) { try cancelled.after { try $0.cancel(now: false, at: now) } }
    }

    @Test func aFreePlanEndsWithItsCurrentPeriod() throws {
        let free = Fixture.started(Fixture.free, paid: 0)
        let now = free.boundary(4) + .days(1)
        let cancelled = try free.after { try $0.cancel(now: false, at: now) }
        #expect(cancelled.endsAt == free.boundary(5))
        #expect(cancelled.steps { $0.advance(to: free.boundary(9)) } == [.end])
    }

    @Test func aCancellationIsTakenBackUntilItHasTakenEffect() throws {
        let active = Fixture.started()
        let cancelled = try active.after { try $0.cancel(now: false, at: start) }
        let last = active.boundary(1) + TimeSpan(milliseconds: -1)
        #expect(try cancelled.steps { try $0.resume(at: last) } == [.withdrawCancel])
        #expect(throws: MembershipError.self) { try cancelled.after { try $0.resume(at: active.boundary(1)) } }
        #expect(throws: MembershipError.self) { try active.after { try $0.resume(at: start) } }
    }

    // MARK: - Pausing

    @Test func whatIsLeftOfThePeriodIsKeptToTheMillisecondAndLaterPeriodsKeepTheNewDay() throws {
        let active = Fixture.started(paid: 3)
        let paused = try active.after { try $0.pause(until: nil, at: start + .days(10)) }
        #expect(paused.steps { $0.advance(to: start + .days(4000)) } == [])
        let pause = TimeSpan(milliseconds: 5 * 86_400_000 + 1)
        let resumed = try paused.after { try $0.resume(at: start + .days(10) + pause) }
        #expect(resumed.currentPeriodEnd?.rfc3339 == "2026-02-06T00:00:00.001Z")
        #expect(resumed.boundary(2).rfc3339 == "2026-03-06T00:00:00.001Z")
        #expect(resumed.paidUntil?.rfc3339 == "2026-04-06T00:00:00.001Z")
        #expect((resumed.status, resumed.pausedAt, resumed.currentPeriodStart) == (.active, nil, start))
    }

    @Test(arguments: [
        (0, "2026-02-28T12:00:00Z", "2026-03-31T12:00:00Z"),
        (3_600_000, "2026-02-28T13:00:00Z", "2026-03-31T13:00:00Z"),
        (31 * 86_400_000, "2026-03-31T12:00:00Z", "2026-04-30T12:00:00Z"),
        (86_400_000, "2026-03-01T12:00:00Z", "2026-04-01T12:00:00Z"),
    ])
    func whoIsDueOnTheLastOfAShortMonthKeepsTheDayWhereAPauseEndsOnTheLastOfAMonth(
        pause: Int64, end: String, next: String
    ) throws {
        let began = try moment("2026-01-31T12:00:00Z")
        var life = SubscriptionLife(Fixture.started(paid: 12, at: began))
        try life.pause(until: nil, at: began + .days(10))
        try life.resume(at: began + .days(10) + TimeSpan(milliseconds: pause))
        #expect(life.subscription.currentPeriodEnd?.rfc3339 == end)
        #expect(life.subscription.boundary(2).rfc3339 == next)
        if pause < 86_400_000 {
            #expect(life.subscription.paidUntil == (try moment("2027-01-31T12:00:00Z")) + TimeSpan(milliseconds: pause))
        }
    }

    @Test func whoComesFromAShortMonthToALongOneIsDueOnItsLastDay() throws {
        let began = try moment("2027-01-29T10:00:00Z")
        var life = SubscriptionLife(Fixture.started(paid: 8, at: began))
        try life.pause(until: nil, at: began + .days(12))
        try life.resume(at: began + .days(12) + .days(31))
        #expect(life.subscription.currentPeriodEnd?.rfc3339 == "2027-03-31T10:00:00Z")
        #expect(life.subscription.boundary(2).rfc3339 == "2027-04-30T10:00:00Z")
        #expect(life.subscription.paidUntil?.rfc3339 == "2027-10-31T10:00:00Z")
    }

    @Test func aPauseEndsByTheClockAtItsEnd() throws {
        let end = start + .days(20)
        let paused = try Fixture.started().after { try $0.pause(until: end, at: start + .days(10)) }
        #expect(paused.steps { $0.advance(to: end + TimeSpan(milliseconds: -1)) } == [])
        #expect(paused.steps { $0.advance(to: end) } == [.resume])
        #expect(paused.advanced(to: end).currentPeriodEnd == (try moment("2026-02-11T00:00:00Z")))
    }

    @Test func aCancelledOneIsNotPausedAndAPausedOneIsCancelledOnlyNow() throws {
        let cancelled = try Fixture.started().after { try $0.cancel(now: false, at: start) }
        #expect(throws: MembershipError.self) { try cancelled.after { try $0.pause(until: nil, at: start) } }
        let paused = try Fixture.subscription(.paused)
        #expect(throws: MembershipError.self) { try paused.after { try $0.cancel(now: false, at: start) } }
        #expect(try paused.steps { try $0.cancel(now: true, at: start) } == [.scheduleCancel, .end])
    }

    @Test func aPauseEndsInTheFutureAndWithinAYear() throws {
        for end in [start, start + TimeSpan(milliseconds: -1), start + .days(366) + TimeSpan(milliseconds: 1)] {
            #expect(throws: MembershipError.self) {
                try Fixture.started().after { try $0.pause(until: end, at: start) }
            }
        }
        _ = try Fixture.started().after { try $0.pause(until: start + .days(366), at: start) }
    }

    // MARK: - Changing plan

    @Test func atTheRenewalThePlanChangesWithTheFirstPeriodThatIsNotSettled() throws {
        let prepaid = Fixture.started(paid: 3)
        let change = try prepaid.after { try $0.changePlan(to: Fixture.yearly, now: false, at: start) }
        #expect(change.nextVersion?.fromIndex == 3)
        #expect(change.price(ofPeriods: 1, in: Currency(stored: "EUR"))?.amountMinor == 9900)
        let changed = try change.after { try $0.pay(forPeriods: 1, at: start) }
        let steps = changed.steps { $0.advance(to: prepaid.boundary(3)) }
        #expect(steps == [.renew, .renew, .changePlan, .renew])
        #expect(changed.paidUntil?.rfc3339 == "2027-04-01T00:00:00Z")
        // What is paid for under the new plan is not changed back.
        #expect(throws: MembershipError.self) {
            try changed.after { try $0.changePlan(to: Fixture.monthly, now: false, at: start) }
        }
    }

    @Test func aPeriodThatHasBegunUnpaidKeepsItsPlan() throws {
        let due = Fixture.started(paid: 0)
        let change = try due.after { try $0.changePlan(to: Fixture.yearly, now: false, at: start) }
        #expect(change.nextVersion?.fromIndex == 1)
        #expect(change.price(ofPeriods: 1, in: Currency(stored: "EUR"))?.amountMinor == 999)
    }

    @Test func nowTheCurrentPeriodStaysAsLongAsItIs() throws {
        let active = Fixture.started(at: try moment("2026-01-31T00:00:00Z"))
        let changed = try active.after { try $0.changePlan(to: Fixture.yearly, now: true, at: start + .days(40)) }
        #expect((changed.version, changed.currentPeriodEnd) == (Fixture.yearly, active.currentPeriodEnd))
        // The day of the month is kept, though the change took effect on the 28th of February.
        #expect(changed.boundary(2).rfc3339 == "2027-02-28T00:00:00Z")
        let back = try changed.after { try $0.changePlan(to: Fixture.monthly, now: true, at: start + .days(41)) }
        #expect(back.boundary(2).rfc3339 == "2026-03-31T00:00:00Z")
        let prepaid = Fixture.started(paid: 2)
        #expect(throws: MembershipError.self) {
            try prepaid.after { try $0.changePlan(to: Fixture.yearly, now: true, at: start) }
        }
    }

    @Test func changingBackBeforeItTakesEffectTakesTheChangeBack() throws {
        let change = try Fixture.started().after { try $0.changePlan(to: Fixture.yearly, now: false, at: start) }
        let back = try change.after { try $0.changePlan(to: Fixture.monthly, now: false, at: start) }
        #expect(back.nextVersion == nil)
        #expect(throws: MembershipError.self) {
            try back.after { try $0.changePlan(to: Fixture.monthly, now: false, at: start) }
        }
    }

    // MARK: - Being told

    @Test func ofSeveralThatAreRecordedTogetherTheReaderIsToldTheLast() throws {
        var late = SubscriptionLife(Fixture.started(paid: 2))
        late.advance(to: start + .days(400))
        #expect(late.steps.map(\.transition) == [.renew, .fallDue, .expire])
        #expect(late.told?.transition == .expire)
        var cancelled = SubscriptionLife(Fixture.started())
        try cancelled.cancel(now: true, at: start)
        #expect(cancelled.told?.transition == .end)
    }

    @Test func nobodyIsWarnedOfADebtThatIsSettledInTheSameBreath() throws {
        let now = Fixture.started().boundary(1)
        var paid = SubscriptionLife(Fixture.started())
        try paid.pay(forPeriods: 1, at: now)
        #expect(paid.steps.map(\.transition) == [.fallDue, .pay])
        #expect(paid.told == nil)
        var activated = SubscriptionLife(Fixture.started())
        try activated.activate(at: now)
        #expect(activated.told == nil)
        var changed = SubscriptionLife(Fixture.started())
        try changed.changePlan(to: Fixture.yearly, now: false, at: now)
        #expect(changed.told?.transition == .fallDue)
    }

    // MARK: - A clock that goes back

    @Test func aClockThatGoesBackEndsNothingTwiceAndRevivesNothing() throws {
        let ended = Fixture.trial().advanced(to: trialEnd)
        #expect(ended.advanced(to: start) == ended)
        #expect(throws: MembershipError.self) { try ended.after { try $0.convertTrial(now: false, at: start) } }
        let renewed = Fixture.started(paid: 2).advanced(to: Fixture.started().boundary(1))
        let paused = try renewed.after { try $0.pause(until: nil, at: start) }
        #expect(paused.pausedAt == renewed.updatedAt)
    }

    // MARK: - What is forbidden

    /// The command that makes a transition happen; nil for what only the clock does.
    private func command(
        _ transition: SubscriptionTransition
    ) -> ((inout SubscriptionLife) throws -> Void)? {
        switch transition {
        case .startTrial, .start, .fallDue, .expire: nil
        case .extendTrial: { try $0.extendTrial(byDays: 1, at: start) }
        case .convertTrial: { try $0.convertTrial(now: false, at: start) }
        case .trialConverts, .trialFallsDue: { try $0.convertTrial(now: true, at: start) }
        case .trialExpires: { try $0.endTrial(at: start) }
        case .activate: { try $0.activate(at: start) }
        case .pay: { try $0.pay(forPeriods: 1, at: start) }
        case .renew: { try $0.renew(at: start) }
        case .scheduleCancel: { try $0.cancel(now: false, at: start) }
        case .withdrawCancel, .resume: { try $0.resume(at: start) }
        case .end: { try $0.cancel(now: true, at: start) }
        case .pause: { try $0.pause(until: nil, at: start) }
        case .schedulePlanChange: { try $0.changePlan(to: SubscriptionFixture.yearly, now: false, at: start) }
        case .changePlan: { try $0.changePlan(to: SubscriptionFixture.yearly, now: true, at: start) }
        }
    }

    @Test(arguments: SubscriptionTransition.allCases, Subscription.Status.allCases)
    func aTransitionThatTheTableDoesNotHaveIsRefusedNamingTheState(
        transition: SubscriptionTransition, status: Subscription.Status
    ) throws {
        guard let command = command(transition), !transition.rule.from.contains(status) else { return }
        // A trial is activated by ending it, and what is paused is resumed: other rows of the table.
        if transition == .activate && status == .trialing || transition == .withdrawCancel && status == .paused {
            return
        }
        let subscription = try SubscriptionFixture.subscription(status)
        var life = SubscriptionLife(subscription)
        let error = #expect(throws: MembershipError.self) { try command(&life) }
        #expect(error?.code == .transitionForbidden)
        #expect(error?.message.contains(status.rawValue) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(subscription.id.description) == true)
        #expect(life.subscription == subscription)
        #expect(life.steps.isEmpty)
    }

    @Test(arguments: SubscriptionTransition.allCases, Subscription.Status.allCases)
    func aTransitionThatTheTableHasLeadsWhereItSays(
        transition: SubscriptionTransition, status: Subscription.Status
    ) throws {
        guard let command = command(transition), transition.rule.from.contains(status) else { return }
        var life = SubscriptionLife(try SubscriptionFixture.subscription(status))
        switch transition {
        // These need more than the state: something due, something to take back, a conversion that is paid for.
        case .renew: life = SubscriptionLife(SubscriptionFixture.started(paid: 2, at: start + .days(-40)))
        case .withdrawCancel: try life.cancel(now: false, at: start)
        case .trialConverts: try life.pay(forPeriods: 1, at: start)
        case .scheduleCancel where status == .paused: return
        default: break
        }
        try command(&life)
        let step = try #require(life.steps.last)
        #expect(life.steps.contains { $0.transition == transition } || transition == .scheduleCancel)
        #expect(transition.rule.to.contains(step.subscription.status))
        #expect(step.transition.rule.event.rawValue.isEmpty == false)
    }
}

extension SubscriptionLife {
    /// The step of which the reader is told.
    fileprivate var told: Step? { toldIndex.map { steps[$0] } }
}
