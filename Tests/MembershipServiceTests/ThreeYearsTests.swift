import Membership
import MembershipService
import MembershipStore
import TestSupport
import Testing

/// Ten thousand subscriptions through three years of daily jobs: what was recorded is what a calendar of its own says.
struct ThreeYearsTests {
    private static let days = 1096
    /// On a server each transaction is a conversation, so that ten thousand would take too long for every run.
    private let count = TestEngine.isSQLite ? 10_000 : 1000

    @Test func everyRenewalIsOnItsAnchorDayAndNoMessageIsMissingOrSentTwice() async throws {
        let database = try await TestDatabase.sandbox()
        let store = try await database.store()
        try await database.services.prepareForThreeYears(store)
        let members = try await signUp(store)
        let jobs = try await database.services.jobs.list().map(\.name).filter {
            !["outbox-delivery", "purge"].contains($0)
        }
        #expect(jobs.contains("renewal"))
        let payers = Dictionary(
            grouping: members.flatMap { member in member.paymentDays.map { ($0, member) } }, by: \.0)
        for day in 0...ThreeYearsTests.days {
            let now = TestDatabase.start + .days(day)
            _ = try await database.services.clock.set(to: now)
            // A job that has nothing due only waits for the disk: that it does nothing is seen every tenth day.
            let due = try await database.services.jobs.list().filter { $0.dueCount > 0 }.map(\.name)
            for job in jobs where day % 10 == 0 || due.contains(job) {
                let report = try await database.services.jobs.run(job)
                #expect(report.processed > 0 || !due.contains(job))
            }
            for (_, payer) in payers[day] ?? [] {
                _ = try await database.services.payments.record(
                    .id(payer.account),
                    NewPayment(
                        amount: Money(amountMinor: 999, currency: Currency(stored: "EUR")),
                        reference: "\(payer.account)-\(day)", periods: 1))
            }
        }
        for job in jobs { #expect(try await database.services.jobs.run(job).processed == 0, "\(job)") }
        try await check(members, store)
    }

    /// Makes accounts and subscriptions as the services do, a thousand in a transaction.
    private func signUp(_ store: Store) async throws -> [Member] {
        var members: [Member] = []
        while members.count < count {
            let first = members.count
            let size = min(1000, count - first)
            members += try await store.write { tx in
                try (first..<first + size).map { number in try tx.signUp(Member.Wish(number: number)) }
            }
        }
        return members
    }

    private func check(_ members: [Member], _ store: Store) async throws {
        let end = TestDatabase.start + .days(ThreeYearsTests.days)
        var renewals = 0
        for first in stride(from: 0, to: members.count, by: 500) {
            let part = Array(members[first..<min(first + 500, members.count)])
            let found = try await store.read { tx in
                try part.map { member in
                    (
                        events: try tx.events(of: member.account), messages: try tx.messages(to: member.account),
                        fault: try tx.chainFault(of: member.account)
                    )
                }
            }
            for (member, found) in zip(part, found) {
                let expected = member.expected(until: end)
                let kinds = found.events.map { Member.Happening(kind: $0.kind, at: $0.effectiveAt) }
                #expect(kinds == expected.events, "\(member.wish)")
                #expect(found.messages == expected.messages, "\(member.wish)")
                #expect(found.fault == nil, "\(member.wish)")
                renewals += kinds.count { $0.kind == .subscriptionRenewed }
            }
        }
        #expect(renewals > 4 * members.count)
    }
}

/// One of those who are taken through the years, and what must become of it.
private struct Member: Sendable {
    let wish: Wish
    let account: Identifier<Account>

    struct Happening: Equatable, Sendable {
        var kind: Event.Kind
        var at: Timestamp
    }

    /// What somebody is, decided by a number.
    struct Wish: Sendable, CustomStringConvertible {
        let zone: String
        /// When the trial or the first period begins: in the thirty days before the clock's beginning.
        let start: Timestamp
        let kind: Kind
        let plan: String
        let every: Int
        let unit: BillingInterval.Unit
        let graceDays: Int

        enum Kind: Equatable, Sendable {
            /// So many periods are paid for at the start.
            case prepaid(Int)
            /// As before, and cancelled at the start.
            case cancelled(Int)
            /// Pays for a period on the first morning in it.
            case paysLate
            /// Pays for a period on the last morning before it.
            case paysEarly
            case free
            /// In its trial, and does nothing.
            case tries
            /// In its trial, to be followed by so many periods; 0 are paid for when it forgets to.
            case converts(Int)
        }

        private static let zones = [
            "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
            "America/St_Johns", "Asia/Kolkata", "Asia/Tokyo", "Africa/Cairo", "Australia/Sydney", "Australia/Lord_Howe",
            "Pacific/Apia", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Honolulu",
        ]

        init(number: Int) {
            var numbers = SeededNumbers(seed: UInt64(number))
            zone = numbers.pick(Wish.zones)
            let roll = numbers.below(100)
            switch roll {
            case 0..<7: kind = .prepaid(40)
            case 7..<15: kind = .prepaid(1 + numbers.below(12))
            case 15..<60: kind = .prepaid(13)
            case 60..<70: kind = .cancelled(1 + numbers.below(6))
            case 70..<71: kind = .paysLate
            case 71..<72: kind = .paysEarly
            case 72..<75: kind = .free
            case 75..<90: kind = .tries
            default: kind = .converts(numbers.below(3))
            }
            (plan, every, unit, graceDays) =
                switch kind {
                case .prepaid(13):
                    numbers.pick([("quarterly", 3, .month, 7), ("yearly", 1, .year, 14), ("yearly", 1, .year, 14)])
                case .prepaid, .cancelled: numbers.pick([("monthly", 1, .month, 7), ("thirty", 30, .day, 0)])
                case .free: ("gratis", 1, .month, 0)
                case .paysLate, .paysEarly, .tries, .converts: ("monthly", 1, .month, 7)
                }
            // A third at the end of the month, so that many anchors are on the 29th, 30th or 31st.
            let day = numbers.chance(33) ? 27 + numbers.below(4) : 1 + numbers.below(29)
            start = TestDatabase.start + .days(day - 31) + TimeSpan(milliseconds: Int64(numbers.below(86_400_000)))
        }

        var description: String { "\(plan) \(kind) \(zone) from \(start)" }
    }

    /// When a period begins, by Foundation's calendar; the first with the start, or with the end of the trial.
    private func boundary(_ number: Int) -> Timestamp {
        if number == 0 { return anchor }
        let calendar = ZoneCalendar(wish.zone)
        let wall = calendar.step(calendar.wall(anchor.milliseconds), wish.unit, wish.every * number)
        return Timestamp(milliseconds: calendar.moment(wall))
    }

    private var anchor: Timestamp {
        switch wish.kind {
        case .tries, .converts: wish.start + .days(14)
        default: wish.start
        }
    }

    /// The days on which it pays, counted from the clock's beginning: jobs run at their start.
    var paymentDays: [Int] {
        guard wish.kind == .paysLate || wish.kind == .paysEarly else { return [] }
        return (1...60).map { morning(from: boundary($0)) - (wish.kind == .paysLate ? 0 : 1) }
    }

    /// The first day at whose start jobs run that is not before a moment.
    private func morning(from moment: Timestamp) -> Int {
        max(0, Int(((moment - TestDatabase.start).milliseconds + 86_399_999) / 86_400_000))
    }

    /// What must have been recorded, and told, by a moment.
    func expected(until end: Timestamp) -> (events: [Happening], messages: [Message]) {
        var turns: [(kind: Event.Kind, at: Timestamp, message: Message?)] = []
        func renew(_ numbers: Range<Int>) {
            for number in numbers { turns.append((.subscriptionRenewed, boundary(number), .renewal)) }
        }
        func lapse(at moment: Timestamp) {
            turns.append((.subscriptionPastDue, moment, .paymentOverdue))
            turns.append((.subscriptionExpired, moment + .days(wish.graceDays), .accessEnded))
        }
        switch wish.kind {
        case .prepaid(let periods):
            turns.append((.subscriptionStarted, wish.start, nil))
            renew(1..<periods)
            lapse(at: boundary(periods))
        case .cancelled(let periods):
            turns.append((.subscriptionStarted, wish.start, nil))
            turns.append((.cancelScheduled, wish.start, .cancelScheduled))
            renew(1..<periods)
            turns.append((.accessEnded, boundary(periods), .accessEnded))
        case .free:
            turns.append((.subscriptionStarted, wish.start, nil))
            renew(1..<60)
        case .paysLate, .paysEarly:
            turns.append((.subscriptionStarted, wish.start, nil))
            for (number, day) in zip(1..., paymentDays) {
                let payment = (Event.Kind.paymentRecorded, TestDatabase.start + .days(day), Message?.none)
                if wish.kind == .paysEarly {
                    turns += [payment, (.subscriptionRenewed, boundary(number), .renewal)]
                } else {
                    turns += [(.subscriptionPastDue, boundary(number), .paymentOverdue), payment]
                }
            }
        case .tries:
            turns.append((.trialStarted, wish.start, nil))
            if let morning = reminder { turns.append((.trialEnding, morning, .trialEnding)) }
            turns.append((.trialEnded, anchor, .trialEnded))
        case .converts(let periods):
            turns.append((.trialStarted, wish.start, nil))
            turns.append((.trialConversionScheduled, wish.start, nil))
            if periods == 0 {
                lapse(at: anchor)
            } else {
                turns.append((.trialConverted, anchor, .renewal))
                renew(1..<periods)
                lapse(at: boundary(periods))
            }
        }
        let past = turns.filter { $0.at <= end }
        var told: [Message] = []
        for (turn, next) in zip(past, past.dropFirst().map(Optional.some) + [nil]) {
            // What the same morning's jobs record together is told once, and the last of it.
            let isOvertaken =
                turn.kind == .subscriptionPastDue && next?.kind == .subscriptionExpired
                && next.map { morning(from: $0.at) } == morning(from: turn.at)
            if let message = turn.message, !isOvertaken { told.append(message) }
        }
        return (
            past.map { Happening(kind: $0.kind, at: $0.kind.isRecordedWithTheStart ? TestDatabase.start : $0.at) }, told
        )
    }

    /// The first morning in the last three days of the trial on which jobs ran.
    private var reminder: Timestamp? {
        var morning = TestDatabase.start
        while morning + .days(3) < anchor { morning = morning + .days(1) }
        return morning < anchor ? morning : nil
    }
}

extension Event.Kind {
    /// What the test itself writes down holds from when it does so.
    fileprivate var isRecordedWithTheStart: Bool {
        switch self {
        case .subscriptionStarted, .trialStarted, .cancelScheduled, .trialConversionScheduled: true
        default: false
        }
    }
}

extension Services {
    fileprivate func prepareForThreeYears(_ store: Store) async throws {
        try await store.write { tx in
            for (name, price, interval, graceDays) in [
                ("monthly", 999, BillingInterval.month, 7), ("thirty", 799, BillingInterval(stored: 30, .day), 0),
                ("quarterly", 2499, BillingInterval(stored: 3, .month), 7),
                ("yearly", 9900, BillingInterval(stored: 1, .year), 14), ("gratis", 0, .month, 0),
            ] {
                let plan = Slug(stored: name)
                try tx.insertPlan(plan)
                try tx.insert(
                    PlanVersion(
                        plan: plan, version: 1,
                        terms: try PlanTerms(
                            prices: [Money(amountMinor: Int64(price), currency: Currency(stored: "EUR"))],
                            interval: interval, trialDays: 14, graceDays: graceDays, entitlements: [.allTitles]),
                        publishedAt: tx.now))
            }
        }
    }
}

extension WriteTransaction {
    /// An account with its subscription, grants and events, as the services write them.
    fileprivate func signUp(_ wish: Member.Wish) throws -> Member {
        let account = try insertAccount(
            email: EmailAddress(parsing: "m\(newSubscriptionIdentifier())@example.com"), name: nil, timeZone: wish.zone)
        let version = try version(1, ofPlan: Slug(stored: wish.plan))
        let zone = try Zone(parsing: wish.zone)
        let id = newSubscriptionIdentifier()
        var life: SubscriptionLife
        func started(_ periods: Int) -> SubscriptionLife {
            .init(
                beginning: .started(
                    id: id, of: account.id, to: version, zone: zone, paidPeriods: periods, at: wish.start), by: .start)
        }
        switch wish.kind {
        case .prepaid(let periods): life = started(periods)
        case .cancelled(let periods):
            life = started(periods)
            try life.cancel(now: false, at: wish.start)
        case .paysLate, .paysEarly: life = started(1)
        case .free: life = started(0)
        case .tries, .converts:
            life = .init(
                beginning: .trial(id: id, of: account.id, to: version, zone: zone, at: wish.start), by: .startTrial)
            if case .converts(let periods) = wish.kind {
                try life.convertTrial(now: false, at: wish.start)
                if periods > 0 { try life.pay(forPeriods: periods, at: wish.start) }
            }
        }
        try insert(life.subscription)
        for promise in life.subscription.promisedAccess {
            _ = try insertGrant(to: account.id, promise, subscription: id)
        }
        try record(
            life.steps.filter { $0.transition != .pay }.map { step in
                NewEvent(
                    step.transition.rule.event, account: account.id, subscription: id,
                    message: step.transition.rule.message)
            }, isNewAccount: true)
        return Member(wish: wish, account: account.id)
    }
}
