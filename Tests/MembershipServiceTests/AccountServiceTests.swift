import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct AccountServiceTests {
    private func email(_ text: String) throws -> EmailAddress { try EmailAddress(parsing: text) }

    private func code(_ body: () async throws -> Void) async throws -> MembershipError.Code? {
        do {
            try await body()
            return nil
        } catch let error as MembershipError {
            return error.code
        }
    }

    @Test func aTrialLastsExactlyFourteenTimesTwentyFourHours() async throws {
        let database = try await TestDatabase.sandbox()
        let result = try await database.services.accounts.signUp(email: email("ada@example.com"))
        let subscription = try #require(result.subscription)
        #expect(result.trial == .started)
        #expect(subscription.trialStart == TestDatabase.start)
        let end = try #require(subscription.trialEnd)
        #expect((end - TestDatabase.start).milliseconds == 14 * 24 * 3_600_000)
        let overview = try await database.services.accounts.overview(.id(result.account.id))
        #expect(
            overview.grants.map(\.interval) == [Interval(from: TestDatabase.start, until: end)])
        #expect(overview.grants.map(\.entitlement) == [.allTitles])
        #expect(overview.status == .trialing)
    }

    @Test(arguments: ["ADA@example.com", "ada+2@example.com", " ada@EXAMPLE.com "])
    func theSamePersonIsToldThatTheAccountExists(spelling: String) async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let first = try await accounts.signUp(email: email("ada@example.com"))
        let error = await #expect(throws: MembershipError.self) {
            try await accounts.signUp(email: email(spelling))
        }
        #expect(error?.code == .accountExists)
        #expect(error?.message.contains(first.account.id.description) == true)
        #expect(try await database.store().read { try $0.accountCount() } == 1)
        #expect(try await database.store().read { try $0.eventCount(.accountCreated) } == 1)
    }

    @Test func aTrialThatWasLeftForLaterCanBeTakenOnce() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let result = try await accounts.signUp(email: email("ada@example.com"), wantsTrial: false)
        #expect(result.trial == .notWanted)
        #expect(try await accounts.overview(.id(result.account.id)).status == .unsubscribed)
        _ = try await database.services.clock.advance(by: .days(100))
        let subscription = try await database.services.trials.start(.email(email("ada+x@example.com")))
        #expect(subscription.trialEnd == TestDatabase.start + .days(114))
        #expect(
            try await code { _ = try await database.services.trials.start(.id(result.account.id)) }
                == .alreadySubscribed)
        _ = try await database.services.clock.advance(by: .days(14))
        #expect(try await code { _ = try await database.services.trials.start(.id(result.account.id)) } == .trialTaken)
    }

    @Test func theLedgerOutlivesTheAccountAndHoldsNoAddress() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let first = try await accounts.signUp(email: email("a.da@gmail.com")).account.id
        let store = try await database.store()
        // What erasing an account will do: everything of it goes, the ledger stays.
        try await store.engine.write { sql in
            for table in ["outbox", "event_heads", "events", "grants", "subscriptions", "account_emails", "accounts"] {
                _ = try sql.run("DELETE FROM \(table) WHERE account_id = $1", [first])
            }
        }
        let again = try await accounts.signUp(email: email("ada+new@googlemail.com"))
        #expect(again.trial == .taken)
        #expect(again.subscription == nil)
        #expect(try await code { _ = try await database.services.trials.start(.id(again.account.id)) } == .trialTaken)
        let ledger = try await store.engine.read { sql in
            try sql.query("SELECT identity_hmac FROM trial_ledger", []) { try $0.text(0) }
        }
        #expect(ledger.count == 1)
        #expect(ledger.allSatisfy { entry in entry.count == 64 && entry.allSatisfy(\.isHexDigit) })
    }

    @Test func signUpWritesEventsAndTheWelcomeMessage() async throws {
        let database = try await TestDatabase.sandbox()
        let account = try await database.services.accounts.signUp(email: email("ada@example.com")).account
        let (events, messages) = try await database.store().read { tx in
            (try tx.events(of: account.id), try tx.messages(to: account.id))
        }
        #expect(events.map(\.kind) == [.accountCreated, .trialStarted])
        #expect(events.map(\.sequence) == [1, 2])
        #expect(messages == [.welcome])
    }

    @Test func aMissingOrForeignKeyFileStopsTrialsAndNothingIsWritten() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let key = database.keyPath
        try FileManager.default.moveItem(atPath: key, toPath: key + ".away")
        #expect(try await code { _ = try await accounts.signUp(email: email("ada@example.com")) } == .keyMissing)
        try String(repeating: "0a", count: 32).write(toFile: key, atomically: true, encoding: .utf8)
        #expect(try await code { _ = try await accounts.signUp(email: email("ada@example.com")) } == .keyMismatch)
        #expect(try await database.store().read { try $0.accountCount() } == 0)
        #expect(try await accounts.signUp(email: email("ada@example.com"), wantsTrial: false).trial == .notWanted)
    }

    @Test func noTrialIsStartedWhereThePlanOffersNone() async throws {
        let database = try await TestDatabase.sandbox(trialDays: 0)
        let result = try await database.services.accounts.signUp(email: email("ada@example.com"))
        #expect(result.trial == .notOffered)
        #expect(result.subscription == nil)
    }

    @Test(arguments: [("Mars/Olympus", nil), (nil, "A\u{1B}[31m"), (nil, "")] as [(String?, String?)])
    func aZoneOrNameThatIsNoneIsRefused(zone: String?, name: String?) async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let refusal = try await code {
            _ = try await accounts.signUp(email: email("ada@example.com"), name: name, timeZone: zone)
        }
        #expect(refusal == .invalidInput)
        #expect(try await database.store().read { try $0.accountCount() } == 0)
    }

    @Test func aSuspensionIsBegunAndEndedOnceEachWithItsReason() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let id = try await accounts.signUp(email: email("ada@example.com")).account.id
        #expect(try await code { _ = try await accounts.reinstate(.id(id), reason: "why not") } == .notSuspended)
        #expect(try await accounts.suspend(.id(id), reason: "shared").status == .suspended)
        #expect(try await code { _ = try await accounts.suspend(.id(id), reason: "again") } == .alreadySuspended)
        _ = try await database.services.clock.advance(by: .hours(1))
        #expect(try await accounts.reinstate(.id(id), reason: "sorry").status == .trialing)
        #expect(try await accounts.suspend(.id(id), reason: "again").status == .suspended)
        let events = try await database.store().read { try $0.events(of: id) }
        #expect(events.suffix(3).map(\.kind) == [.accountSuspended, .accountReinstated, .accountSuspended])
        #expect(events.suffix(3).map(\.reason) == ["shared", "sorry", "again"])
    }

    @Test func suspendingTwiceInOneMomentIsNoError() async throws {
        // A sandbox's clock stands still, so that two suspensions may begin at the same millisecond.
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let id = try await accounts.signUp(email: email("ada@example.com")).account.id
        for _ in 0..<3 {
            #expect(try await accounts.suspend(.id(id), reason: "shared").status == .suspended)
            #expect(try await accounts.reinstate(.id(id), reason: "sorry").status == .trialing)
        }
    }

    @Test func pagesShowEveryAccountOnceAlsoWhenAccountsAreAddedMeanwhile() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        var expected: [Identifier<Account>] = []
        for number in 0..<23 {
            expected.append(try await accounts.signUp(email: email("r\(number)@example.com")).account.id)
        }
        var seen: [Identifier<Account>] = []
        var cursor: Cursor<Account>?
        repeat {
            let page = try await accounts.list(after: cursor, limit: PageLimit(.random(in: 1...5)))
            seen += page.accounts.map(\.account.id)
            cursor = page.next
            if seen.count < 20 {
                _ = try await database.services.clock.advance(by: .minutes(1))
                expected.append(
                    try await accounts.signUp(email: email("late\(seen.count)@example.com")).account.id)
            }
        } while cursor != nil
        #expect(seen == expected)
    }

    @Test func listsAreNarrowedByWhatHoldsNowNotByWhatAJobRecorded() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        _ = try await accounts.signUp(email: email("old@example.com"))
        _ = try await database.services.clock.advance(by: .days(14))
        _ = try await accounts.signUp(email: email("new@example.com"))
        _ = try await accounts.signUp(email: email("later@example.com"), wantsTrial: false)
        _ = try await accounts.signUp(email: email("bad@example.com"))
        _ = try await accounts.suspend(.email(email("bad@example.com")), reason: "shared")
        func emails(_ status: AccountStatus) async throws -> [String] {
            try await accounts.list(status: status, limit: PageLimit(10)).accounts.map(\.account.email)
        }
        #expect(try await emails(.trialing) == ["new@example.com"])
        #expect(try await emails(.expired) == ["old@example.com"])
        #expect(try await emails(.unsubscribed) == ["later@example.com"])
        #expect(try await emails(.suspended) == ["bad@example.com"])
    }
}
