import Membership
import TestSupport

/// What happens to one account, in words that do not depend on what happened before: steps can be left out, and the rest
/// still means what it meant.
struct LifecycleHistory {
    var zone: String
    /// When the clock stands where it begins.
    var start: Int64
    var steps: [LifecycleStep]
}

enum LifecycleStep: Equatable {
    case plain(LifecycleCommand)
    case wait(Int64)
    /// To a moment at which time does something, or so many milliseconds beside it.
    case waitForTurn(skipping: Int, offset: Int64)
    case pause(lasting: Int64?)
    case start(plan: String, periods: Int, currency: String)
    case pay(periods: Int, currency: String, Amount)
    case payAgain(pick: Int, otherAmount: Bool)
    case give(right: String, fromIn: Int64, lasting: Int64?)
    case void(pick: Int)

    enum Amount: Equatable { case right, wrong, agreed }

    /// What it comes to as things stand; nil when there is nothing to do it to.
    func command(_ model: LifecycleModel, referencePrefix: String) -> LifecycleCommand? {
        func reference() -> String { "\(referencePrefix)-\(model.paid.count + 1)" }
        switch self {
        case .plain(let command): return command
        case .wait(let span): return .setClock(model.now + span)
        case .waitForTurn(let skipping, let offset):
            let turns = model.turns(skipping + 1)
            guard let turn = turns.last, turn + offset > model.now else { return nil }
            return .setClock(turn + offset)
        case .pause(let lasting): return .pause(until: lasting.map { model.now + $0 })
        case .start(let plan, let periods, let currency):
            guard periods > 0, let price = model.offer(plan)?.prices[currency] else {
                return .start(plan: plan, nil, anyAmount: false)
            }
            let money = LifecycleModel.Money(amount: price * Int64(periods), currency: currency)
            return .start(
                plan: plan, .init(money: money, periods: periods, reference: reference()), anyAmount: false)
        case .pay(let periods, let currency, let amount):
            let price = model.agreement.flatMap { _ in model.agreement(at: model.now) }
                .flatMap { model.price(of: periods, in: currency, for: $0) }
            let money = LifecycleModel.Money(
                amount: (price ?? 999) + (amount == .right ? 0 : 1), currency: currency)
            return .pay(
                .init(money: money, periods: periods, reference: reference()), anyAmount: amount == .agreed)
        case .payAgain(let pick, let otherAmount):
            guard !model.paid.isEmpty else { return nil }
            var payment = model.paid[pick % model.paid.count]
            if otherAmount { payment.money.amount += 1 }
            return .pay(payment, anyAmount: otherAmount)
        case .give(let right, let fromIn, let lasting):
            let from = model.now + fromIn
            return .give(.init(right: right, from: from, until: lasting.map { from + $0 }))
        case .void(let pick):
            return model.gifts.isEmpty ? nil : .void(gift: pick % model.gifts.count)
        }
    }
}

// MARK: - Inventing histories

extension LifecycleHistory {
    /// Before this no history begins: a sandbox that a person makes for a script of one begins with the wall clock, and
    /// goes forward only.
    static let epoch: Int64 = 1_893_456_000_000  // 2030-01-01T00:00:00Z

    static let zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]
    static let plans = ["membership", "thirty", "yearly", "gratis", "local"]

    /// A beginning at or after a moment: the end of a month, a leap day, beside a change of the clocks, or any time.
    static func beginning(after now: Int64, zone: String, _ numbers: inout SeededNumbers) -> Int64 {
        let calendar = ZoneCalendar(zone)
        let hour: Int64 = 3_600_000
        var wall = calendar.wall(now + LifecycleModel.day)
        switch numbers.below(10) {
        case 0...3:
            (wall.day, wall.wantedDay) = (1, numbers.pick([29, 30, 31, 31]))
            wall = calendar.step(wall, .month, numbers.below(3))
        case 4:
            wall = .init(year: wall.year + (4 - wall.year % 4) % 4, month: 2, day: 29, wantedDay: 29, milliseconds: 0)
        case 5...6:
            // Most zones move their clocks in these months, on some Sunday.
            wall.month = numbers.pick([3, 4, 10, 11])
            (wall.day, wall.wantedDay) = (numbers.below(28) + 1, 31)
        default:
            wall = calendar.step(wall, .day, numbers.below(40))
        }
        wall.milliseconds = numbers.pick([
            0, 30 * 60_000, 2 * hour, 2 * hour + 15 * 60_000, 2 * hour + 45 * 60_000, 3 * hour, 10 * hour + 1,
            24 * hour - 1, Int64(numbers.below(86_400_000)),
        ])
        var moment = calendar.moment(wall)
        while moment < now { moment += 365 * LifecycleModel.day }
        return moment
    }

    /// The next step, more often than not one that the state of things allows.
    static func step(_ model: LifecycleModel, _ numbers: inout SeededNumbers) -> LifecycleStep {
        guard model.signedUpAt != nil else {
            return numbers.chance(3) ? .plain(.activate) : .plain(.signUp(withTrial: numbers.chance(75)))
        }
        let roll = numbers.below(100)
        if roll < 34 { return waiting(&numbers) }
        if roll < 39 { return .plain(.runJobs) }
        if roll < 44 { return giving(&numbers) }
        guard let agreement = model.agreement(at: model.now), !agreement.isOver else {
            return roll < 54 ? any(&numbers) : beginning(&numbers)
        }
        if roll < 54 { return any(&numbers) }
        return switch agreement.status {
        case .trialing: numbers.pick([trialing(&numbers), trialing(&numbers), paying(&numbers), leaving(&numbers)])
        case .active:
            numbers.pick([
                paying(&numbers), leaving(&numbers), changing(&numbers), .pause(lasting: pauseLength(&numbers)),
            ])
        case .pastDue: numbers.pick([paying(&numbers), paying(&numbers), leaving(&numbers), changing(&numbers)])
        case .paused: numbers.pick([.plain(.resume), paying(&numbers), leaving(&numbers), waiting(&numbers)])
        case .canceled, .expired: beginning(&numbers)
        }
    }

    private static func waiting(_ numbers: inout SeededNumbers) -> LifecycleStep {
        let day = LifecycleModel.day
        if numbers.chance(60) {
            return .waitForTurn(skipping: numbers.pick([0, 0, 0, 0, 1, 2, 5]), offset: numbers.pick([-1, 0, 0, 1]))
        }
        return .wait(
            numbers.pick([
                60_000, 3_600_000, 11_111_111, day, day, 3 * day, 7 * day, 14 * day, 15 * day, 30 * day, 31 * day,
                61 * day, 365 * day,
            ]))
    }

    private static func beginning(_ numbers: inout SeededNumbers) -> LifecycleStep {
        if numbers.chance(20) { return .plain(.startTrial) }
        return .start(
            plan: numbers.pick(plans), periods: numbers.pick([0, 1, 1, 1, 2, 3, 12]),
            currency: numbers.pick(["EUR", "EUR", "USD"]))
    }

    private static func trialing(_ numbers: inout SeededNumbers) -> LifecycleStep {
        numbers.pick([
            .plain(.extendTrial(days: numbers.pick([1, 7, 30, 365, 0, 366]))), .plain(.endTrial),
            .plain(.convertTrial(now: false)), .plain(.convertTrial(now: false)), .plain(.convertTrial(now: true)),
            .plain(.activate), .plain(.changePlan(numbers.pick(plans), now: true)), .plain(.startTrial),
        ])
    }

    private static func paying(_ numbers: inout SeededNumbers) -> LifecycleStep {
        switch numbers.below(10) {
        case 0: .payAgain(pick: numbers.below(8), otherAmount: false)
        case 1: .payAgain(pick: numbers.below(8), otherAmount: true)
        case 2: .plain(.activate)
        default:
            .pay(
                periods: numbers.pick([1, 1, 1, 2, 3, 12]),
                currency: numbers.pick(["EUR", "EUR", "EUR", "USD", "GBP"]),
                numbers.pick([.right, .right, .right, .right, .agreed, .wrong]))
        }
    }

    private static func leaving(_ numbers: inout SeededNumbers) -> LifecycleStep {
        numbers.pick([
            .plain(.cancel(now: false)), .plain(.cancel(now: false)), .plain(.resume), .plain(.renew),
            .plain(.cancel(now: numbers.chance(30))),
        ])
    }

    private static func changing(_ numbers: inout SeededNumbers) -> LifecycleStep {
        .plain(.changePlan(numbers.pick(plans), now: numbers.chance(40)))
    }

    private static func pauseLength(_ numbers: inout SeededNumbers) -> Int64? {
        let day = LifecycleModel.day
        return numbers.pick([nil, nil, 1, 12_345_678, day, 10 * day, 31 * day, 400 * day, 0, -day])
    }

    private static func giving(_ numbers: inout SeededNumbers) -> LifecycleStep {
        let day = LifecycleModel.day
        if numbers.chance(30) { return .void(pick: numbers.below(4)) }
        return .give(
            right: numbers.pick(["all-titles", "title:golem", "title:golem", "title:other"]),
            fromIn: numbers.pick([0, 0, day, 30 * day, -day]),
            lasting: numbers.pick([nil, 1, day, 20 * day, 100 * day, 0]))
    }

    private static func any(_ numbers: inout SeededNumbers) -> LifecycleStep {
        switch numbers.below(9) {
        case 0: beginning(&numbers)
        case 1: trialing(&numbers)
        case 2: paying(&numbers)
        case 3, 4: leaving(&numbers)
        case 5: changing(&numbers)
        case 6: .pause(lasting: pauseLength(&numbers))
        case 7: .plain(.signUp(withTrial: true))
        default: giving(&numbers)
        }
    }
}
