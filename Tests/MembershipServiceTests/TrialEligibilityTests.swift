import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct TrialEligibilityTests {
    @Test func aDeviceThatHadATrialGetsNoSecondOne() async throws {
        let database = try await TestDatabase.sandbox()
        let (accounts, trials) = (database.services.accounts, database.services.trials)
        let device = try DeviceID(parsing: "ABC-123")
        #expect(try await accounts.signUp(email: email("ada@example.com"), device: device).trial == .started)
        let second = try await accounts.signUp(email: email("eve@example.com"), device: device)
        #expect(second.trial == .deviceTaken)
        #expect(second.subscription == nil)
        // Her own trial is not used up by that.
        let refused = try await failure { _ = try await trials.start(.id(second.account.id), device: device) }
        #expect(refused?.code == .trialTaken)
        #expect(refused?.message.contains("device") == true)
        #expect(try await trials.start(.id(second.account.id)).status == .trialing)
        // Where both have had one, the person is named.
        #expect(
            try await accounts.signUp(email: email("bob@example.com"), device: DeviceID(parsing: "b")).trial == .started
        )
        _ = try await accounts.changeEmail(.email(email("bob@example.com")), to: email("bob@example.org"))
        #expect(try await accounts.signUp(email: email("bob@example.com"), device: device).trial == .taken)
    }

    @Test func aDeviceIsRecordedAlsoWhenTheTrialStartsLaterAndOnlyAsAHash() async throws {
        let database = try await TestDatabase.sandbox()
        let device = try DeviceID(parsing: "very-own-device")
        let account = try await database.services.accounts.signUp(
            email: email("ada@example.com"), device: device, wantsTrial: false
        ).account
        #expect(
            try await database.services.trials.eligibility(of: email("x@example.com"), device: device)
                .eligibility.isEligible)
        _ = try await database.services.trials.start(.id(account.id), device: device)
        let answer = try await database.services.trials.eligibility(of: email("x@example.com"), device: device)
        #expect(answer.eligibility.obstacles == [.deviceHadTrial(since: TestDatabase.start)])
        #expect(try await database.places(of: ["very-own-device"]).isEmpty)
        // An address that is spelled like a device is another thing.
        let likeAnAddress = try DeviceID(parsing: "ada@example.com")
        #expect(
            try await database.services.trials.eligibility(of: email("y@example.com"), device: likeAnAddress)
                .eligibility.isEligible)
    }

    @Test(arguments: ["", " ", "a b", "a\u{7}", String(repeating: "x", count: 201)])
    func whatIsNoDeviceIsRefused(text: String) {
        let error = #expect(throws: MembershipError.self) { try DeviceID(parsing: text) }
        #expect(error?.code == .invalidInput)
        #expect((try? DeviceID(parsing: String(repeating: "x", count: 200))) != nil)
    }

    @Test(arguments: ["ada@throwaway.example", "ada@mx.Throwaway.example", "ada@münchen.example"])
    func whoSignsUpFromAThrowawayDomainGetsAnAccountAndNoTrial(address: String) async throws {
        let database = try await TestDatabase.sandbox()
        let (accounts, trials) = (database.services.accounts, database.services.trials)
        _ = try await database.services.disposableDomains.add([
            EmailDomain(parsing: "THROWAWAY.example"), EmailDomain(parsing: "xn--mnchen-3ya.example"),
        ])
        let result = try await accounts.signUp(email: email(address))
        #expect(result.trial == .disposable)
        let id = result.account.id
        #expect(try await failure { _ = try await trials.start(.id(id)) }?.code == .disposableDomain)
        #expect(try await accounts.signUp(email: email("eve@nothrowaway.example")).trial == .started)
        // With another address she may have it.
        _ = try await accounts.changeEmail(.id(id), to: email("ada@example.com"))
        #expect(try await trials.start(.id(id)).status == .trialing)
    }

    @Test func everyReasonIsNamed() async throws {
        let database = try await TestDatabase.sandbox()
        let (services, ada) = (database.services, try email("ada@throwaway.example"))
        func obstacles(_ address: EmailAddress) async throws -> [TrialEligibility.Obstacle] {
            try await services.trials.eligibility(of: address).eligibility.obstacles
        }
        #expect(try await obstacles(ada).isEmpty)
        let id = try await services.accounts.signUp(email: ada).account.id
        _ = try await services.disposableDomains.add([EmailDomain(parsing: "throwaway.example")])
        let domain = try EmailDomain(parsing: "throwaway.example")
        #expect(
            try await obstacles(ada) == [
                .subscribed(id, .trialing), .hadTrial(since: TestDatabase.start), .disposableDomain(domain),
            ])
        _ = try await services.clock.advance(by: .days(14))
        // The job has recorded nothing yet.
        #expect(
            try await obstacles(email("ADA+1@throwaway.example")) == [
                .hadTrial(since: TestDatabase.start), .disposableDomain(domain),
            ])
        let answer = try await services.trials.eligibility(of: ada)
        #expect(answer.account == id)
        #expect(try await services.trials.eligibility(of: email("eve@example.com")).account == nil)
    }

    @Test func aPlanWithoutTrialIsAReason() async throws {
        let database = try await TestDatabase.sandbox(trialDays: 0)
        let answer = try await database.services.trials.eligibility(of: email("ada@example.com"))
        #expect(answer.eligibility.obstacles == [.notOffered(plan: try Slug(parsing: "membership"))])
    }

    @Test func aListIsTakenWholeOrNotAtAll() async throws {
        let database = try await TestDatabase.sandbox()
        let domains = database.services.disposableDomains
        let good = try database.directory.write("good.txt", "b.example\n# c\nA.example\na.EXAMPLE # again\n")
        let result = try await domains.importFile(good)
        #expect(result == (named: 2, added: 2))
        #expect(try await domains.importFile(good) == (named: 2, added: 0))
        #expect(try await domains.list().map(\.domain.name) == ["a.example", "b.example"])
        let bad = try database.directory.write("bad.txt", "c.example\nnot a domain\n")
        let error = try await failure { _ = try await domains.importFile(bad) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("line 2") == true)
        let binary = try database.directory.write("binary.txt", [0xFF, 0xFE, 0x00] as [UInt8])
        #expect(try await failure { _ = try await domains.importFile(binary) }?.code == .unreadableFile)
        #expect(try await failure { _ = try await domains.importFile("/nowhere.txt") }?.code == .unreadableFile)
        #expect(try await domains.list().count == 2)
        let (a, c) = (try EmailDomain(parsing: "a.example"), try EmailDomain(parsing: "c.example"))
        #expect(try await domains.remove([a, c]) == [a])
        #expect(try await domains.list().map(\.domain.name) == ["b.example"])
    }

    @Test func aLongListFits() async throws {
        let database = try await TestDatabase.sandbox()
        let lines = (0..<40_000).map { "d\($0).example" }.joined(separator: "\n")
        let file = try database.directory.write("long.txt", lines)
        #expect(try await database.services.disposableDomains.importFile(file) == (named: 40_000, added: 40_000))
    }
}
