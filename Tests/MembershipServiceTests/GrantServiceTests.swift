import Membership
import MembershipService
import Testing
import TestSupport

struct GrantServiceTests {
    private let ada: AccountReference
    private let email: EmailAddress

    init() throws {
        email = try EmailAddress(parsing: "ada@example.com")
        ada = .email(email)
    }

    private func prepared(withTrial: Bool = false) async throws -> TestDatabase {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: email, wantsTrial: withTrial)
        return database
    }

    private func gift(from start: Timestamp? = nil, until end: Timestamp? = nil) throws -> GrantService.NewGrant {
        try .init(entitlement: .allTitles, source: .gift, from: start, until: end, reason: "A prize")
    }

    private func code(_ body: () async throws -> Void) async -> MembershipError.Code? {
        do {
            try await body()
            return nil
        } catch { return (error as? MembershipError)?.code }
    }

    @Test func aRightIsVoidedOnceAndStaysKnown() async throws {
        let database = try await prepared()
        let grants = database.services.grants
        let given = try await grants.add(ada, gift())
        #expect(try await grants.void(ada, grant: given.id, reason: "Wrong person").voidedAt == TestDatabase.start)
        let again = await code { _ = try await grants.void(ada, grant: given.id, reason: "Again") }
        #expect(again == .grantVoided)
        #expect(try await grants.list(ada).map(\.id) == [given.id])
        #expect(try await grants.list(ada, at: TestDatabase.start).isEmpty)
    }

    @Test func aRightOfAnotherAccountOrOfNobodyIsUnknown() async throws {
        let database = try await prepared()
        let bob = try await database.services.accounts.signUp(email: EmailAddress(parsing: "bob@example.com")).account
        let grants = database.services.grants
        let given = try await grants.add(.id(bob.id), gift())
        for id in [given.id, Identifier<Grant>(rawValue: 1)] {
            #expect(await code { _ = try await grants.void(ada, grant: id, reason: "Wrong") } == .unknownGrant)
        }
        #expect(try await grants.list(.id(bob.id)).contains { $0.id == given.id && $0.voidedAt == nil })
    }

    @Test func whatFollowsFromASubscriptionIsNeitherGivenNorVoidedByHand() async throws {
        let database = try await prepared(withTrial: true)
        let grants = database.services.grants
        let trial = try #require(try await grants.list(ada).first)
        #expect(await code { _ = try await grants.void(ada, grant: trial.id, reason: "Wrong") } == .invalidInput)
        for source in Grant.Source.allCases where source.followsFromSubscription {
            #expect(throws: MembershipError.self) {
                try GrantService.NewGrant(
                    entitlement: .allTitles, source: source, from: nil, until: nil, reason: "A prize")
            }
        }
    }

    @Test(arguments: [0, -1]) func aRightThatEndsNoLaterThanItStartsIsRefused(milliseconds: Int64) async throws {
        let database = try await prepared()
        let end = TestDatabase.start + TimeSpan(milliseconds: milliseconds)
        for new in [try gift(until: end), try gift(from: TestDatabase.start, until: end)] {
            #expect(await code { _ = try await database.services.grants.add(ada, new) } == .invalidInput)
        }
        #expect(try await database.services.grants.list(ada).isEmpty)
    }
}
