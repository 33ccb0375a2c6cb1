import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct AccountForecastTests {
    private let ada = AccountReference.email(Self.email)
    private static var email: EmailAddress {
        do { return try EmailAddress(parsing: "ada@example.com") } catch { fatalError("\(error)") }
    }

    private func day(_ number: Int) -> Timestamp { TestDatabase.start + .days(number) }

    @Test func theEndOfATrialIsForeseenAndTheOriginalIsOnlyRead() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: Self.email)
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "bob@example.com"))
        let before = try await DatabaseContents.of(database.location)
        let forecast = try await database.services.history.forecast(ada, until: day(60))
        #expect(try await DatabaseContents.of(database.location) == before)
        let end = try #require(forecast.entries.last)
        #expect(end.event.kind == .trialEnded)
        #expect(end.event.recordedAt == day(14))
        #expect(end.message == .trialEnded)
        #expect(end.details == "trialing → expired, membership@1")
        #expect(forecast.entries.allSatisfy { $0.event.sequence > 2 })
        #expect(forecast.end.status == .expired)
        #expect(forecast.end.at == day(60))
    }

    @Test func whatAKilledForecastLeftIsRemovedByTheNextOne() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: Self.email, name: "Ada")
        let folders = ["old", "new"].map { name in
            NSTemporaryDirectory() + "fortnight-forecast-" + name + UUID().uuidString
        }
        for folder in folders {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        }
        defer { for folder in folders { try? FileManager.default.removeItem(atPath: folder) } }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -90_000)], ofItemAtPath: folders[0])
        let forecast = try await database.services.history.forecast(ada, until: day(20))
        // The copy names nobody; the answer does.
        #expect(forecast.end.account.name == "Ada")
        #expect(folders.map { FileManager.default.fileExists(atPath: $0) } == [false, true])
    }

    @Test func theEndOfTheForecastIsInclusive() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: Self.email)
        let history = database.services.history
        let ended = try await history.forecast(ada, until: day(14))
        #expect(ended.entries.last?.event.kind == .trialEnded)
        let running = try await history.forecast(ada, until: Timestamp(milliseconds: day(14).milliseconds - 1))
        #expect(running.entries.allSatisfy { $0.event.kind != .trialEnded })
        #expect(running.end.status == .trialing)
    }

    @Test func whatIsOverdueComesFirst() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: Self.email)
        _ = try await database.services.clock.advance(by: .days(20))
        let forecast = try await database.services.history.forecast(ada, until: day(30))
        #expect(forecast.entries.last?.event.kind == .trialEnded)
        #expect(forecast.entries.last?.event.recordedAt == day(20))
        #expect(forecast.entries.last?.event.effectiveAt == day(14))
    }

    @Test func aPaidTrialGoesOnAndFallsDue() async throws {
        let directory = try TemporaryDirectory()
        let location = TestDatabase.location(try await TestEngine.makePlace(in: directory), directory)
        let price = try Money(parsing: "9.99", currency: Currency(parsing: "EUR"))
        _ = try await DatabaseSetup(location, clock: WallClock { TestDatabase.start }).initialize(
            .init(sandbox: true, price: price))
        let services = try await Services.open(location)
        _ = try await services.accounts.signUp(email: Self.email)
        let two = Money(amountMinor: 2 * price.amountMinor, currency: price.currency)
        _ = try await services.payments.record(ada, NewPayment(amount: two, reference: "INV-1", periods: 2))
        let forecast = try await services.history.forecast(ada, until: day(120))
        // From the end of the trial a month is paid for, then another, and then there are seven days of grace.
        var expected: [Event.Kind] = [.trialConverted]
        if try await services.jobs.list().contains(where: { $0.name == "renewal" }) {
            expected += [.subscriptionRenewed, .subscriptionPastDue, .subscriptionExpired]
            #expect(forecast.entries.last?.event.recordedAt == day(14 + 31 + 28 + 7))
        }
        #expect(forecast.entries.map(\.event.kind).filter { $0 != .trialEnding } == expected)
        #expect(forecast.end.status == .expired)
    }

    @Test func aForecastOfALiveDatabaseBeginsNow() async throws {
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        _ = try await database.services.accounts.signUp(email: Self.email)
        clock.set(day(3))
        let forecast = try await database.services.history.forecast(ada, until: day(15))
        #expect(forecast.entries.last?.event.recordedAt == day(14))
        await #expect(throws: MembershipError.self) { try await database.services.history.forecast(ada, until: day(3)) }
    }

    @Test func aTimeThatIsNotAheadIsRefusedByName() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: Self.email)
        for moment in [day(-1), day(0), Timestamp(milliseconds: 4_102_444_800_000)] {
            let error = await #expect(throws: MembershipError.self) {
                try await database.services.history.forecast(ada, until: moment)
            }
            #expect(error?.code == .invalidInput)
            #expect(error?.message.contains("‘\(moment)’") == true)
        }
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.history.forecast(
                .email(EmailAddress(parsing: "bob@example.com")), until: day(9))
        }
        #expect(error?.code == .unknownAccount)
    }
}
