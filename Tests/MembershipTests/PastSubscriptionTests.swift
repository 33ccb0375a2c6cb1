import Membership
import Testing

struct PastSubscriptionTests {
    private static let start = Timestamp(milliseconds: 1_767_225_600_000)
    private var start: Timestamp { PastSubscriptionTests.start }

    /// What an account goes through, and what is written down of it.
    private struct History {
        let versions: [PlanVersion]
        private(set) var recorded: Subscription?
        private(set) var events: [Event] = []

        init() throws {
            let euro = try Currency(parsing: "EUR")
            versions = try [1, 2].map { number in
                PlanVersion(
                    plan: Slug(stored: "membership"), version: number,
                    terms: try PlanTerms(
                        prices: [Money(amountMinor: Int64(number) * 900, currency: euro)], trialDays: 14, graceDays: 7,
                        entitlements: [.allTitles]),
                    publishedAt: start)
            }
        }

        func version(_ plan: Slug, _ number: Int) -> PlanVersion { versions[number - 1] }

        mutating func begin(at now: Timestamp, id: Int64) {
            let trial = Subscription.trial(
                id: Identifier(rawValue: id), of: Identifier(rawValue: 1), to: versions[0],
                zone: try! Zone(parsing: "Europe/Berlin"), at: now)
            record(SubscriptionLife(beginning: trial, by: .startTrial), at: now)
        }

        /// A command, or a job when it does nothing but look at the clock. What is refused is not recorded.
        mutating func change(at now: Timestamp, _ command: (inout SubscriptionLife) throws -> Void) {
            guard let recorded else { return }
            var life = SubscriptionLife(recorded)
            do { try command(&life) } catch { return }
            record(life, at: now)
        }

        private mutating func record(_ life: SubscriptionLife, at now: Timestamp) {
            for step in life.steps {
                var json = JSONText()
                if let from = step.from { json.add("from", from.rawValue) }
                json.add("transition", step.transition.rawValue)
                json.add("subscription", step.subscription.snapshot)
                note(step.transition.rule.event, json.text, effectiveAt: step.effectiveAt, at: now)
            }
            recorded = life.subscription
        }

        mutating func note(
            _ kind: Event.Kind, _ data: String, effectiveAt: Timestamp, at now: Timestamp,
            subscription: Identifier<Subscription>? = Identifier(rawValue: 1)
        ) {
            events.append(
                Event(
                    accountID: Identifier(rawValue: 1), sequence: Int64(events.count + 1), kind: kind,
                    subscriptionID: subscription, actor: .unnamed, reason: nil, data: data, effectiveAt: effectiveAt,
                    recordedAt: now))
        }

        func past(at moment: Timestamp, knownAt known: Timestamp) throws -> PastSubscription {
            try PastSubscription(events: events, at: moment, knownAt: known, version: version)
        }

        func status(at moment: Timestamp, knownAt known: Timestamp) throws -> Subscription.Status? {
            guard case .known(let subscription) = try past(at: moment, knownAt: known) else { return nil }
            return subscription.status
        }
    }

    @Test func whatWasShownAtAMomentIsWhatIsAnsweredForItForEver() throws {
        for seed in 0..<150 {
            var history = try History()
            var now = start
            var shown: [(at: Timestamp, subscription: Subscription)] = []
            history.begin(at: now, id: 1)
            for step in 0..<30 {
                // Between a second and a month.
                now = now + TimeSpan(milliseconds: .random(in: 1000...2_600_000_000))
                let versions = history.versions
                history.change(at: now) { try takeAnything(&$0, versions, at: now) }
                if history.recorded?.status.isFinal == true, Bool.random() {
                    history.begin(at: now, id: Int64(step + 2))
                }
                let later = now + TimeSpan(milliseconds: .random(in: 0...999))
                if let recorded = history.recorded { shown.append((later, recorded.advanced(to: later))) }
            }
            for (moment, subscription) in shown {
                #expect(try history.past(at: moment, knownAt: moment) == .known(subscription), "history \(seed)")
                let ahead = moment + .days(.random(in: 0...400))
                #expect(
                    try history.past(at: ahead, knownAt: moment) == .known(subscription.advanced(to: ahead)),
                    "history \(seed)")
            }
        }
    }

    private func takeAnything(_ life: inout SubscriptionLife, _ versions: [PlanVersion], at now: Timestamp) throws {
        switch Int.random(in: 0..<11) {
        case 0: try life.extendTrial(byDays: .random(in: 1...30), at: now)
        case 1: try life.convertTrial(now: Bool.random(), at: now)
        case 2: try life.pay(forPeriods: .random(in: 1...3), at: now)
        case 3: try life.activate(at: now)
        case 4: try life.cancel(now: Int.random(in: 0..<4) == 0, at: now)
        case 5: try life.resume(at: now)
        case 6: try life.pause(until: Bool.random() ? now + .days(.random(in: 1...60)) : nil, at: now)
        case 7: try life.changePlan(to: versions.randomElement() ?? versions[0], now: Bool.random(), at: now)
        case 8: try life.endTrial(at: now)
        case 9: life.advance(to: now)
        default: break
        }
    }

    @Test func whatWasRecordedLaterWasNotKnown() throws {
        var history = try History()
        history.begin(at: start, id: 1)
        history.change(at: start + .days(10)) { try $0.extendTrial(byDays: 7, at: start + .days(10)) }
        let day15 = start + .days(15)
        #expect(try history.status(at: day15, knownAt: start + .days(9)) == .expired)
        #expect(try history.status(at: day15, knownAt: start + .days(10)) == .trialing)
    }

    @Test func whatAJobRecordedLateHeldAllTheSame() throws {
        var history = try History()
        history.begin(at: start, id: 1)
        history.change(at: start + .days(30)) { $0.advance(to: start + .days(30)) }
        #expect(history.events.map(\.effectiveAt) == [start, start + .days(14)])
        for known in [15, 30, 40] {
            #expect(try history.status(at: start + .days(13), knownAt: start + .days(known)) == .trialing)
            #expect(try history.status(at: start + .days(14), knownAt: start + .days(known)) == .expired)
        }
    }

    @Test func beforeItsBeginningThereWasNone() throws {
        var history = try History()
        history.begin(at: start, id: 1)
        let before = Timestamp(milliseconds: start.milliseconds - 1)
        #expect(try history.past(at: before, knownAt: start) == .none)
        #expect(try history.past(at: start, knownAt: before) == .none)
        #expect(try history.status(at: start, knownAt: start) == .trialing)
    }

    @Test func eventsThatHoldNoSubscriptionAreSaidNotToAndNeverGuessedAt() throws {
        var history = try History()
        history.note(.accountCreated, "{}", effectiveAt: start, at: start, subscription: nil)
        #expect(try history.past(at: start, knownAt: start) == .none)
        history.note(.trialStarted, "{}", effectiveAt: start, at: start)
        #expect(try history.past(at: start, knownAt: start) == .unrecorded)
        history.begin(at: start + .days(1), id: 1)
        history.note(.trialEnding, "{\"trial_end\":\"soon\"}", effectiveAt: start + .days(2), at: start + .days(2))
        #expect(try history.status(at: start + .days(3), knownAt: start + .days(3)) == .trialing)
    }

    @Test func aSubscriptionThatCannotBeReadIsAnErrorAndNoAnswer() throws {
        var history = try History()
        history.begin(at: start, id: 1)
        let broken = history.events[0].data.split(separator: "trialing").joined(separator: "sleeping")
        history.note(.trialExtended, broken, effectiveAt: start, at: start)
        let error = #expect(throws: MembershipError.self) { try history.past(at: start, knownAt: start) }
        #expect(error?.code == .databaseDamaged)
    }
}
