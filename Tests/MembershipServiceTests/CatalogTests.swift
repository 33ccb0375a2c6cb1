import GRDB
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

/// What a service remembers of articles, rules and plans, and how it learns that they have changed.
struct CatalogTests {
    private func premium() throws -> RuleChange {
        var change = RuleChange()
        change.access = .premium
        return change
    }

    private func reason(_ room: Newsroom, _ article: String = "golem/a-1") async throws -> AccessDecision.Reason {
        try await room.services.access.check(reader: .account(room.ada), article: ArticleReference(parsing: article))
            .decision.reason
    }

    @Test func aRuleThatAnotherProcessSetsHoldsAtOnce() async throws {
        let room = try await Newsroom()
        let other = try await Services.open(room.database.location, clock: WallClock { TestDatabase.start })
        for _ in 0..<3 {
            #expect(try await reason(room) == .metered)
            var change = RuleChange()
            change.isWithdrawn = true
            _ = try await other.rules.set(RuleTarget(parsing: "article:golem/a-1"), change, .init())
            #expect(try await reason(room) == .withdrawn)
            change.isWithdrawn = false
            _ = try await other.rules.set(RuleTarget(parsing: "article:golem/a-1"), change, .init())
            #expect(try await reason(room) == .metered)
        }
    }

    @Test(arguments: ["default", "title:golem", "article:golem/a-1"])
    func aRuleOfAnyTargetReachesArticlesThatWereAskedForBefore(target: String) async throws {
        let room = try await Newsroom()
        #expect(try await reason(room) == .metered)
        var change = RuleChange()
        change.isWithdrawn = true
        _ = try await room.services.rules.set(RuleTarget(parsing: target), change, .init())
        #expect(try await reason(room) == .withdrawn)
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func whatIsChangedByHandHoldsAtOnce() async throws {
        let room = try await Newsroom()
        #expect(try await reason(room) == .metered)
        let hand = try DatabaseQueue(path: room.database.address)
        try await hand.write { try $0.execute(sql: "UPDATE access_rules SET access = 'free'") }
        #expect(try await reason(room) == .free)
        try await hand.write { try $0.execute(sql: "UPDATE articles SET published_at = published_at + 86400000") }
        #expect(try await reason(room) == .notPublished)
        try await hand.write { try $0.execute(sql: "UPDATE articles SET published_at = published_at - 86400000") }
        try await hand.write { try $0.execute(sql: "UPDATE titles SET slug = 'gollum'") }
        await #expect(throws: MembershipError.self) { try await reason(room) }
        // The rules of the title that it was are not those of the one it is.
        #expect(try await reason(room, "gollum/a-1") == .subscriptionRequired)
        try await hand.write { try $0.execute(sql: "UPDATE access_rules SET target = 'default'") }
        #expect(try await reason(room, "gollum/a-1") == .free)
        try await hand.write { try $0.execute(sql: "DELETE FROM access_rules") }
        #expect(try await reason(room, "gollum/a-1") == .subscriptionRequired)
    }

    /// Whether few articles of a title have rules of their own, which is remembered, or many, which is not.
    @Test(arguments: [0, 1, 100, 101]) func eachArticleIsUnderItsOwnRulesAndNoOther(ruled: Int) async throws {
        let room = try await Newsroom(articles: 103)
        try await room.add(103, to: "golem-2", access: .registered)
        @Sendable func target(_ number: Int) throws -> RuleTarget {
            try RuleTarget(parsing: "article:golem/a-\(number)")
        }
        try await room.database.store().write { tx in
            for number in 0..<ruled {
                _ = try tx.insertRule(
                    for: try target(number + 1), RuleSettings(terms: AccessTerms(access: .free)),
                    during: Interval(from: TestDatabase.start, until: nil), reason: nil)
            }
        }
        func reasons(_ title: String) async throws -> [AccessDecision.Reason] {
            try await room.services.access.check(
                reader: .account(room.ada),
                articles: (1...103).map { try ArticleReference(parsing: "\(title)/a-\($0)") }
            ).map { try $0.get().decision.reason }
        }
        #expect(
            try await reasons("golem")
                == [AccessDecision.Reason](repeating: .free, count: ruled)
                + [AccessDecision.Reason](repeating: .metered, count: 103 - ruled))
        #expect(try await Set(reasons("golem-2")) == [.registered])
        // The last has one from now on.
        var change = RuleChange()
        change.isWithdrawn = true
        _ = try await room.services.rules.set(target(103), change, .init())
        #expect(try await reasons("golem").last == .withdrawn)
    }

    @Test func anArticleThatWasNotThereIsFoundOnceItIs() async throws {
        let room = try await Newsroom()
        await #expect(throws: MembershipError.self) { try await reason(room, "heise/a-1") }
        try await room.add(1, to: "heise", access: .free)
        #expect(try await reason(room, "heise/a-1") == .free)
    }

    @Test func aPlanThatIsPublishedIsOfferedAtOnce() async throws {
        let room = try await Newsroom(allowance: 0, anonymous: 0)
        let article = try ArticleReference(parsing: "golem/a-1")
        let gold = try Slug(parsing: "gold")
        func plans() async throws -> [Slug] {
            try await room.services.access.check(reader: .account(room.ada), article: article).decision.verdict.plans
        }
        #expect(try await plans().isEmpty)
        let price = try Money(parsing: "4.99", currency: Currency(parsing: "EUR"))
        _ = try await room.services.plans.add(gold, .init(prices: [price], entitlements: [.allTitles]))
        #expect(try await plans().isEmpty)
        _ = try await room.services.plans.publish(gold)
        #expect(try await plans() == [gold])
        _ = try await room.services.plans.retire(gold)
        #expect(try await plans().isEmpty)
    }
}
