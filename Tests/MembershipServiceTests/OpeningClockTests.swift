import Membership
import MembershipService
import Testing
import TestSupport

/// Machines whose clocks do not agree, and one allowance.
struct OpeningClockTests {
    @Test func openersOnMachinesWhoseClocksDifferShareOneAllowance() async throws {
        let database = try await TestDatabase.live(clock: WallClock { TestDatabase.start })
        var metered = RuleChange()
        (metered.access, metered.anonymousAllowance, metered.registeredAllowance) = (.metered, 5, 5)
        _ = try await database.services.rules.set(.everything, metered, .init(from: TestDatabase.start + .days(-9)))
        for number in 0..<50 { try await database.addArticle("golem/a\(number)") }
        _ = try await database.services.accounts.signUp(
            email: EmailAddress(parsing: "ada@example.com"), wantsTrial: false)
        // Each reads another time each time, up to five seconds ahead of the others.
        var machines: [Services] = []
        for _ in 0..<4 {
            let clock = WallClock { TestDatabase.start + TimeSpan(milliseconds: .random(in: 1...5000)) }
            machines.append(try await Services.open(database.location, clock: clock))
        }
        for reader in try [
            ReaderReference(parsing: "ada@example.com"), ReaderReference(parsing: "visitor:0123456789abcdef"),
        ] {
            let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    let machine = machines[number % machines.count]
                    group.addTask {
                        try await machine.access.open(
                            reader: reader, article: ArticleReference(parsing: "golem/a\(number)")
                        ).answer.decision.allowed
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(admitted == 5)
        }
    }

    @Test func whoeverSignedUpByAClockAheadIsThere() async throws {
        let database = try await TestDatabase.live(clock: WallClock { TestDatabase.start })
        var registered = RuleChange()
        registered.access = .registered
        _ = try await database.services.rules.set(.everything, registered, .init(from: TestDatabase.start + .days(-9)))
        try await database.addArticle("golem/a")
        let ahead = try await Services.open(
            database.location, clock: WallClock { TestDatabase.start + TimeSpan(milliseconds: 3000) })
        _ = try await ahead.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"), wantsTrial: false)
        // By this machine's clock she has not signed up yet; but she has.
        let opening = try await database.services.access.open(
            reader: ReaderReference(parsing: "ada@example.com"), article: ArticleReference(parsing: "golem/a"))
        #expect(opening.answer.decision.reason == .registered)
    }

    /// What was written by a clock that is three seconds ahead holds at once on a machine whose clock is behind, and
    /// what it was to begin later begins later.
    @Test func whatWasWrittenByAClockAheadHolds() async throws {
        let database = try await TestDatabase.live(clock: WallClock { TestDatabase.start })
        try await database.addArticle("golem/a", access: .premium)
        let (reader, article) = (
            try ReaderReference(parsing: "ada@example.com"), try ArticleReference(parsing: "golem/a")
        )
        func reasons() async throws -> [AccessDecision.Reason] {
            let access = database.services.access
            return [
                try await access.check(reader: reader, article: article).decision.reason,
                try await access.open(reader: reader, article: article).answer.decision.reason,
            ]
        }
        let time = TestDatabase.start + TimeSpan(milliseconds: 3000)
        let ahead = try await Services.open(database.location, clock: WallClock { time })
        let ada = try AccountReference(parsing: "ada@example.com")
        _ = try await ahead.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        #expect(try await reasons() == [.entitled, .entitled])
        _ = try await ahead.accounts.suspend(ada, reason: "Shared her password")
        #expect(try await reasons() == [.accountSuspended, .accountSuspended])
        _ = try await ahead.accounts.reinstate(ada, reason: "It was her sister")
        #expect(try await reasons() == [.entitled, .entitled])
        let further = try await Services.open(
            database.location, clock: WallClock { time + TimeSpan(milliseconds: 1) })
        _ = try await further.trials.end(ada, .init(reason: "Asked for it"))
        #expect(try await reasons() == [.trialEnded, .trialEnded])
        _ = try await further.grants.add(
            ada,
            .init(
                entitlement: .allTitles, source: .gift, from: time + TimeSpan(milliseconds: 2), until: nil,
                reason: "Writes poems"))
        #expect(try await reasons() == [.trialEnded, .trialEnded])
    }
}
