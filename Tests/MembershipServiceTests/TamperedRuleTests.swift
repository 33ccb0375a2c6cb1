import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

/// Rules whose rows somebody changed by hand let nobody in, in whichever way one asks.
struct TamperedRuleTests {
    private let start = TestDatabase.start

    /// A free title with two articles, and one beside it.
    private func prepared() async throws -> TestDatabase {
        let database = try await TestDatabase.sandbox()
        try await database.addArticle("golem/the-bridge", titleAccess: .free, section: "Sport")
        try await database.addArticle("golem/the-ferry")
        try await database.addArticle("golem-plus/the-bridge", titleAccess: .free, section: "Sport")
        return database
    }

    private func add(_ database: TestDatabase, _ target: String, from start: Timestamp, until end: Timestamp?)
        async throws
    {
        try await database.engine().write {
            try $0.runScript(
                """
                INSERT INTO access_rules
                    (rule_id, target, access, withdrawn, starts_at, ends_at, actor, recorded_at)
                VALUES (1, '\(target)', 'free', 0, \(start.milliseconds),
                    \(end.map { "\($0.milliseconds)" } ?? "NULL"), 'unnamed', \(self.start.milliseconds))
                """)
        }
    }

    /// What is said of each article, which is the same alone, in a batch, and by what is known.
    private func reasons(_ database: TestDatabase, at moment: Timestamp? = nil) async throws -> [AccessDecision.Reason]
    {
        let access = database.services.access
        let articles = try ["golem/the-bridge", "golem/the-ferry", "golem-plus/the-bridge"].map {
            try ArticleReference(parsing: $0)
        }
        let asked = AccessService.Moment(at: moment)
        let replayed = AccessService.Moment(at: moment, knownAt: start)
        var single: [AccessDecision.Reason] = []
        for article in articles {
            single.append(try await access.check(reader: .anonymous, article: article, asked).decision.reason)
            let known = try await access.check(reader: .anonymous, article: article, replayed)
            #expect(known.decision.reason == single.last, "\(article)")
        }
        for moment in [asked, replayed] {
            let batch = try await access.check(reader: .anonymous, articles: articles, moment)
            #expect(try batch.map { try $0.get().decision.reason } == single)
        }
        return single
    }

    private func doctor(_ database: TestDatabase) async throws -> Finding {
        let finding = try await Doctor(database.location).examine().first { $0.subject == "access rules" }
        return try #require(finding)
    }

    @Test func aRuleForASectionThatIsNoneDeniesAllOfItsTitleUntilItIsTakenAway() async throws {
        let database = try await prepared()
        #expect(try await reasons(database) == [.free, .free, .free])
        try await add(database, "section:golem/Sport", from: start, until: nil)
        #expect(try await reasons(database) == [.ruleUnreadable, .ruleUnreadable, .free])
        let found = try await doctor(database)
        #expect(!found.isSound && found.detail.contains("‘section:golem/Sport’"), "\(found.detail)")
        let listed = try await database.services.rules.list(title: Slug(parsing: "golem"))
        #expect(
            listed.contains { $0.content == .unreadable("It is for ‘section:golem/Sport’, which nothing is called.") })
        let titles = try await database.services.titles.list()
        #expect(titles.map { $0.access.unreadable?.name } == ["title:golem", nil])

        let golem = try RuleTarget(parsing: "title:golem")
        let removed = try await database.services.rules.unset(golem, .init()).removed
        #expect(removed.count == 2)
        #expect(try await doctor(database).isSound)
        #expect(try await reasons(database) == [.signUpRequired, .signUpRequired, .free])
    }

    @Test(arguments: ["golem", "title:Golem", "article:golem/The-Bridge"])
    func whatCanConcernNoArticleIsOnlyNamed(target: String) async throws {
        let database = try await prepared()
        try await add(database, target, from: start, until: nil)
        #expect(try await reasons(database) == [.free, .free, .free])
        #expect(try await database.services.rules.list().count == 2)
        let found = try await doctor(database)
        #expect(!found.isSound && found.detail.contains("‘\(target)’"), "\(found.detail)")
    }

    @Test func whateverIsWrongIsNamedAtOnceAndListedAsWhatItIs() async throws {
        let database = try await prepared()
        try await add(database, "golem", from: start, until: nil)
        try await database.engine().write { try $0.runScript("UPDATE access_rules SET rule_id = 2 WHERE rule_id = 1") }
        try await add(database, "title:golem-plus", from: start, until: nil)
        let found = try await doctor(database)
        #expect(!found.isSound && found.detail.contains("‘golem’") && found.detail.contains("title:golem-plus ("))
        for withVoided in [false, true] {
            let listed = try await database.services.rules.list(withVoided: withVoided)
            #expect(
                listed.filter { $0.settings == nil }.map(\.target.name) == ["title:golem-plus", "title:golem-plus"])
        }
    }

    @Test func rulesOverEachOtherDenyWhileBothHold() async throws {
        let database = try await prepared()
        try await add(database, "title:golem", from: start + .days(2), until: start + .days(4))
        #expect(try await reasons(database) == [.free, .free, .free])
        for day in [2, 3] {
            let denied: [AccessDecision.Reason] = [.ruleUnreadable, .ruleUnreadable, .free]
            #expect(try await reasons(database, at: start + .days(day)) == denied)
        }
        #expect(try await reasons(database, at: start + .days(4)) == [.free, .free, .free])
        let bridge = try ArticleReference(parsing: "golem/the-bridge")
        let (answer, explanation) = try await database.services.access.explain(
            reader: .anonymous, article: bridge, .init(at: start + .days(2)))
        #expect(answer.decision.reason == .ruleUnreadable && answer.decision.nextChangeAt == start + .days(4))
        #expect(
            explanation.rules.filter { $0.target.name == "title:golem" }.map(\.counts) == [
                ["holds beside another"], ["holds beside another"],
            ])
        let found = try await doctor(database)
        #expect(!found.isSound && found.detail.contains("It holds beside rule_"), "\(found.detail)")

        var change = RuleChange()
        change.access = .registered
        let golem = try RuleTarget(parsing: "title:golem")
        #expect(try await database.services.rules.set(golem, change, .init()).count == 1)
        #expect(try await doctor(database).isSound)
        #expect(try await reasons(database, at: start + .days(2)) == [.signUpRequired, .signUpRequired, .free])
    }

    @Test func aRuleThatCannotBeUnderstoodIsNotLeftBehindByAChangeForAWhile() async throws {
        let database = try await prepared()
        let rules = database.services.rules
        let bridge = try RuleTarget(parsing: "article:golem/the-bridge")
        var change = RuleChange()
        change.access = .premium
        _ = try await rules.set(bridge, change, .init())
        try await database.engine().write {
            try $0.runScript("UPDATE access_rules SET requires = 'All Titles' WHERE target = '\(bridge)'")
        }
        let hour = try RuleService.Edit(until: start + .hours(1))
        for _ in 0..<2 {
            let error = await #expect(throws: MembershipError.self) { try await rules.set(bridge, change, hour) }
            #expect(error?.code == .invalidInput && error?.remedy?.contains("no end") == true)
            await #expect(throws: MembershipError.self) { try await rules.unset(bridge, hour) }
            #expect(try await reasons(database, at: start + .hours(1)) == [.ruleUnreadable, .free, .free])
        }
        _ = try await rules.set(bridge, change, .init())
        #expect(try await reasons(database, at: start + .hours(1)) == [.signUpRequired, .free, .free])
    }
}
