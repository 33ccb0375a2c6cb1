import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct AccountEmailChangeTests {
    @Test func theNewAddressHasHadTheTrialAndSoHasTheOldOne() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let id = try await accounts.signUp(email: email("ada@example.com")).account.id
        let change = try await accounts.changeEmail(.id(id), to: email("Ada.New@example.org"), reason: "Moved")
        #expect(change.extent == .address)
        #expect(change.overview.account.email == "Ada.New@example.org")
        #expect(try await accounts.overview(.email(email("ada.new@example.org"))).account.id == id)
        // The old address is free, and has had its trial.
        let other = try await accounts.signUp(email: email("ada@example.com"))
        #expect(other.trial == .taken)
        #expect(other.account.id != id)
        // So has the new one, when it becomes free again.
        _ = try await accounts.changeEmail(.id(id), to: email("third@example.org"))
        #expect(try await accounts.signUp(email: email("ada.new@example.org")).trial == .taken)
        let events = try await database.store().read { try $0.events(of: id) }
        let changes = events.filter { $0.kind == .emailChanged }
        #expect(changes.count == 2)
        #expect(changes.first?.reason == "Moved")
        #expect(changes.allSatisfy { !$0.data.contains("@") && !$0.data.contains("ada") })
        #expect(try await database.store().read { try $0.chainFault(of: id) } == nil)
    }

    @Test func whoHasHadNoTrialTakesNoneFromTheNewAddress() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let id = try await accounts.signUp(email: email("ada@example.com"), wantsTrial: false).account.id
        _ = try await accounts.changeEmail(.id(id), to: email("ada@example.org"))
        #expect(try await database.services.trials.start(.id(id)).status == .trialing)
        #expect(try await accounts.signUp(email: email("ada@example.com")).trial == .started)
    }

    @Test func anotherSpellingChangesOnlyWhatIsShown() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let id = try await accounts.signUp(email: email("ada@example.com")).account.id
        let ledger = try await database.rowCount("trial_ledger")
        let change = try await accounts.changeEmail(.id(id), to: email("ADA+news@Example.com"))
        #expect(change.extent == .spelling)
        #expect(change.overview.account.email == "ADA+news@Example.com")
        #expect(try await database.rowCount("trial_ledger") == ledger)
        #expect(try await database.store().read { try $0.canonicalEmails(of: id) } == ["ada@example.com"])
        #expect(try await accounts.changeEmail(.id(id), to: email("ADA+news@Example.com")).extent == .nothing)
        #expect(try await database.store().read { try $0.eventCount(.emailChanged) } == 1)
    }

    @Test func anAddressOfAnotherAccountIsRefused() async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let id = try await accounts.signUp(email: email("ada@example.com")).account.id
        let other = try await accounts.signUp(email: email("eve@example.com")).account.id
        let error = try await failure { _ = try await accounts.changeEmail(.id(id), to: email("Eve+x@example.com")) }
        #expect(error?.code == .accountExists)
        #expect(error?.message.contains(other.description) == true)
        #expect(try await accounts.overview(.id(id)).account.email == "ada@example.com")
    }
}
