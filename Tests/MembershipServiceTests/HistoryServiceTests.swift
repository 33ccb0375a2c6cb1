import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct HistoryServiceTests {
    private let ada = AccountReference.email(Self.email)
    private static var email: EmailAddress {
        do { return try EmailAddress(parsing: "ada@example.com") } catch { fatalError("\(error)") }
    }

    private func day(_ number: Int) -> Timestamp { TestDatabase.start + .days(number) }

    private func subscription(_ state: HistoryService.State) -> Subscription? {
        guard case .known(let subscription) = state.subscription else { return nil }
        return subscription
    }

    @Test func aTimelineTellsEverythingInOrder() async throws {
        let database = try await TestDatabase.sandbox()
        let services = database.services
        _ = try await services.accounts.signUp(email: Self.email)
        _ = try await services.clock.advance(by: .days(2))
        let grant = try await services.grants.add(
            ada,
            .init(
                entitlement: Entitlement(parsing: "crossword"), source: .gift, from: nil, until: nil, reason: "Won it"))
        _ = try await services.clock.advance(by: .days(1))
        _ = try await services.grants.void(ada, grant: grant.id, reason: "Wrong person")
        _ = try await services.clock.advance(by: .days(20))
        _ = try await services.jobs.run("trial-expiry")
        let timeline = try await services.history.timeline(ada)
        #expect(
            timeline.map { $0.what.subject + " " + $0.what.name } == [
                "event account.created", "event trial.started", "grant given", "message written",
                "event grant.added", "grant given", "event grant.voided", "grant voided", "event trial.ended",
                "message written",
            ])
        #expect(timeline.map(\.time) == [0, 0, 0, 0, 2, 2, 3, 3, 23, 23].map(day))
        #expect(timeline[8].details == "trialing → expired, membership@1, in force since \(day(14))")
        #expect(timeline[6].reason == "Wrong person")
        await #expect(throws: MembershipError.self) {
            try await services.history.timeline(.email(EmailAddress(parsing: "nobody@example.com")))
        }
    }

    @Test func theStateOfAMomentIsWhatWasShownThen() async throws {
        let database = try await TestDatabase.sandbox()
        let services = database.services
        _ = try await services.accounts.signUp(email: Self.email)
        var shown: [(at: Timestamp, subscription: Subscription)] = []
        func look() async throws {
            shown.append((try await services.clock.read().now, try await services.subscriptions.show(ada)))
        }
        try await look()
        _ = try await services.clock.advance(by: .days(5))
        _ = try await services.trials.extend(ada, byDays: 3, .init())
        try await look()
        _ = try await services.clock.advance(by: .days(20))
        try await look()
        _ = try await services.clock.advance(by: .days(1))
        _ = try await services.jobs.run("trial-expiry")
        try await look()
        for (moment, subscription) in shown {
            let state = try await services.history.state(of: ada, at: moment, knownAt: moment)
            #expect(self.subscription(state) == subscription, "\(moment)")
        }
    }

    @Test func whatBecameKnownLaterCountsOnlyForThoseWhoAskLater() async throws {
        let database = try await TestDatabase.sandbox()
        let services = database.services
        _ = try await services.accounts.signUp(email: Self.email)
        _ = try await services.clock.advance(by: .days(2))
        let grant = try await services.grants.add(
            ada,
            .init(
                entitlement: .allTitles, source: .gift, from: day(-10), until: day(40), reason: "Won it"))
        _ = try await services.clock.advance(by: .days(2))
        _ = try await services.grants.void(ada, grant: grant.id, reason: "Wrong person")
        _ = try await services.accounts.suspend(ada, reason: "Shared")
        _ = try await services.clock.advance(by: .days(1))
        _ = try await services.accounts.reinstate(ada, reason: "Cleared up")

        func state(at moment: Int, knownAt known: Int?) async throws -> HistoryService.State {
            try await services.history.state(of: ada, at: day(moment), knownAt: known.map(day))
        }
        func sources(_ state: HistoryService.State) -> [Grant.Source] {
            state.grants.map(\.source).sorted { $0.rawValue < $1.rawValue }
        }
        #expect(try await sources(state(at: 1, knownAt: 1)) == [.trial])
        #expect(try await sources(state(at: 1, knownAt: 2)) == [.gift, .trial])
        #expect(try await state(at: 1, knownAt: 3).grants.allSatisfy { $0.voidedAt == nil })
        #expect(try await sources(state(at: 1, knownAt: 4)) == [.trial])
        #expect(try await sources(state(at: 1, knownAt: nil)) == [.trial])
        #expect(try await sources(state(at: 20, knownAt: 3)) == [.gift])
        #expect(try await sources(state(at: 14, knownAt: nil)).isEmpty)

        #expect(try await state(at: 4, knownAt: 4).suspension?.interval.endsAt == nil)
        #expect(try await state(at: 9, knownAt: 4).suspension?.reason == "Shared")
        #expect(try await state(at: 9, knownAt: 5).suspension == nil)
        #expect(try await state(at: 4, knownAt: 3).suspension == nil)
    }

    @Test func beforeThereWasAnAccountThereIsNothingToSay() async throws {
        let database = try await TestDatabase.sandbox()
        let services = database.services
        _ = try await services.clock.advance(by: .days(1))
        _ = try await services.accounts.signUp(email: Self.email)
        let before = Timestamp(milliseconds: day(1).milliseconds - 1)
        #expect(try await !services.history.state(of: ada, at: before).existed)
        #expect(try await !services.history.state(of: ada, at: day(1), knownAt: before).existed)
        #expect(try await services.history.state(of: ada, at: day(1)).existed)
    }

    @Test func whatWillBeKnownNobodyKnows() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: Self.email)
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.history.state(of: ada, at: day(0), knownAt: day(1))
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("\(day(1))") == true)
    }
}
