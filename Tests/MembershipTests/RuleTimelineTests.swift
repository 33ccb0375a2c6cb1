import Membership
import Testing
import TestSupport

/// The rules of one target in time, held against an array with what is said at each hour.
struct RuleTimelineTests {
    private static let start = Timestamp(milliseconds: 1_767_225_600_000)
    private static let hours = 16

    private static func hour(_ number: Int) -> Timestamp { start + .hours(number) }

    /// Everything that was ever written, as the table has it.
    private struct Books {
        var rules: [AccessRule] = []
        private var next: Int64 = 1

        var timeline: RuleTimeline { RuleTimeline(rules.filter { $0.voidedAt == nil }) }

        func known(at moment: Timestamp) -> [AccessRule] { rules.compactMap { $0.asKnown(at: moment) } }

        mutating func take(_ revision: RuleTimeline.Revision, at now: Timestamp) {
            let voided = Set(revision.voided.map(\.id))
            rules = rules.map { rule in
                guard voided.contains(rule.id) else { return rule }
                return AccessRule(
                    id: rule.id, target: rule.target, content: rule.content, interval: rule.interval,
                    recordedAt: rule.recordedAt, voiding: .init(at: now, actor: .unnamed))
            }
            for piece in revision.written { add(.settings(piece.settings), during: piece.interval, at: now) }
        }

        mutating func add(_ content: AccessRule.Content, during interval: Interval, at now: Timestamp) {
            rules.append(
                AccessRule(
                    id: .init(rawValue: next), target: .everything, content: content, interval: interval,
                    recordedAt: now))
            next += 1
        }
    }

    private static func said(_ rules: [AccessRule], at moment: Timestamp) -> RuleSettings? {
        rules.first { $0.interval.contains(moment) }?.settings
    }

    private static func settings(_ random: inout SeededNumbers) -> RuleSettings {
        RuleSettings(
            terms: AccessTerms(
                stored: random.pick(AccessLevel.allCases), freeFor: nil, freeAfter: nil, requires: []),
            isWithdrawn: random.chance(20))
    }

    private static func interval(_ random: inout SeededNumbers) -> (Interval, Range<Int>) {
        let first = random.below(hours)
        let last = first + 1 + random.below(hours - first)
        // The last hour stands for all that come after it.
        return (Interval(from: hour(first), until: last == hours ? nil : hour(last)), first..<last)
    }

    /// What is checked after each change.
    private func check(_ books: Books, _ model: [RuleSettings?], _ seed: UInt64) {
        let rules = books.timeline.rules
        for number in 0..<RuleTimelineTests.hours {
            #expect(
                RuleTimelineTests.said(rules, at: RuleTimelineTests.hour(number)) == model[number],
                "seed \(seed), hour \(number)")
        }
        #expect(RuleTimelineTests.said(rules, at: RuleTimelineTests.hour(-1)) == nil)
        for (rule, after) in zip(rules, rules.dropFirst()) {
            let end = rule.interval.endsAt ?? after.interval.startsAt + .days(1)
            #expect(end <= after.interval.startsAt, "seed \(seed): they overlap")
            #expect(
                end < after.interval.startsAt || rule.settings != after.settings, "seed \(seed): they are not joined")
        }
    }

    @Test(arguments: UInt64(0)..<200) func theTimelineSaysWhatANaiveModelSays(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        var (books, model) = (Books(), [RuleSettings?](repeating: nil, count: RuleTimelineTests.hours))
        var past: [(at: Timestamp, model: [RuleSettings?])] = []
        for step in 0..<25 {
            let now = RuleTimelineTests.start + TimeSpan(milliseconds: Int64(step))
            let (interval, hours) = RuleTimelineTests.interval(&random)
            let new = RuleTimelineTests.settings(&random)
            let isUnset = random.chance(30)
            let isPartial = random.chance(30)
            // A part of what is said changes, and the rest stays as it is.
            func change(_ before: RuleSettings?) -> RuleSettings? {
                if isUnset { return nil }
                guard isPartial else { return new }
                return RuleSettings(terms: before?.terms, isWithdrawn: true)
            }
            let revision = try books.timeline.revision(in: interval, at: now, change)
            books.take(revision, at: now)
            for hour in hours { model[hour] = change(model[hour]) }
            check(books, model, seed)
            #expect(try books.timeline.revision(in: interval, at: now, change).isEmpty, "seed \(seed), step \(step)")
            past.append((now, model))
        }
        // What was voided still answers for the time at which it stood.
        for (moment, model) in past {
            let known = books.known(at: moment)
            for number in 0..<RuleTimelineTests.hours {
                #expect(
                    RuleTimelineTests.said(known, at: RuleTimelineTests.hour(number)) == model[number], "seed \(seed)")
            }
        }
    }

    @Test(arguments: UInt64(0)..<200) func whatIsPutInPlaceFromAMomentOnLeavesThePast(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        var (books, model) = (Books(), [RuleSettings?](repeating: nil, count: RuleTimelineTests.hours))
        for step in 0..<12 {
            let now = RuleTimelineTests.start + TimeSpan(milliseconds: Int64(step))
            let first = random.below(RuleTimelineTests.hours)
            var wanted = [RuleSettings?](repeating: nil, count: RuleTimelineTests.hours)
            var pieces: [RuleTimeline.Piece] = []
            var reached = 0
            while reached < RuleTimelineTests.hours, random.chance(80) {
                let from = reached + random.below(RuleTimelineTests.hours - reached)
                let to = from + 1 + random.below(RuleTimelineTests.hours - from)
                let settings = RuleTimelineTests.settings(&random)
                let end = to == RuleTimelineTests.hours ? nil : RuleTimelineTests.hour(to)
                pieces.append(.init(Interval(from: RuleTimelineTests.hour(from), until: end), settings))
                for hour in from..<to { wanted[hour] = settings }
                reached = to
            }
            let moment = RuleTimelineTests.hour(first)
            let difference = books.timeline.difference(from: moment, to: pieces)
            for hour in 0..<RuleTimelineTests.hours {
                let change = difference.changes.first { $0.interval.contains(RuleTimelineTests.hour(hour)) }
                let isChanged = hour >= first && wanted[hour] != model[hour]
                #expect((change != nil) == isChanged, "seed \(seed), hour \(hour)")
                if let change {
                    #expect(change.before == model[hour].map(AccessRule.Content.settings))
                    #expect(change.after == wanted[hour])
                }
            }
            books.take(books.timeline.revision(from: moment, to: pieces), at: now)
            for hour in first..<RuleTimelineTests.hours { model[hour] = wanted[hour] }
            check(books, model, seed)
            #expect(books.timeline.revision(from: moment, to: pieces).isEmpty, "seed \(seed), step \(step)")
            #expect(books.timeline.difference(from: moment, to: pieces).isEmpty)
        }
    }

    private func isRefused(
        _ books: Books, _ interval: Interval, at now: Timestamp, _ new: RuleSettings?
    ) throws -> MembershipError? {
        do {
            _ = try books.timeline.revision(in: interval, at: now) { _ in new }
            return nil
        } catch let error as MembershipError { return error }
    }

    @Test func aRuleThatCannotBeUnderstoodGoesAsAWholeOrStays() throws {
        var books = Books()
        let hour = RuleTimelineTests.hour
        books.add(.unreadable("nonsense"), during: Interval(from: hour(0), until: hour(4)), at: hour(0))
        let free = RuleSettings(terms: try AccessTerms(access: .free))
        let apart = try books.timeline.revision(in: Interval(from: hour(4), until: nil), at: hour(3)) { _ in free }
        #expect(apart.voided.isEmpty)
        #expect(books.timeline.revision(from: hour(4), to: []).isEmpty)
        let ahead = try books.timeline.revision(in: Interval(from: hour(3), until: nil), at: hour(3)) { _ in free }
        #expect(ahead.voided.count == 1)
        #expect(ahead.written == [.init(Interval(from: hour(3), until: nil), free)])
        let none = books.timeline.revision(from: hour(3), to: [])
        #expect(none.voided.count == 1 && none.written.isEmpty)
        #expect(books.timeline.difference(from: hour(3), to: []).changes.map(\.before) == [.unreadable("nonsense")])
    }

    @Test func ofARuleThatCannotBeUnderstoodEverythingToComeIsChangedOrNothing() throws {
        var books = Books()
        let hour = RuleTimelineTests.hour
        books.add(.unreadable("nonsense"), during: Interval(from: hour(0), until: hour(6)), at: hour(0))
        let free = RuleSettings(terms: try AccessTerms(access: .free))
        for new in [free, nil] {
            // All that is ahead, and more; what is over may go with it or not.
            for (from, until) in [(2, 6), (2, 9), (0, 6)] {
                let interval = Interval(from: hour(from), until: hour(until))
                #expect(try isRefused(books, interval, at: hour(2), new) == nil, "\(from)..\(until)")
            }
            // It would let somebody in between, at the end, or now.
            for (from, until) in [(2, 5), (3, 6), (0, 2), (0, 1), (5, 9)] {
                let interval = Interval(from: hour(from), until: hour(until))
                let error = try isRefused(books, interval, at: hour(2), new)
                #expect(error?.code == .invalidInput, "\(from)..\(until)")
                #expect(error?.remedy?.contains("\(hour(2)), and no earlier end than \(hour(6))") == true)
            }
            // When it is over, no time of it is left to let anybody in.
            #expect(try isRefused(books, Interval(from: hour(1), until: hour(2)), at: hour(6), new) == nil)
        }
    }

    @Test func whatIsMadeLongerIsNotTheRestOfWhatWasThere() throws {
        let withdrawn = RuleSettings(isWithdrawn: true)
        var books = Books()
        books.add(
            .settings(withdrawn), during: Interval(from: Self.hour(0), until: Self.hour(8)), at: Self.hour(0))
        let longer = try books.timeline.revision(in: Interval(from: Self.hour(1), until: nil), at: Self.hour(1)) { _ in
            withdrawn
        }
        #expect(longer.written.map { longer.origin(of: $0)?.id } == [nil])
        let cut = try books.timeline.revision(in: Interval(from: Self.hour(4), until: nil), at: Self.hour(1)) { _ in nil
        }
        #expect(cut.written.map { cut.origin(of: $0)?.id } == [books.rules[0].id])
    }

    @Test func oneThatHoldsForEverIsChangedForEver() throws {
        var books = Books()
        let hour = RuleTimelineTests.hour
        books.add(.unreadable("nonsense"), during: Interval(from: hour(4), until: nil), at: hour(0))
        let error = try isRefused(books, Interval(from: hour(4), until: hour(15)), at: hour(0), nil)
        #expect(error?.remedy?.contains("\(hour(4)), and no end") == true)
        #expect(try isRefused(books, Interval(from: hour(4), until: nil), at: hour(0), nil) == nil)
        #expect(
            try isRefused(books, Interval(from: hour(4) + TimeSpan(milliseconds: 1), until: nil), at: hour(0), nil)
                != nil)
    }

    @Test func rulesOverEachOtherCannotBeUnderstoodAndGoTogether() throws {
        var books = Books()
        let hour = RuleTimelineTests.hour
        let free = RuleSettings(terms: try AccessTerms(access: .free))
        books.add(.settings(free), during: Interval(from: hour(0), until: hour(6)), at: hour(0))
        books.add(.settings(free), during: Interval(from: hour(6), until: hour(8)), at: hour(0))
        books.add(.settings(free), during: Interval(from: hour(7), until: hour(9)), at: hour(0))
        #expect(books.timeline.rules.map { $0.settings == nil } == [false, true, true])
        #expect(try isRefused(books, Interval(from: hour(6), until: hour(8)), at: hour(0), free) != nil)
        let revision = try books.timeline.revision(in: Interval(from: hour(6), until: hour(9)), at: hour(0)) { _ in
            free
        }
        #expect(revision.voided.count == 3)
        #expect(revision.written == [.init(Interval(from: hour(0), until: hour(9)), free)])
    }
}
