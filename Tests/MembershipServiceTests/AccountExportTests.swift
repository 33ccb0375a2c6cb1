import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct AccountExportTests {
    @Test func everythingThatIsHeldIsGiven() async throws {
        let database = try await TestDatabase.sandbox()
        let (services, accounts) = (database.services, database.services.accounts)
        let id = try await accounts.signUp(email: email("ada@example.com"), name: "Ada").account.id
        let other = try await accounts.signUp(email: email("work@example.com"), wantsTrial: false).account.id
        let plan = try await database.addPaidPlan()
        try await database.subscribe(other, to: plan, reference: "r-1")
        let grant = try await services.grants.add(
            .id(id), .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "Won it"))
        _ = try await services.grants.void(.id(id), grant: grant.id, reason: "Did not")
        _ = try await accounts.suspend(.id(id), reason: "Shared")
        _ = try await accounts.merge(.id(other), into: .id(id), reason: "Twice")
        let export = try await accounts.export(.email(email("ADA@example.com")))
        #expect(export.account.name == "Ada")
        #expect(export.addresses.map(\.canonical) == ["ada@example.com", "work@example.com"])
        #expect(export.addresses.map(\.trialStartedAt) == [TestDatabase.start, nil])
        #expect(export.suspensions.map(\.reason) == ["Shared"])
        #expect(export.subscriptions.count == 1)
        #expect(export.grants.contains { $0.id == grant.id && $0.voidedAt != nil })
        #expect(export.messages.map(\.message) == [.welcome])
        #expect(export.merged.map(\.account.id) == [other])
        #expect(export.merged.first?.payments.map(\.reference) == ["r-1"])
        let events = try await database.store().read { try $0.events(of: id) }
        #expect(export.events == events)
        #expect(
            try await failure { _ = try await accounts.export(.email(email("no@example.com"))) }?.code
                == .unknownAccount)
    }
}
