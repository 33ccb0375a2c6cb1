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
        #expect(export.addresses.map(\.trialStartedAt) == [TestDatabase.start, TestDatabase.start])
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

    @Test func whatSheReadIsGivenAlsoAsTheVisitorThatSheWas() async throws {
        let room = try await Newsroom(allowance: 5)
        try await room.open("golem/a-1", as: .visitor(room.visitor), key: "v-1")
        try await room.wait(.minutes(1))
        let eve = try await room.signUp("eve@example.com", visitor: room.visitor)
        try await room.wait(.minutes(1))
        // Whoever has the device now.
        try await room.open("golem/a-2", as: .visitor(room.visitor), key: "v-2")
        try await room.open("golem/a-3", as: .account(.id(eve)), key: "e-1", seconds: 7)
        try await room.open("golem/a-4", key: "a-1")
        _ = try await room.services.accounts.merge(room.ada, into: .id(eve), reason: "Signed up twice")
        let export = try await room.services.accounts.export(.id(eve))
        #expect(export.reads.map(\.key?.description) == ["golem/a-3"])
        #expect(export.reads.map(\.read.seconds) == [7])
        #expect(export.visitors.map(\.visitor.id) == [room.visitor])
        #expect(export.visitors.first?.reads.map(\.read.clientKey?.text) == ["v-1"])
        #expect(export.merged.first?.reads.map(\.read.clientKey?.text) == ["a-1"])
    }
}
