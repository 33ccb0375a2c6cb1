import Membership
import Testing

struct PromisedAccessTests {
    private typealias Fixture = SubscriptionFixture
    private let start = SubscriptionFixture.start
    private let millisecond = TimeSpan(milliseconds: 1)

    /// The grants of one account, kept as the services keep them.
    private struct Ledger {
        var grants: [Grant] = []

        mutating func record(_ subscription: Subscription, at now: Timestamp) -> GrantChanges {
            let own = grants.filter { $0.voidedAt == nil && $0.subscription == subscription.id }
            let changes = GrantChanges(live: own, promised: subscription.promisedAccess, at: now)
            for grant in changes.voided {
                guard let index = grants.firstIndex(of: grant) else { continue }
                grants[index] = Grant(
                    id: grant.id, entitlement: grant.entitlement, source: grant.source,
                    subscription: grant.subscription, interval: grant.interval, recordedAt: grant.recordedAt,
                    voidedAt: now, reason: grant.reason)
            }
            for promise in changes.added where promise.interval.endsAt != promise.interval.startsAt {
                grants.append(
                    Grant(
                        id: .init(rawValue: Int64(grants.count)), entitlement: promise.entitlement,
                        source: promise.source, subscription: subscription.id, interval: promise.interval,
                        recordedAt: now))
            }
            return changes
        }

        func gives(_ entitlement: Entitlement = .allTitles, at moment: Timestamp) -> Bool {
            grants.contains {
                $0.voidedAt == nil && $0.entitlement == entitlement && $0.interval.contains(moment)
            }
        }
    }

    // MARK: - What is promised

    @Test func aTrialGivesToItsEndAndNothingAfterUnlessSomethingFollows() throws {
        let (trial, end) = (Fixture.trial(), start + .days(14))
        #expect(trial.gives(at: end + TimeSpan(milliseconds: -1)))
        #expect(!trial.gives(at: end))
        let converted = try trial.after { try $0.convertTrial(now: false, at: start) }
        #expect(converted.gives(at: end + .days(7) + TimeSpan(milliseconds: -1)))
        #expect(!converted.gives(at: end + .days(7)))
        let paid = try trial.after { try $0.pay(forPeriods: 1, at: start) }
        #expect(paid.gives(at: paid.boundary(1) + .days(7) + TimeSpan(milliseconds: -1)))
        #expect(!paid.gives(at: paid.boundary(1) + .days(7)))
    }

    @Test func whatIsPaidForIsFollowedByTheGraceAndWhatIsCancelledIsNot() throws {
        let paid = Fixture.started(paid: 3)
        #expect(paid.gives(at: paid.boundary(3) + .days(7) + TimeSpan(milliseconds: -1)))
        #expect(!paid.gives(at: paid.boundary(3) + .days(7)))
        let cancelled = try paid.after { try $0.cancel(now: false, at: start) }
        #expect(cancelled.gives(at: paid.boundary(3) + TimeSpan(milliseconds: -1)))
        #expect(!cancelled.gives(at: paid.boundary(3)))
    }

    @Test func whatIsFreeGoesOnForEver() throws {
        let free = Fixture.started(Fixture.free, paid: 0)
        #expect(free.promisedAccess.map(\.interval.endsAt) == [nil])
    }

    @Test func aPauseThatEndsByItselfIsFollowedByWhatWasLeft() throws {
        let end = start + .days(40)
        let paused = try Fixture.started().after { try $0.pause(until: end, at: start + .days(1)) }
        #expect(!paused.gives(at: end + TimeSpan(milliseconds: -1)))
        #expect(paused.gives(at: end))
        #expect(paused.gives(at: end + .days(30 + 7) + TimeSpan(milliseconds: -1)))
        #expect(!paused.gives(at: end + .days(30 + 7)))
        #expect(try Fixture.subscription(.paused).promisedAccess.isEmpty)
    }

    @Test func thereIsNoGapBetweenWhatFollowsEachOther() throws {
        let change = try Fixture.trial().after { life in
            try life.pay(forPeriods: 2, at: start)
        }.advanced(to: start + .days(14)).after { life in
            try life.changePlan(to: Fixture.graceless, now: false, at: start + .days(14))
            try life.pay(forPeriods: 2, at: start + .days(14))
        }
        for subscription in [change, try Fixture.trial().after { try $0.pay(forPeriods: 1, at: start) }] {
            let intervals = subscription.promisedAccess.map(\.interval)
            for (before, after) in zip(intervals, intervals.dropFirst()) { #expect(before.endsAt == after.startsAt) }
        }
        #expect(change.promisedAccess.count == 2)
    }

    /// Whatever the clock does to it, at each moment it gives what it was promised to give before.
    @Test func whatIsPromisedIsWhatTheStatusGivesAtEachMoment() throws {
        var kinds = [
            Fixture.trial(), Fixture.started(paid: 3), Fixture.started(paid: 0), Fixture.started(Fixture.free, paid: 0),
            Fixture.started(Fixture.graceless, paid: 2),
        ]
        kinds.append(try Fixture.trial().after { try $0.convertTrial(now: false, at: start) })
        kinds.append(try Fixture.started().after { try $0.pause(until: start + .days(50), at: start + .days(3)) })
        kinds.append(try Fixture.started().after { try $0.changePlan(to: Fixture.free, now: false, at: start) })
        kinds.append(
            try Fixture.started(Fixture.free, paid: 0).after {
                try $0.changePlan(to: Fixture.yearly, now: false, at: start)
            })
        for subscription in kinds
            + (try kinds.filter { $0.status != .paused }.map { kind in
                try kind.after { try $0.cancel(now: false, at: start) }
            })
        {
            var moments: [Timestamp] = []
            var later = subscription
            while let due = later.dueAt, moments.count < 16 {
                moments += [due + TimeSpan(milliseconds: -1), due, due + .hours(5)]
                later = later.advanced(to: due)
            }
            for moment in moments {
                let then = subscription.advanced(to: moment)
                let isLive = [.trialing, .active, .pastDue].contains(then.status)
                for entitlement in [Fixture.all[0], Fixture.golem[0]] {
                    let isGiven = isLive && then.terms.entitlements.contains(entitlement)
                    #expect(
                        subscription.gives(entitlement, at: moment) == isGiven,
                        "\(subscription.version) \(subscription.status) \(entitlement.name) \(moment)")
                    #expect(then.gives(entitlement, at: moment) == isGiven)
                }
            }
        }
    }

    // MARK: - What becomes of grants

    @Test func aLateJobChangesNoGrant() throws {
        var ledger = Ledger()
        let subscription = Fixture.started(paid: 3)
        _ = ledger.record(subscription, at: start)
        for days in [1, 31, 35, 70, 93, 96] {
            let now = start + .days(days)
            let changes = ledger.record(subscription.advanced(to: now), at: now)
            #expect(changes.voided.isEmpty && changes.added.isEmpty, "\(days)")
        }
        var trial = Ledger()
        let converted = try Fixture.trial().after { try $0.convertTrial(now: false, at: start) }
        _ = trial.record(converted, at: start)
        for days in [15, 20, 22, 300] {
            let now = start + .days(days)
            let changes = trial.record(converted.advanced(to: now), at: now)
            #expect(changes.voided.isEmpty && changes.added.isEmpty, "\(days)")
        }
    }

    @Test func aPauseThatEndedByItselfChangesNoGrantHoweverLateItIsRecorded() throws {
        var ledger = Ledger()
        let active = Fixture.started()
        _ = ledger.record(active, at: start)
        let (pause, end) = (start + .days(5), start + .days(9))
        let paused = try active.after { try $0.pause(until: end, at: pause) }
        _ = ledger.record(paused, at: pause)
        for now in [end, end + .days(3)] {
            let changes = ledger.record(paused.advanced(to: now), at: now)
            #expect(changes.voided.isEmpty && changes.added.isEmpty)
        }
        #expect(!ledger.gives(at: end + TimeSpan(milliseconds: -1)))
        #expect(ledger.gives(at: end))
    }

    @Test func whatWasGivenStaysGiven() throws {
        var ledger = Ledger()
        let active = Fixture.started(paid: 2)
        _ = ledger.record(active, at: start)
        let now = start + .days(10)
        _ = ledger.record(try active.after { try $0.cancel(now: true, at: now) }, at: now)
        #expect(ledger.gives(at: start))
        #expect(ledger.gives(at: now + TimeSpan(milliseconds: -1)))
        #expect(!ledger.gives(at: now))
        // Nothing is edited: what was voided is all there.
        #expect(ledger.grants.filter { $0.voidedAt == now }.map(\.source) == [.subscription, .grace])
    }

    @Test func theTimeOfAPauseIsNotGivenInHindsight() throws {
        var ledger = Ledger()
        let active = Fixture.started()
        _ = ledger.record(active, at: start)
        let (pause, resume) = (start + .days(5), start + .days(9))
        let paused = try active.after { try $0.pause(until: nil, at: pause) }
        _ = ledger.record(paused, at: pause)
        let resumed = try paused.after { try $0.resume(at: resume) }
        _ = ledger.record(resumed, at: resume)
        #expect(ledger.gives(at: pause + TimeSpan(milliseconds: -1)))
        #expect(!ledger.gives(at: pause))
        #expect(!ledger.gives(at: resume + TimeSpan(milliseconds: -1)))
        #expect(ledger.gives(at: resume))
        // Nor when it is paid for once more.
        let later = resume + .days(1)
        _ = ledger.record(try resumed.after { try $0.pay(forPeriods: 1, at: later) }, at: later)
        #expect(!ledger.gives(at: pause))
        #expect(ledger.gives(at: resume))
    }

    @Test func whatAnotherPlanGivesIsNotGivenInHindsightAndWhatItTakesIsTakenFromNowOn() throws {
        var ledger = Ledger()
        let active = Fixture.started()
        _ = ledger.record(active, at: start)
        let now = start + .days(10)
        let changed = try active.after { try $0.changePlan(to: Fixture.yearly, now: true, at: now) }
        _ = ledger.record(changed, at: now)
        let golem = Fixture.golem[0]
        #expect(!ledger.gives(golem, at: now + TimeSpan(milliseconds: -1)))
        #expect(ledger.gives(golem, at: now))
        #expect(ledger.gives(at: now + TimeSpan(milliseconds: -1)))
        #expect(!ledger.gives(at: now))
        let changes = ledger.record(changed.advanced(to: start + .days(31)), at: start + .days(31))
        #expect(changes.voided.isEmpty && changes.added.isEmpty)
    }

    @Test func thereIsNoGapWhenThePaymentComesWithinTheGrace() throws {
        var ledger = Ledger()
        let active = Fixture.started()
        _ = ledger.record(active, at: start)
        let now = active.boundary(1) + .days(3)
        _ = ledger.record(try active.after { try $0.pay(forPeriods: 1, at: now) }, at: now)
        var moment = start
        while moment < active.boundary(2) + .days(7) {
            #expect(ledger.gives(at: moment), "\(moment)")
            moment = moment + .hours(6)
        }
        #expect(!ledger.gives(at: active.boundary(2) + .days(7)))
    }

    @Test func whatWasGivenByHandIsTouchedByNothing() throws {
        // The services hand in only what follows from the subscription; a grant of another is none of its business.
        var ledger = Ledger()
        let gift = Grant(
            id: .init(rawValue: 99), entitlement: .allTitles, source: .complimentary,
            interval: Interval(from: start, until: nil), recordedAt: start)
        ledger.grants = [gift]
        let active = Fixture.started()
        _ = ledger.record(active, at: start)
        _ = ledger.record(try active.after { try $0.cancel(now: true, at: start + .days(1)) }, at: start + .days(1))
        #expect(ledger.grants[0] == gift)
        #expect(ledger.gives(at: start + .days(400)))
    }
}
