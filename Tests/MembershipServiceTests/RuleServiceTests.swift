import Dispatch
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct RuleServiceTests {
    private let start = TestDatabase.start

    private func prepared() async throws -> TestDatabase {
        let database = try await TestDatabase.sandbox()
        try await database.addArticle("golem/the-bridge", section: "Sport")
        try await database.addArticle("golem/the-ferry")
        return database
    }

    private func change(_ access: AccessLevel? = nil) -> RuleChange { change(access) { _ in } }

    private func change(
        _ access: AccessLevel? = nil, _ more: (inout RuleChange) throws -> Void
    ) rethrows -> RuleChange {
        var change = RuleChange()
        change.access = access
        try more(&change)
        return change
    }

    private func said(_ rules: [AccessRule]) -> [String] {
        rules.map { rule in
            let end = rule.interval.endsAt.map { "\(($0 - start))" } ?? "ever"
            return "\(rule.interval.startsAt - start)..\(end) \(rule.settings?.description ?? "?")"
        }
    }

    private func level(
        _ database: TestDatabase, at moment: Timestamp? = nil, knownAt known: Timestamp? = nil
    ) async throws -> AccessLevel {
        try await database.services.rules.explain(
            ArticleReference(parsing: "golem/the-bridge"), at: moment, knownAt: known
        ).access.level
    }

    @Test func onlyWhatIsGivenChanges() async throws {
        let database = try await prepared()
        let rules = database.services.rules
        let target = try RuleTarget(parsing: "title:golem")
        _ = try await rules.set(
            target,
            change(.metered) {
                $0.freeAfter = .set(.days(30))
                $0.requires = [.allTitles]
                $0.registeredAllowance = 5
                $0.teaser = .set(.percent(20))
            }, .init())
        let after = try await rules.set(target, change(.premium) { $0.isWithdrawn = true }, .init())
        #expect(
            said(after) == [
                "0s..ever premium, free after 30d, requires all-titles; withdrawn; meter 0 anonymous, 5 registered a "
                    + "month; teaser 20%"
            ])
        let bare = try await rules.set(
            target,
            change {
                $0.freeAfter = .remove
                $0.requires = []
                $0.isWithdrawn = false
                $0.removesMeter = true
                $0.teaser = .remove
            }, .init())
        #expect(said(bare) == ["0s..ever premium"])
        #expect(try await rules.set(target, change { $0.removesAccess = true }, .init()).isEmpty)
    }

    @Test func aMeterThatWasRemovedBeginsAnew() throws {
        let before = try change { ($0.anonymousAllowance, $0.registeredAllowance) = (2, 5) }.applied(to: nil)
        let after = try change {
            $0.removesMeter = true
            $0.registeredAllowance = 9
        }.applied(to: before)
        #expect(after.meter == (try MeterAllowance(anonymous: 0, registered: 9)))
    }

    @Test func aChangeForATimeLeavesTheRest() async throws {
        let database = try await prepared()
        let rules = database.services.rules
        let target = try RuleTarget(parsing: "section:golem/sport")
        _ = try await rules.set(target, change(.premium), .init())
        let cup = try RuleService.Edit(from: start + .days(5), until: start + .days(9), reason: "The cup")
        let after = try await rules.set(target, change(.free), cup)
        #expect(said(after) == ["0s..5d premium", "5d..9d free", "9d..ever premium"])
        #expect(try await level(database) == .premium)
        #expect(try await level(database, at: start + .days(5)) == .free)
        let explanation = try await rules.explain(ArticleReference(parsing: "golem/the-bridge"))
        #expect(explanation.nextChangeAt == start + .days(5))
        #expect(explanation.rules.map(\.target.name).first == "article:golem/the-bridge")
        let (removed, left) = try await rules.unset(target, cup)
        #expect(said(removed) == ["5d..9d free"])
        #expect(said(left) == ["0s..5d premium", "9d..ever premium"])
        #expect(try await rules.unset(target, cup).removed.isEmpty)
        #expect(try await rules.set(target, change(.premium), cup).count == 1)
    }

    @Test func whatHeldIsToldAsItWasKnown() async throws {
        let database = try await prepared()
        let rules = database.services.rules
        let target = RuleTarget.everything
        _ = try await rules.set(target, change(.registered), .init())
        _ = try await database.services.clock.advance(by: .days(10))
        _ = try await rules.set(target, change(.free), .init(from: start, reason: "It was meant so"))
        #expect(try await level(database) == .free)
        #expect(try await level(database, at: start) == .free)
        #expect(try await level(database, knownAt: start + .days(9)) == .registered)
        #expect(said(try await rules.list(knownAt: start + .days(9))) == ["0s..ever registered"])
        #expect(said(try await rules.list()) == ["0s..ever free"])
        #expect(try await rules.list(at: start + .days(-1)).isEmpty)
        await #expect(throws: MembershipError.self) { try await rules.list(knownAt: start + .days(11)) }
    }

    @Test func aTitlesRulesAreListedWithItsSectionsAndArticles() async throws {
        let database = try await prepared()
        try await database.addArticle("golem-plus/the-bridge")
        let rules = database.services.rules
        for target in [
            "default", "title:golem", "section:golem/sport", "article:golem/the-ferry", "title:golem-plus",
            "article:golem-plus/the-bridge",
        ] {
            _ = try await rules.set(RuleTarget(parsing: target), change(.free), .init())
        }
        #expect(
            try await rules.list(title: Slug(parsing: "golem")).map(\.target.name) == [
                "article:golem/the-ferry", "section:golem/sport", "title:golem",
            ])
        #expect(try await rules.list().count == 6)
    }

    @Test(arguments: [
        ("title:nowhere", MembershipError.Code.unknownTitle), ("section:golem/politics", .unknownSection),
        ("section:nowhere/sport", .unknownTitle), ("article:golem/nothing", .unknownArticle),
    ])
    func whatIsNotThereHasNoRule(target: String, code: MembershipError.Code) async throws {
        let database = try await prepared()
        let set = await #expect(throws: MembershipError.self) {
            try await database.services.rules.set(RuleTarget(parsing: target), change(.free), .init())
        }
        #expect(set?.code == code)
        let unset = await #expect(throws: MembershipError.self) {
            try await database.services.rules.unset(RuleTarget(parsing: target), .init())
        }
        #expect(unset?.code == code)
        #expect(try await database.services.rules.list().isEmpty)
    }

    @Test func theRulesOfASectionThatIsGoneCanBeTakenAway() async throws {
        let database = try await prepared()
        let rules = database.services.rules
        let sport = try RuleTarget(parsing: "section:golem/sport")
        let requires = [try Entitlement(parsing: "section:golem/sport")]
        _ = try await rules.set(sport, change(.premium) { $0.requires = requires }, .init())
        try await database.engine().write {
            try $0.runScript(
                "UPDATE articles SET section = 'Sports', section_slug = 'sports' WHERE section IS NOT NULL")
        }
        let file = "rules:\n  section:golem/sport: {access: premium, requires: [section:golem/sport]}\n"
        #expect(try await apply(database, file).isUnchanged)
        #expect(try await apply(database, "rules:\n  section:golem/sport: {}\n", dryRun: true).isUnchanged == false)
        #expect(try await rules.unset(sport, .init()).removed.count == 1)
        // Now nothing speaks of it any more.
        let error = await #expect(throws: MembershipError.self) { try await rules.unset(sport, .init()) }
        #expect(error?.code == .unknownSection && error?.message.contains("has no rule either") == true)
        #expect(await #expect(throws: MembershipError.self) { try await apply(database, file) }?.code == .invalidRules)
    }

    /// Whether somebody can have what is asked for is a long look, which must not keep other writers waiting. With
    /// several writers nobody waits anyway.
    @Test(.enabled(if: TestEngine.isSQLite), .timeLimit(.minutes(10)))
    func whatARuleAsksForIsLookedUpOutsideOfTheWrite() async throws {
        let database = try await prepared()
        let (writes, isWriting) = AsyncStream.makeStream(of: Void.self)
        let release = DispatchSemaphore(value: 0)
        let engine = try database.engine()
        let other = Task {
            try await engine.write { _ in
                isWriting.finish()
                release.wait()
            }
        }
        for await _ in writes {}
        let gold = try change(.premium) { $0.requires = [try Entitlement(parsing: "gold")] }
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.rules.set(.everything, gold, .init())
        }
        let file = await #expect(throws: MembershipError.self) {
            try await apply(database, "rules:\n  default: {access: premium, requires: [gold]}\n")
        }
        release.signal()
        try await other.value
        #expect(error?.code == .unknownEntitlement)
        #expect(file?.code == .invalidRules)
    }

    @Test func whatIsNoRuleIsRefused() async throws {
        let database = try await prepared()
        let rules = database.services.rules
        let article = try RuleTarget(parsing: "article:golem/the-bridge")
        let wrong: [(RuleChange, MembershipError.Code)] = [
            (change(), .invalidInput), (change { $0.freeFor = .set(.days(1)) }, .invalidInput),
            (
                change(.premium) { ($0.freeFor, $0.freeAfter) = (.set(.days(2)), .set(.days(2))) }, .invalidInput
            ), (change { $0.anonymousAllowance = 3 }, .invalidInput),
            (change { $0.teaser = .set(.standard) }, .invalidInput),
            (try change(.premium) { $0.requires = [try Entitlement(parsing: "gold")] }, .unknownEntitlement),
            (try change(.premium) { $0.requires = [try Entitlement(parsing: "title:nowhere")] }, .unknownTitle),
            (
                try change(.premium) { $0.requires = [try Entitlement(parsing: "section:golem/chess")] },
                .unknownSection
            ),
        ]
        for (change, code) in wrong {
            let error = await #expect(throws: MembershipError.self) { try await rules.set(article, change, .init()) }
            #expect(error?.code == code, "\(change)")
        }
        let early = try RuleService.Edit(until: start)
        await #expect(throws: MembershipError.self) { try await rules.set(article, change(.free), early) }
        await #expect(throws: MembershipError.self) { try await rules.unset(article, early) }
        #expect(try await rules.list().isEmpty)
    }

    @Test func ofSeveralAtOnceNoneIsOverAnother() async throws {
        let database = try await prepared()
        let rules = database.services.rules
        let levels = AccessLevel.allCases
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    var change = RuleChange()
                    change.access = levels[number % levels.count]
                    let edit = try RuleService.Edit(
                        from: TestDatabase.start + .days(number), until: TestDatabase.start + .days(number + 4))
                    _ = try await rules.set(.everything, change, edit)
                }
            }
            try await group.waitForAll()
        }
        let standing = try await rules.list()
        for (first, second) in zip(standing, standing.dropFirst()) {
            #expect(first.interval.endsAt.map { $0 <= second.interval.startsAt } == true)
        }
        #expect(standing.first?.interval.startsAt == start)
        #expect(standing.last?.interval.endsAt == start + .days(11))
    }

    // MARK: - A file

    private func apply(
        _ database: TestDatabase, _ text: String, dryRun: Bool = false
    ) async throws -> RuleReport {
        let path = try database.directory.write("rules.yml", text)
        return try await database.services.rules.apply(path: path, dryRun: dryRun)
    }

    private static let file = """
        rules:
          default: {access: registered}
          title:golem: {access: metered, meter: {anonymous: 1, registered: 3}}
          section:golem/sport:
            - {access: free, until: 2026-01-11T00:00:00Z}
            - {access: premium, from: 2026-01-11T00:00:00Z}
        """

    @Test func aFileIsFollowedFromNowOnAndOnce() async throws {
        let database = try await prepared()
        let rules = database.services.rules
        _ = try await rules.set(.everything, change(.premium), .init())
        _ = try await rules.set(RuleTarget(parsing: "article:golem/the-ferry"), change(.free), .init())
        _ = try await database.services.clock.advance(by: .days(1))

        let told = try await apply(database, RuleServiceTests.file, dryRun: true)
        #expect(!told.isUnchanged)
        #expect(try await rules.list().count == 2)
        let done = try await apply(database, RuleServiceTests.file)
        #expect(done == told)
        #expect(done.missing.map(\.name) == ["article:golem/the-ferry"])
        #expect(done.targets.map(\.difference.changes.count) == [1, 1, 2])
        #expect(
            said(try await rules.list()) == [
                "0s..ever free", "0s..1d premium", "1d..ever registered", "1d..10d free", "10d..ever premium",
                "1d..ever metered; meter 1 anonymous, 3 registered a month",
            ])

        // Again, at once and when a time that it names has come: nothing.
        for _ in 0..<2 {
            let again = try await apply(database, RuleServiceTests.file)
            #expect(again.isUnchanged)
            #expect(try await rules.list().count == 6)
            _ = try await database.services.clock.advance(by: .days(20))
        }
        let standing = try await rules.list(at: start + .days(21))
        #expect(said(standing).contains("10d..ever premium"))
    }

    @Test func anEmptyMappingIsNoRuleAndThePastStays() async throws {
        let database = try await prepared()
        let rules = database.services.rules
        _ = try await rules.set(.everything, change(.free), .init())
        _ = try await database.services.clock.advance(by: .days(1))
        let report = try await apply(database, "rules:\n  default: {}\n")
        #expect(report.targets[0].difference.changes.map(\.after) == [nil])
        #expect(said(try await rules.list()) == ["0s..1d free"])
        #expect(try await apply(database, "rules:\n  default: {}\n").isUnchanged)
        #expect(try await apply(database, "rules: {}\n").missing.isEmpty)
        #expect(try await level(database, at: start) == .free)
        #expect(try await level(database) == .premium)
    }

    @Test(arguments: [
        ("title:golem", "title:nowhere", 3, "‘nowhere’"), ("section:golem/sport", "section:golem/chess", 4, "‘chess’"),
        ("title:golem", "article:golem/nothing", 3, "golem/nothing"),
        ("access: metered,", "access: metered, requires: [gold],", 3, "‘gold’"),
        ("access: metered,", "access: metered, requires: [title:nowhere],", 3, "‘nowhere’"),
        ("access: metered,", "access: metered, requires: [section:golem/chess],", 3, "‘chess’"),
    ])
    func whatTheDatabaseDoesNotKnowIsRefusedWithItsLineAndNothingIsWritten(
        old: String, new: String, line: Int, named: String
    ) async throws {
        let database = try await prepared()
        let text = RuleServiceTests.file.replacing(old, with: new, maxReplacements: 1)
            // A meter would be refused before.
            .replacing(new.hasPrefix("article:") ? ", meter: {anonymous: 1, registered: 3}" : "\u{0}", with: "")
        for dryRun in [true, false] {
            let error = await #expect(throws: MembershipError.self) {
                try await apply(database, text, dryRun: dryRun)
            }
            #expect(error?.code == .invalidRules)
            #expect(error?.message.contains("rules.yml’, line \(line): ") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
        }
        #expect(try await database.services.rules.list().isEmpty)
    }

    /// A title that one operator has withdrawn, and the rules at another's hand.
    private func withdrawnByAnna() async throws -> (TestDatabase, title: RuleTarget, ben: RuleService) {
        let database = try await TestDatabase.sandbox()
        try await database.addArticle()
        let title = RuleTarget.title(try Slug(parsing: "golem"))
        let anna = database.services.acting(as: try Actor(parsing: "operator:anna")).rules
        _ = try await anna.set(title, change { $0.isWithdrawn = true }, .init(reason: "Court order"))
        return (database, title, database.services.acting(as: try Actor(parsing: "operator:ben")).rules)
    }

    @Test func whatIsLeftOfARuleThatWasCutKeepsItsAuthorAndReason() async throws {
        let (database, title, ben) = try await withdrawnByAnna()
        _ = try await database.services.clock.advance(by: .days(10))
        let back = change(.premium) { $0.isWithdrawn = false }
        _ = try await ben.set(title, back, .init(reason: "Back online"))
        let standing = try await ben.list()
        #expect(standing.map(\.actor.name) == ["operator:anna", "operator:ben"])
        #expect(standing.map(\.reason) == ["Court order", "Back online"])
        #expect(standing[0].interval.endsAt == TestDatabase.start + .days(10))
        // The one that was cut can still be seen.
        let all = try await ben.list(withVoided: true)
        #expect(all.count == 3)
        let cut = all.filter { $0.voidedAt != nil }
        #expect(cut.map(\.interval.endsAt) == [nil])
        #expect(cut.map(\.voiding?.actor) == [try Actor(parsing: "operator:ben")])
        #expect(cut.map(\.voiding?.reason) == ["Back online"])
    }

    @Test func whoTookARuleAwayAndWhyIsKept() async throws {
        let (database, title, ben) = try await withdrawnByAnna()
        #expect(try await ben.list(withVoided: true).map(\.voiding) == [nil])
        let moment = try await database.services.clock.advance(by: .days(10)).now
        _ = try await ben.unset(title, .init(until: moment + .days(2), reason: "Appeal"))
        _ = try await ben.unset(title, .init())
        let all = try await ben.list(withVoided: true)
        #expect(all.map(\.actor.name) == Array(repeating: "operator:anna", count: 3))
        #expect(
            all.filter { $0.interval.endsAt == nil && $0.interval.startsAt < moment }.map(\.voiding) == [
                .init(at: moment, actor: try Actor(parsing: "operator:ben"), reason: "Appeal")
            ])
        #expect(
            all.filter { $0.interval.startsAt == moment + .days(2) }.map(\.voiding) == [
                .init(at: moment, actor: try Actor(parsing: "operator:ben"))
            ])
        // As it was known before.
        #expect(try await ben.list(knownAt: TestDatabase.start).map(\.voiding) == [nil])
    }
}
