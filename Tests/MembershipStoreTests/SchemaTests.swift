import Membership
import MembershipStore
import Migrations
import Testing
import TestSupport

struct SchemaTests {
    private func code(_ body: () async throws -> Void) async -> (MembershipError.Code?, String) {
        do {
            try await body()
            return (nil, "")
        } catch {
            let error = error as? MembershipError
            return (error?.code, error?.message ?? "")
        }
    }

    private func change(_ database: TestDatabase, _ sql: String) async throws {
        try await database.engine().write { connection in _ = try connection.run(sql, []) }
    }

    @Test func aNewerDatabaseIsRefusedNamingBothVersions() async throws {
        let database = try await TestDatabase.sandbox()
        let known = try database.engine().schema.version
        try await change(database, "INSERT INTO schema_migrations VALUES (\(known + 7), 'm9999_future', 'x', 0)")
        let (code, message) = await code { _ = try await database.store() }
        #expect(code == .databaseNewer)
        #expect(message.contains("\(known + 7)") && message.contains("\(known)"))
    }

    @Test func aChangedMigrationIsRefusedByName() async throws {
        let database = try await TestDatabase.sandbox()
        try await change(database, "UPDATE schema_migrations SET checksum = 'other' WHERE version = 1")
        let (code, message) = await code { _ = try await database.store() }
        #expect(code == .migrationChanged)
        #expect(message.contains("m0001_main_job"))
    }

    @Test func aMissingMigrationIsRefusedByName() throws {
        let engine = try SQLiteEngine.open(path: #filePath, lockWait: .days(1))
        let first = try #require(engine.schema.migrations.first)
        let second = Migration(version: 2, name: "m0002_second", sql: [])
        let schema = Schema(migrations: [first, second])
        let error = #expect(throws: MembershipError.self) {
            try schema.pending([.init(version: 2, name: "m0002_second", checksum: second.checksum)])
        }
        #expect(error?.code == .migrationChanged)
        #expect(error?.message.contains("m0001_main_job") == true)
    }

    @Test func anOlderDatabaseIsBroughtForwardStepByStep() throws {
        let first = Migration(version: 1, name: "m0001_first", sql: [1])
        let second = Migration(version: 2, name: "m0002_second", sql: [2])
        let schema = Schema(migrations: [first, second])
        let applied = [Schema.Applied(version: 1, name: "m0001_first", checksum: first.checksum)]
        #expect(try schema.pending(applied).map(\.version) == [2])
        let error = #expect(throws: MembershipError.self) { try schema.requireCurrent(applied) }
        #expect(error?.code == .databaseOlder)
        #expect(error?.remedy?.contains("fortnight migrate") == true)
    }

    @Test func aMigrationThatThisProgramDoesNotHaveIsRefusedByName() async throws {
        let database = try await TestDatabase.sandbox()
        try await change(database, "INSERT INTO schema_migrations VALUES (0, 'm0000_strange', 'x', 0)")
        let (code, message) = await code { _ = try await database.store() }
        #expect(code == .migrationChanged)
        #expect(message.contains("m0000_strange"))
    }

    @Test func anEmptyRecordBesideTablesIsNotTakenForAnEmptyDatabase() async throws {
        let database = try await TestDatabase.sandbox()
        try await change(database, "DELETE FROM schema_migrations")
        #expect(await code { _ = try await database.store() }.0 == .migrationChanged)
    }

    @Test(.enabled(if: TestEngine.isSQLite)) func stepsAreTakenInOrderAndAFailingOneLeavesTheStepBefore() async throws {
        let directory = try TemporaryDirectory()
        func migration(_ version: Int, _ sql: String) -> Migration {
            Migration(version: version, name: "m000\(version)_x", sql: Array(sql.utf8))
        }
        let first = migration(1, "CREATE TABLE a (n INTEGER)")
        let second = migration(2, "INSERT INTO a VALUES (1); CREATE TABLE b (n INTEGER)")
        let broken = migration(3, "CREATE TABLE c (n INTEGER); INSERT INTO nowhere VALUES (1)")
        func engine(_ migrations: [Migration]) throws -> SQLiteEngine {
            try SQLiteEngine.create(
                path: directory.path + "/x.db", lockWait: .minutes(1), schema: Schema(migrations: migrations))
        }
        #expect(try await engine([first]).takePendingMigrations(clock: .system) == ["m0001_x"])
        #expect(try await engine([first, second]).pendingMigrations() == ["m0002_x"])
        #expect(try await engine([first, second]).takePendingMigrations(clock: .system) == ["m0002_x"])
        await #expect(throws: MembershipError.self) {
            try await engine([first, second, broken]).takePendingMigrations(clock: .system)
        }
        let (tables, versions) = try await engine([first, second]).read { sql in
            (try sql.tableNames(), try sql.appliedMigrations().map(\.version))
        }
        #expect(tables == ["a", "b", "schema_migrations"])
        #expect(versions == [1, 2])
    }

    @Test func migrationNamesAreUniqueAndInOrder() throws {
        let migrations = try SQLiteEngine.open(path: #filePath, lockWait: .days(1)).schema.migrations
        #expect(migrations.map(\.version) == Array(1...migrations.count))
        for migration in migrations {
            let number = String(migration.version)
            #expect(migration.name.hasPrefix("m" + String(repeating: "0", count: 4 - number.count) + number + "_"))
        }
    }
}
