import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct DatabaseSetupTests {
    @Test func settingUpTwiceChangesNothing() async throws {
        let directory = try TemporaryDirectory()
        let location = TestDatabase.location(try await TestEngine.makePlace(in: directory), directory)
        let setup = DatabaseSetup(location)
        #expect(try await setup.initialize(.init()).changed)
        let key = try String(contentsOfFile: location.keyPath, encoding: .utf8)
        let again = try await setup.initialize(.init())
        #expect(!again.changed)
        #expect(again.migrations.isEmpty)
        #expect(try String(contentsOfFile: location.keyPath, encoding: .utf8) == key)
    }

    @Test func twoSettingUpAtOnceMakeOneDatabase() async throws {
        for _ in 0..<10 {
            let directory = try TemporaryDirectory()
            let location = TestDatabase.location(try await TestEngine.makePlace(in: directory), directory)
            async let first = DatabaseSetup(location).initialize(.init())
            async let second = DatabaseSetup(location).initialize(.init())
            _ = try await (first, second)
            let services = try await Services.open(location)
            _ = try await services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        }
    }

    @Test func ofTwoThatSetUpWithKeysOfTheirOwnOneIsTold() async throws {
        let directory = try TemporaryDirectory()
        let address = try await TestEngine.makePlace(in: directory)
        let outcomes = await withTaskGroup(of: MembershipError.Code?.self) { group in
            for number in 0..<4 {
                group.addTask {
                    let location = DatabaseLocation(
                        address, keyPath: directory.path + "/\(number).key", wait: .minutes(1))
                    do {
                        _ = try await DatabaseSetup(location).initialize(.init())
                        return nil
                    } catch {
                        return (error as? MembershipError)?.code
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == nil }.count == 1)
        #expect(outcomes.compactMap(\.self).allSatisfy { [.keyMismatch, .keyMissing].contains($0) })
    }

    @Test func aLiveDatabaseDoesNotBecomeASandbox() async throws {
        let directory = try TemporaryDirectory()
        let location = TestDatabase.location(try await TestEngine.makePlace(in: directory), directory)
        let setup = DatabaseSetup(location)
        _ = try await setup.initialize(.init())
        let error = await #expect(throws: MembershipError.self) { try await setup.initialize(.init(sandbox: true)) }
        #expect(error?.code == .databaseExists)
    }

    @Test func aPlanThatIsThereIsNotQuietlyKeptWhenAnotherIsWished() async throws {
        let directory = try TemporaryDirectory()
        let location = TestDatabase.location(try await TestEngine.makePlace(in: directory), directory)
        let setup = DatabaseSetup(location)
        let price = try Money(parsing: "9.99", currency: Currency(parsing: "EUR"))
        _ = try await setup.initialize(.init(trialDays: 7, price: price))
        #expect(try await !setup.initialize(.init(trialDays: 7, price: price)).changed)
        #expect(try await !setup.initialize(.init()).changed)
        let error = await #expect(throws: MembershipError.self) { try await setup.initialize(.init(trialDays: 14)) }
        #expect(error?.code == .databaseExists)
    }

    @Test(.enabled(if: TestEngine.isSQLite), arguments: [-1, 366]) func trialDaysOutOfRangeAreRefusedAndNothingIsMade(
        days: Int
    ) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/x.db"
        await #expect(throws: MembershipError.self) {
            try await DatabaseSetup(DatabaseLocation(path)).initialize(.init(trialDays: days))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func settingUpThatWasInterruptedIsFinished() async throws {
        let directory = try TemporaryDirectory()
        let address = try await TestEngine.makePlace(in: directory)
        let location = TestDatabase.location(address, directory)
        // The schema is there, but what comes after it is not.
        let engine: any DatabaseEngine =
            TestEngine.isSQLite
            ? try SQLiteEngine.create(path: address, lockWait: DatabaseLocation.defaultWait)
            : try PostgresEngine(url: address)
        _ = try await engine.takePendingMigrations(clock: .system)
        let error = await #expect(throws: MembershipError.self) { try await Services.open(location) }
        #expect(error?.remedy?.contains("fortnight init") == true)
        #expect(try await DatabaseSetup(location).initialize(.init()).changed)
        _ = try await Services.open(location)
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func anEmptyFileIsSetUpWithAWriteAheadLog() async throws {
        let directory = try TemporaryDirectory()
        let location = DatabaseLocation(try directory.write("x.db", ""))
        #expect(try await DatabaseSetup(location).initialize(.init()).changed)
        #expect(try await Doctor(location).examine().filter { !$0.isSound }.isEmpty)
    }

    @Test(.enabled(if: TestEngine.isSQLite), arguments: ["file:x.db", ":memory:", "with space?.db", "a/../x%20.db"])
    func aPathIsTakenAsItStands(name: String) async throws {
        let directory = try TemporaryDirectory()
        let location = DatabaseLocation(directory.path + "/" + name)
        _ = try await DatabaseSetup(location).initialize(.init())
        _ = try await Services.open(location)
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        let last = name.split(separator: "/").last.map(String.init) ?? ""
        #expect(files.contains(last) && files.contains(last + ".key"))
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func aKeyFileThatHoldsNoKeyStopsSettingUpBeforeAnythingIsMigrated()
        async throws
    {
        let directory = try TemporaryDirectory()
        _ = try directory.write("x.db.key", "")
        let location = DatabaseLocation(directory.path + "/x.db")
        let error = await #expect(throws: MembershipError.self) {
            try await DatabaseSetup(location).initialize(.init())
        }
        #expect(error?.code == .keyMismatch)
        try FileManager.default.removeItem(atPath: location.keyPath)
        #expect(try await DatabaseSetup(location).initialize(.init()).changed)
    }

    @Test func settingUpAgainNoticesThatTheKeyIsGone() async throws {
        let database = try await TestDatabase.sandbox()
        try FileManager.default.removeItem(atPath: database.keyPath)
        let error = await #expect(throws: MembershipError.self) {
            try await DatabaseSetup(database.location).initialize(.init())
        }
        #expect(error?.code == .keyMissing)
    }

    @Test func anOlderFileIsBroughtForwardAndADryRunOnlyNamesTheSteps() async throws {
        let database = try await TestDatabase.sandbox()
        let setup = DatabaseSetup(database.location)
        #expect(try await setup.migrate(dryRun: true).migrations.isEmpty)
        #expect(try await !setup.migrate(dryRun: false).changed)
        let engine = try database.engine()
        try await engine.write { sql in
            _ = try sql.run("INSERT INTO schema_migrations VALUES (99, 'm0099_future', 'x', 0)", [])
        }
        let error = await #expect(throws: MembershipError.self) { try await setup.migrate(dryRun: false) }
        #expect(error?.code == .databaseNewer)
    }
}
