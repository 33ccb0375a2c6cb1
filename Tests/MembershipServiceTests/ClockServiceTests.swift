import Membership
import MembershipService
import Testing
import TestSupport

struct ClockServiceTests {
    @Test func aSandboxClockStandsStillUntilItIsMovedAndEveryProcessSeesIt() async throws {
        let database = try await TestDatabase.sandbox()
        let other = try await Services.open(database.location)
        #expect(try await other.clock.read().now == TestDatabase.start)
        _ = try await database.services.clock.advance(by: .days(14))
        #expect(try await other.clock.read().now == TestDatabase.start + .days(14))
        _ = try await other.clock.set(to: TestDatabase.start + .days(15))
        #expect(try await database.services.clock.read().now == TestDatabase.start + .days(15))
    }

    @Test func aClockIsNotMovedBackwards() async throws {
        let database = try await TestDatabase.sandbox()
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.clock.set(to: Timestamp(milliseconds: TestDatabase.start.milliseconds - 1))
        }
        #expect(error?.code == .clockBackwards)
        #expect(try await database.services.clock.set(to: TestDatabase.start).now == TestDatabase.start)
    }

    @Test func aLiveDatabaseRefusesToBeMoved() async throws {
        let database = try await TestDatabase.live(clock: ManualClock().wallClock)
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.clock.advance(by: .days(1))
        }
        #expect(error?.code == .liveClock)
    }

    @Test func aClockStaysWhereIdentifiersCanFollow() async throws {
        let database = try await TestDatabase.sandbox()
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.clock.set(to: Timestamp(rfc3339: "2100-01-01T00:00:00Z"))
        }
        #expect(error?.code == .invalidInput)
        _ = try await database.services.clock.set(to: Timestamp(rfc3339: "2099-12-31T23:59:59.999Z"))
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
    }
}
