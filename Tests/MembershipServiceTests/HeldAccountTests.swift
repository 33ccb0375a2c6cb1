import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

/// On a server, whatever happens to an account comes before or behind each opening of its reader, not in between. On a
/// file, whoever writes is alone.
@Suite(.enabled(if: !TestEngine.isSQLite))
struct HeldAccountTests {
    enum Change: CaseIterable {
        case suspension, voidedGrant, endedTrial, merge, erasure, job, opening
    }

    private let database: TestDatabase
    private let ada = "ada@example.com"
    private let id: Identifier<Account>
    private let gift: Grant

    init() async throws {
        database = try await TestDatabase.sandbox()
        try await database.addArticle("golem/the-bridge", access: .premium)
        id = try await database.services.accounts.signUp(email: EmailAddress(parsing: ada)).account.id
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "grace@example.com"))
        gift = try await database.services.grants.add(
            .id(id), .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "Writes poems"))
    }

    private func services() async throws -> Services {
        try await Services.open(database.location, clock: WallClock { TestDatabase.start })
    }

    @Test(arguments: Change.allCases, [true, false])
    func whatHappensToAReaderWaitsForAnOpening(change: Change, byAddress: Bool) async throws {
        let (id, gift, grace) = (id, gift, try AccountReference(parsing: "grace@example.com"))
        if change == .job { _ = try await database.services.clock.advance(by: .days(15)) }
        let reference: AccountReference = byAddress ? try AccountReference(parsing: ada) : .id(id)
        let services = try await services()
        let changed = try await database.store().holding({ tx in _ = try tx.held(reference) }) { holder in
            let task = Task {
                switch change {
                case .suspension: _ = try await services.accounts.suspend(.id(id), reason: "Shared her password")
                case .voidedGrant: _ = try await services.grants.void(.id(id), grant: gift.id, reason: "Writes no more")
                case .endedTrial: _ = try await services.trials.end(.id(id), .init(reason: "Asked for it"))
                case .merge: _ = try await services.accounts.merge(.id(id), into: grace, reason: "The same person")
                case .erasure: _ = try await services.accounts.erase(.id(id), reason: "Asked for it")
                case .job: _ = try await services.jobs.run("trial-expiry")
                case .opening: _ = try await open(.id(id), services)
                }
            }
            try await database.requireSomebodyWaits(for: holder)
            return task
        }
        try await changed.value
    }

    private func open(_ reader: AccountReference, _ services: Services) async throws -> AccessService.Opening {
        try await services.access.open(reader: .account(reader), article: ArticleReference(parsing: "golem/the-bridge"))
    }

    /// And the other way round: of a suspension that is under way an opening knows when it is over.
    @Test(arguments: [true, false]) func anOpeningWaitsForWhatHappensToItsReader(byAddress: Bool) async throws {
        let reader: AccountReference = byAddress ? try AccountReference(parsing: ada) : .id(id)
        let (id, services) = (id, try await services())
        let opening = try await database.store().holding({ tx in
            try tx.insertSuspension(of: id, reason: "Shared her password")
            try tx.record(.accountSuspended, account: id, reason: "Shared her password")
        }) { holder in
            let task = Task { try await open(reader, services) }
            try await database.requireSomebodyWaits(for: holder)
            return task
        }
        let opened = try await opening.value
        #expect(opened.answer.decision.reason == .accountSuspended && opened.read == nil)
    }

    /// Who signs up as a visitor has spent what the visitor is opening at that moment.
    @Test(arguments: [true, false]) func aVisitorOpensOneThingAfterTheOtherAndSignsUpBehindIt(signsUp: Bool)
        async throws
    {
        var metered = RuleChange()
        (metered.access, metered.anonymousAllowance, metered.registeredAllowance) = (.metered, 1, 1)
        let always = try RuleService.Edit(from: TestDatabase.start + .days(-9))
        for number in 1...2 { try await database.addArticle("meter/a-\(number)") }
        _ = try await database.services.rules.set(.title(Slug(parsing: "meter")), metered, always)
        let visitor = try VisitorID(parsing: "0123456789abcdef")
        let services = try await services()
        func open(_ number: Int, as reader: ReaderReference) async throws -> AccessDecision.Reason {
            try await services.access.open(reader: reader, article: ArticleReference(parsing: "meter/a-\(number)"))
                .answer.decision.reason
        }
        let next = try await database.store().holding({ tx in try tx.takeTurn(of: visitor) }) { holder in
            let task = Task {
                if signsUp {
                    _ = try await services.accounts.signUp(
                        email: EmailAddress(parsing: "eve@example.com"), visitor: visitor, wantsTrial: false)
                } else {
                    #expect(try await open(1, as: .visitor(visitor)) == .metered)
                }
            }
            try await database.requireSomebodyWaits(for: holder)
            return task
        }
        try await next.value
        #expect(try await open(2, as: .visitor(visitor)) == (signsUp ? .metered : .meterExhausted))
    }

    /// Nothing is opened where it cannot be told what has happened.
    @Test func anAccountWithoutALastEventIsDamaged() async throws {
        let (id, services) = (id, try await services())
        try await database.store().write { tx in
            _ = try tx.sql.run("DELETE FROM event_heads WHERE account_id = $1", [id])
        }
        func refusal(_ reader: String) async -> MembershipError.Code? {
            await #expect(throws: MembershipError.self) {
                try await open(AccountReference(parsing: reader), services)
            }?.code
        }
        #expect(await refusal(ada) == .databaseDamaged)
        #expect(await refusal("nobody@example.com") == .unknownAccount)
    }
}
