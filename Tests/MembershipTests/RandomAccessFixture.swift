import Membership
import TestSupport

extension AccessFixture {
    /// Half-hour zones, zones whose clocks are moved at midnight or by half an hour, and both ends of the day.
    private static let zones = [
        "UTC", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Europe/Berlin",
        "America/New_York", "America/Havana", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Pago_Pago",
    ]

    private static let entitlements = [
        Entitlement.allTitles, .title(golem), .title(Slug(stored: "heise")), Entitlement(stored: "section:golem/sport"),
        Entitlement(stored: "title:golem-plus"),
    ]

    /// Facts of all kinds around a moment, which close enough together meet each other.
    static func random(around middle: Timestamp, _ numbers: inout SeededNumbers) -> AccessFixture {
        var fixture = AccessFixture(nil, numbers.chance(60) ? .account : numbers.pick([.anonymous, .visitor]))
        fixture.zone = (try? Zone(parsing: numbers.pick(zones))) ?? .utc
        fixture.publishedAt = numbers.moment(around: middle)
        fixture.hasSection = numbers.chance(80)
        fixture.createdAt = numbers.chance(70) ? middle + .days(-60) : numbers.moment(around: middle)
        for target in chain where numbers.chance(70) { fixture.addRandomRules(target, around: middle, &numbers) }
        if numbers.chance(30) {
            fixture.suspensions = [Suspension(interval: numbers.interval(around: middle), reason: "x")]
        }
        for _ in 0..<numbers.below(4) {
            let interval = numbers.interval(around: middle)
            fixture.grant(
                numbers.pick(entitlements), numbers.pick(Grant.Source.allCases), from: interval.startsAt,
                until: interval.endsAt)
        }
        for _ in 0..<numbers.below(6) {
            fixture.open(
                Int64(1 + numbers.below(4)), at: numbers.moment(around: middle),
                by: numbers.pick([ofTitle, .everything]))
        }
        if numbers.chance(60) { fixture.subscription = randomSubscription(around: middle, fixture.zone, &numbers) }
        if let promised = fixture.subscription?.promisedAccess, numbers.chance(60) {
            for promise in promised {
                fixture.grant(
                    promise.entitlement, promise.source, from: promise.interval.startsAt, until: promise.interval.endsAt
                )
            }
        } else if numbers.chance(40) {
            // Somebody who owes, and whose grace has been taken away.
            let plan = SubscriptionFixture.plan("slow", 999, graceDays: 60)
            let due = numbers.moment(around: middle) + .days(-20)
            fixture.subscription = SubscriptionFixture.started(
                plan, paid: numbers.below(2), at: due, zone: fixture.zone)
            fixture.grants = []
            fixture.grant(.allTitles, numbers.pick([.subscription, .grace]), from: due + .days(-30), until: due)
        }
        fixture.trialDays = numbers.pick([0, 14])
        fixture.plans = [goldPlan, golemPlan, otherPlan].filter { _ in numbers.chance(50) }
        return fixture
    }

    /// Rules that follow each other, some with a gap between them.
    private mutating func addRandomRules(
        _ target: RuleTarget, around middle: Timestamp, _ numbers: inout SeededNumbers
    ) {
        var cuts = (0..<1 + numbers.below(4)).map { _ in numbers.moment(around: middle) }
        cuts.append(middle + .days(-1000))
        cuts = Set(cuts).sorted()
        for (index, start) in cuts.enumerated() where numbers.chance(75) {
            let end = index + 1 < cuts.count ? cuts[index + 1] : nil
            if numbers.chance(5) {
                unreadableRule(target, from: start, until: end)
            } else {
                rule(target, AccessFixture.randomSettings(target, around: middle, &numbers), from: start, until: end)
            }
        }
    }

    private static func randomSettings(
        _ target: RuleTarget, around middle: Timestamp, _ numbers: inout SeededNumbers
    ) -> RuleSettings {
        let hasMeter = if case .title = target { numbers.chance(60) } else { target == .everything }
        return RuleSettings(
            terms: numbers.chance(70) ? randomTerms(&numbers) : nil,
            embargoUntil: numbers.chance(15) ? numbers.moment(around: middle) : nil,
            isWithdrawn: numbers.chance(8),
            meter: hasMeter ? MeterAllowance(stored: numbers.below(3), registered: numbers.below(4)) : nil)
    }

    private static func randomTerms(_ numbers: inout SeededNumbers) -> AccessTerms {
        let freeFor = numbers.chance(20) ? TimeSpan.hours(1 + numbers.below(100)) : nil
        let freeAfter = numbers.chance(20) ? TimeSpan.hours(101 + numbers.below(1000)) : nil
        return terms(
            numbers.pick([.free, .registered, .metered, .metered, .metered, .premium]), freeFor: freeFor,
            freeAfter: freeAfter,
            requires: numbers.chance(20) ? (0..<2).map { _ in numbers.pick(entitlements) } : [])
    }

    /// A subscription that somebody has dealt with.
    private static func randomSubscription(
        around middle: Timestamp, _ zone: Zone, _ numbers: inout SeededNumbers
    ) -> Subscription {
        let plans = [
            SubscriptionFixture.monthly, SubscriptionFixture.yearly, SubscriptionFixture.free,
            SubscriptionFixture.graceless,
            SubscriptionFixture.plan("heise", 100, graceDays: 3, gives: [entitlements[2]]),
        ]
        var moment = numbers.moment(around: middle) + .days(-30)
        var life = SubscriptionLife(
            numbers.chance(50)
                ? SubscriptionFixture.trial(numbers.pick(plans), at: moment, zone: zone)
                : SubscriptionFixture.started(
                    numbers.pick(plans), paid: numbers.below(8), at: moment, zone: zone))
        for _ in 0..<numbers.below(5) {
            moment = moment + TimeSpan(milliseconds: Int64(numbers.below(20 * 86_400_000)))
            switch numbers.below(8) {
            case 0: try? life.pay(forPeriods: 1 + numbers.below(6), at: moment)
            case 1: try? life.cancel(now: false, at: moment)
            case 2: try? life.pause(until: numbers.chance(50) ? moment + .days(1 + numbers.below(30)) : nil, at: moment)
            case 3: try? life.resume(at: moment)
            case 4: try? life.convertTrial(now: numbers.chance(50), at: moment)
            case 5: try? life.changePlan(to: numbers.pick(plans), now: numbers.chance(50), at: moment)
            case 6: try? life.activate(at: moment)
            default: try? life.extendTrial(byDays: 1 + numbers.below(20), at: moment)
            }
        }
        return life.subscription
    }

    // MARK: - When anything can change

    /// The moments at which any of the facts has a border, its neighbours, and moments of no meaning.
    func probes(around middle: Timestamp, _ numbers: inout SeededNumbers) -> [Timestamp] {
        var borders = [publishedAt, createdAt]
        for interval in rules.map(\.interval) + grants.map(\.interval) + suspensions.map(\.interval) {
            borders += [interval.startsAt] + (interval.endsAt.map { [$0] } ?? [])
        }
        let outings = [publishedAt] + rules.compactMap { $0.settings?.embargoUntil }
        borders += outings
        for terms in rules.compactMap({ $0.settings?.terms }) {
            for span in [terms.freeFor, terms.freeAfter].compactMap(\.self) { borders += outings.map { $0 + span } }
        }
        var month = CalendarMonth(containing: middle + .days(-40), in: zone)
        for _ in 0..<6 {
            borders += [month.interval(in: zone).startsAt]
            month = month.next
        }
        var later = subscription
        for _ in 0..<30 {
            guard let due = later?.dueAt else { break }
            borders.append(due)
            later = later?.advanced(to: due)
        }
        borders += reads.map(\.openedAt)
        let around = borders.flatMap { [$0 + AccessFixture.before, $0, $0 + AccessFixture.millisecond] }
        return Set(around + (0..<5).map { _ in numbers.moment(around: middle) }).sorted()
    }
}

extension SeededNumbers {
    /// Whole hours often, so that borders fall together.
    mutating func moment(around middle: Timestamp) -> Timestamp {
        let hours = middle + .hours(below(60 * 24) - 30 * 24)
        return chance(60) ? hours : hours + TimeSpan(milliseconds: Int64(below(3_600_000)))
    }

    mutating func interval(around middle: Timestamp) -> Interval {
        let start = moment(around: middle)
        return Interval(from: start, until: chance(25) ? nil : start + .hours(1 + below(30 * 24)))
    }
}
