import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct EventServiceTests {
    private func email(_ name: String) throws -> EmailAddress { try EmailAddress(parsing: name + "@example.com") }

    private func reference(_ name: String) throws -> AccountReference { .email(try email(name)) }

    /// Ada and Bob sign up on the first day, Cem on the second, when Ada is also suspended by Jo.
    private func database() async throws -> TestDatabase {
        let database = try await TestDatabase.sandbox()
        let services = database.services
        for name in ["ada", "bob"] { _ = try await services.accounts.signUp(email: email(name)) }
        _ = try await services.clock.advance(by: .days(1))
        _ = try await services.accounts.signUp(email: email("cem"), wantsTrial: false)
        _ = try await services.acting(as: Actor(parsing: "operator:jo")).accounts.suspend(
            reference("ada"), reason: "Shared")
        return database
    }

    private func kinds(_ database: TestDatabase, _ filter: EventFilter) async throws -> [Event.Kind] {
        try await database.services.events.list(filter, limit: PageLimit(100)).events.map(\.kind)
    }

    @Test func eventsAreListedInTheOrderOfRecordingAndOfAccountsWithinAMoment() async throws {
        let database = try await database()
        let events = try await database.services.events.list(limit: PageLimit(100)).events
        #expect(events.map(\.place) == events.map(\.place).sorted())
        #expect(
            events.map(\.kind) == [
                .accountCreated, .trialStarted, .accountCreated, .trialStarted, .accountSuspended, .accountCreated,
            ])
    }

    @Test func eachFilterHoldsBackWhatItNames() async throws {
        let database = try await database()
        let noon = TestDatabase.start + .days(1)
        #expect(
            try await kinds(database, EventFilter(account: reference("ada")))
                == [.accountCreated, .trialStarted, .accountSuspended])
        #expect(
            try await kinds(database, EventFilter(kind: .init(parsing: "trial."))) == [.trialStarted, .trialStarted])
        #expect(
            try await kinds(database, EventFilter(kind: .init(parsing: "account.suspended"))) == [.accountSuspended])
        #expect(
            try await kinds(database, EventFilter(actor: Actor(parsing: "operator:jo"))) == [.accountSuspended])
        #expect(try await kinds(database, EventFilter(since: noon)) == [.accountSuspended, .accountCreated])
        #expect(try await kinds(database, EventFilter(until: noon)).count == 4)
        #expect(try await kinds(database, EventFilter(since: noon + TimeSpan(milliseconds: 1))).isEmpty)
        #expect(
            try await kinds(
                database,
                EventFilter(account: reference("ada"), kind: .init(parsing: "account."), since: noon))
                == [.accountSuspended])
        let error = await #expect(throws: MembershipError.self) {
            try await kinds(database, EventFilter(account: reference("nobody")))
        }
        #expect(error?.code == .unknownAccount)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6]) func pagesFollowEachOtherWithoutGapOrRepetition(size: Int) async throws {
        let database = try await database()
        let all = try await database.services.events.list(limit: PageLimit(100)).events
        var paged: [Event] = []
        var place: EventPlace?
        repeat {
            let page = try await database.services.events.list(after: place, limit: PageLimit(size))
            #expect(page.events.count <= size)
            paged += page.events
            place = try page.next.map { try EventPlace(parsing: $0.description) }
        } while place != nil
        #expect(paged == all)
    }

    @Test func whatIsRecordedMeanwhileDoesNotMoveAPage() async throws {
        let database = try await database()
        let first = try await database.services.events.list(limit: PageLimit(3))
        _ = try await database.services.accounts.reinstate(reference("ada"), reason: "Cleared up")
        let second = try await database.services.events.list(after: first.next, limit: PageLimit(100))
        #expect(
            second.events.map(\.kind) == [.trialStarted, .accountSuspended, .accountReinstated, .accountCreated])
    }

    @Test func aTailBeginsWithTheNewestAndGoesOnWithWhatComes() async throws {
        let database = try await database()
        #expect(
            try await database.services.events.newest(PageLimit(2)).map(\.kind) == [.accountSuspended, .accountCreated])
        var tail = try await database.services.events.follow(newest: PageLimit(2))
        #expect(tail.newest.map(\.kind) == [.accountSuspended, .accountCreated])
        #expect(try await tail.next().isEmpty)
        // In a sandbox the moment is the same, and the place is before one that was given out.
        _ = try await database.services.accounts.reinstate(reference("ada"), reason: "Cleared up")
        #expect(try await tail.next().map(\.kind) == [.accountReinstated])
        #expect(try await tail.next().isEmpty)
        _ = try await database.services.clock.advance(by: .days(400))
        _ = try await database.services.accounts.signUp(email: email("dan"), wantsTrial: false)
        #expect(try await tail.next().map(\.kind) == [.accountCreated])
        #expect(try await tail.next().isEmpty)
    }

    @Test func aTailGivesOutWhatPassesItsFilter() async throws {
        let database = try await database()
        var tail = try await database.services.events.follow(
            EventFilter(kind: .init(parsing: "trial.")), newest: PageLimit(1))
        #expect(tail.newest.map(\.kind) == [.trialStarted])
        _ = try await database.services.accounts.signUp(email: email("dan"))
        #expect(try await tail.next().map(\.kind) == [.trialStarted])
    }

    @Test func aTailFindsWhatWasCommittedBehindWhatItGaveOut() async throws {
        let database = try await TestDatabase.live(clock: ManualClock(at: TestDatabase.start + .minutes(10)).wallClock)
        // A machine that began its transaction a minute ago commits now.
        let late = try await Services.open(
            database.location, clock: ManualClock(at: TestDatabase.start + .minutes(9)).wallClock)
        _ = try await database.services.accounts.signUp(email: email("ada"), wantsTrial: false)
        var tail = try await database.services.events.follow(newest: PageLimit(10))
        #expect(tail.newest.count == 1)
        _ = try await late.accounts.signUp(email: email("bob"), wantsTrial: false)
        let found = try await tail.next()
        #expect(found.map(\.recordedAt) == [TestDatabase.start + .minutes(9)])
        #expect(try await tail.next().isEmpty)
    }

    @Test func aWholeDatabaseIsFoundWholeAndEveryFaultIsToldOf() async throws {
        let database = try await database()
        let events = database.services.events
        let whole = try await events.verify { _ in Issue.record("nothing is wrong") }
        #expect((whole.accounts, whole.events, whole.faults) == (3, 6, 0))
        try await database.engine().write { sql in
            try sql.runScript("UPDATE events SET kind = 'account.reinstated' WHERE kind = 'account.suspended'")
        }
        var faults: [String] = []
        let verification = try await events.verify { faults.append($0.what) }
        #expect(verification.faults == 1)
        #expect(faults == ["event 3 was changed or inserted"])
        #expect(try await events.verify(reference("ada")) { _ in }.faults == 1)
        let sound = try await events.verify(reference("bob")) { _ in }
        #expect((sound.accounts, sound.events, sound.faults) == (1, 2, 0))
        await #expect(throws: MembershipError.self) { try await events.verify(reference("nobody")) { _ in } }
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func eventsAndHeadsOfNoAccountAreFound() async throws {
        let database = try await database()
        let sqlite = try DetachedSQLite(path: database.address)
        try sqlite.execute("DELETE FROM accounts WHERE email = 'bob@example.com'")
        try sqlite.execute(
            "INSERT INTO event_heads VALUES (-7, 0, '\(String(repeating: "0", count: 64))'), (1, 0, '\(String(repeating: "0", count: 64))')"
        )
        var faults: [String] = []
        let verification = try await database.services.events.verify { faults.append($0.what) }
        #expect(faults == Array(repeating: "there is a chain of events, and no account", count: 3))
        #expect(verification.accounts == 5)
    }

    @Test func theCheckUpFollowsTheChainsOfTheNewestAccounts() async throws {
        let database = try await database()
        let doctor = Doctor(database.location)
        #expect(
            try await doctor.examine().first { $0.subject == "events" }?.detail
                == "6 events of the newest 3 accounts, as they were recorded")
        try await database.engine().write { try $0.runScript("UPDATE events SET actor = 'eve' WHERE sequence = 2") }
        let finding = try #require(try await doctor.examine().first { $0.subject == "events" })
        #expect(!finding.isSound)
        #expect(finding.detail.contains("2 accounts"))
        #expect(finding.remedy?.contains("fortnight events verify") == true)
    }
}
