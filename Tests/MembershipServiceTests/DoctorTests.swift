import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct DoctorTests {
    private func wrong(_ location: DatabaseLocation, clock: WallClock = .system) async throws -> [String] {
        try await Doctor(location, clock: clock).examine().filter { !$0.isSound }.map(\.subject)
    }

    @Test func aSoundDatabaseIsFoundSound() async throws {
        let database = try await TestDatabase.sandbox()
        #expect(try await wrong(database.location).isEmpty)
    }

    @Test(.enabled(if: !TestEngine.isSQLite)) func aSchemaWhoseNameHasToBeQuotedIsFoundSound() async throws {
        let directory = try TemporaryDirectory()
        let address = try await TestEngine.makeSchema(on: #require(TestEngine.postgres), prefix: "Test")
        let location = TestDatabase.location(address, directory)
        _ = try await DatabaseSetup(location).initialize(.init(sandbox: true))
        #expect(try await wrong(location).isEmpty)
    }

    @Test(.enabled(if: !TestEngine.isSQLite)) func whatAnExtensionBringsIsNoChangeByHand() async throws {
        let database = try await TestDatabase.sandbox()
        let engine = try database.engine()
        try await engine.write { sql in
            try sql.runScript(
                """
                CREATE TABLE theirs (n INT PRIMARY KEY, m TEXT CHECK (m <> ''));
                ALTER EXTENSION plpgsql ADD TABLE theirs;
                CREATE VIEW shown AS SELECT n FROM theirs
                """)
        }
        let found = try await wrong(database.location)
        try await engine.write { try $0.runScript("ALTER EXTENSION plpgsql DROP TABLE theirs") }
        #expect(found.isEmpty)
        #expect(try await wrong(database.location) == ["tables"])
    }

    @Test func overdueTrialsAreFound() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        _ = try await database.services.clock.advance(by: .days(14))
        #expect(try await wrong(database.location) == ["overdue trials"])
        _ = try await database.services.jobs.run("trial-expiry")
        #expect(try await wrong(database.location).isEmpty)
    }

    @Test func aMissingForeignOrOpenKeyFileIsFound() async throws {
        let database = try await TestDatabase.sandbox()
        let key = database.keyPath
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
        #expect(try await wrong(database.location) == ["key file"])
        try String(repeating: "ab", count: 32).write(toFile: key, atomically: true, encoding: .utf8)
        #expect(try await wrong(database.location) == ["key file"])
        try FileManager.default.removeItem(atPath: key)
        #expect(try await wrong(database.location) == ["key file"])
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func aBrokenReferenceIsFound() async throws {
        let database = try await TestDatabase.sandbox()
        let sqlite = try DetachedSQLite(path: database.address)
        try sqlite.execute("INSERT INTO account_emails VALUES ('ghost@example.com', 12345)")
        #expect(try await wrong(database.location) == ["references"])
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func anUnsafeJournalModeIsFound() async throws {
        let database = try await TestDatabase.sandbox()
        let path = database.directory.path + "/copy.db"
        try DetachedSQLite(path: database.address).execute("VACUUM INTO '\(path)'")
        try FileManager.default.copyItem(atPath: database.keyPath, toPath: path + ".key")
        #expect(try await wrong(DatabaseLocation(path)) == ["journal mode"])
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func aDamagedFileIsFound() async throws {
        let database = try await TestDatabase.sandbox()
        for number in 0..<30 { try await database.addArticle("golem/article-\(number)") }
        let path = database.directory.path + "/copy.db"
        try DetachedSQLite(path: database.address).execute("VACUUM INTO '\(path)'")
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        for page in 3..<40 {
            try handle.seek(toOffset: UInt64(page * 4096))
            try handle.write(contentsOf: Data(repeating: 0xAB, count: 512))
        }
        try handle.close()
        let damage = try await Doctor(DatabaseLocation(path)).examine().filter { !$0.isSound }
        #expect(damage.contains { ["integrity", "database"].contains($0.subject) })
        // Who asks how bad it is is not told to ask.
        #expect(damage.allSatisfy { $0.remedy?.contains("fortnight doctor") != true }, "\(damage)")
        let error = #expect(throws: MembershipError.self) {
            try DatabaseRestoration(of: path).restore(to: TestDatabase.location(path + ".again", database.directory))
        }
        #expect(error?.code == .databaseDamaged && error?.remedy?.contains("Use another backup") == true)
    }

    @Test func aMissingIndexIsFound() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.engine().write { try $0.runScript("DROP INDEX subscriptions_due_trials") }
        let findings = try await Doctor(database.location).examine()
        #expect(findings.first { !$0.isSound }?.detail.contains("index subscriptions_due_trials") == true)
    }

    @Test func aJobOfALiveDatabaseMayBeAFewMinutesLate() async throws {
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        clock.set(TestDatabase.start + .days(14) + .minutes(9))
        #expect(try await wrong(database.location, clock: clock.wallClock).isEmpty)
        clock.set(TestDatabase.start + .days(14) + .minutes(10))
        #expect(try await wrong(database.location, clock: clock.wallClock) == ["overdue trials"])
    }

    @Test func aClockBehindTheNewestEventIsFound() async throws {
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        clock.set(TestDatabase.start + .hours(-1))
        #expect(try await wrong(database.location, clock: clock.wallClock) == ["clock"])
    }

    private func rules(_ database: TestDatabase) async throws -> Finding? {
        try await Doctor(database.location).examine().first { $0.subject == "access rules" }
    }

    @Test(arguments: [
        ("requires = 'All Titles'", "‘All’"), ("free_for = 86400000, free_after = 3600000", "no time between"),
        ("teaser = 'a bit'", "‘a bit’"), ("meter_anonymous = 20000, meter_registered = 0", "‘20000’"),
    ])
    func aRuleThatCannotBeUnderstoodIsNamedUntilItIsSet(tampering: String, named: String) async throws {
        let database = try await TestDatabase.sandbox()
        try await database.addArticle(titleAccess: .free)
        let found = try await database.services.rules.list().first
        let rule = try #require(found)
        #expect(try await rules(database)?.detail == "1 stand")
        try await database.engine().write { try $0.runScript("UPDATE access_rules SET \(tampering)") }
        #expect(try await wrong(database.location) == ["access rules"])
        let finding = try await rules(database)
        #expect(finding?.detail.contains("title:golem (\(rule.id)): ") == true, "\(finding?.detail ?? "")")
        #expect(finding?.detail.contains(named) == true, "\(finding?.detail ?? "")")
        var change = RuleChange()
        change.access = .free
        _ = try await database.services.rules.set(RuleTarget(parsing: "title:golem"), change, .init())
        #expect(try await wrong(database.location).isEmpty)
    }

    @Test func aRuleForWhatIsNothingIsNamed() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.addArticle(titleAccess: .free)
        try await database.engine().write { try $0.runScript("UPDATE access_rules SET target = 'golem'") }
        #expect(try await wrong(database.location) == ["access rules"])
        let finding = try await rules(database)
        #expect(finding?.detail.contains("‘golem’") == true)
        #expect(finding?.remedy != nil)
    }

    @Test func aRuleThatAsksForWhatNobodyCanHaveIsNamedAndMayBeMeant() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.addArticle(section: "Sport")
        var change = RuleChange()
        change.access = .premium
        change.requires = [try Entitlement(parsing: "section:golem/sport")]
        _ = try await database.services.rules.set(RuleTarget(parsing: "section:golem/sport"), change, .init())
        #expect(try await wrong(database.location).isEmpty)
        let named = "section:golem/sport asks for section:golem/sport, which no plan on offer gives and nobody has"
        #expect(try await rules(database)?.detail == "1 stand; " + named)
        change.requires?.append(.allTitles)
        _ = try await database.services.rules.set(RuleTarget(parsing: "section:golem/sport"), change, .init())
        #expect(try await rules(database)?.detail == "1 stand")
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func ofAnEmptyFileOnlyThatIsSaid() async throws {
        let directory = try TemporaryDirectory()
        let location = TestDatabase.location(try directory.write("empty.db", ""), directory)
        let findings = try await Doctor(location).examine().filter { !$0.isSound }
        #expect(findings.map(\.subject) == ["database"])
        #expect(findings.first?.remedy?.contains("fortnight init") == true)
    }

    @Test func aMissingDatabaseIsAnError() async throws {
        let error = await #expect(throws: MembershipError.self) {
            try await Doctor(DatabaseLocation("/nowhere/x.db")).examine()
        }
        #expect(error?.code == .databaseMissing)
    }
}
