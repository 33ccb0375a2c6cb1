import Foundation
import GRDB
import Membership
import MembershipStore
import Testing
import TestSupport

@Suite(.enabled(if: TestEngine.isSQLite))
struct SQLiteEngineTests {
    @Test func aWriteThatThrowsLeavesNoTrace() async throws {
        let database = try await TestDatabase.sandbox()
        let store = try await database.store()
        let email = try EmailAddress(parsing: "ada@example.com")
        await #expect(throws: MembershipError.self) {
            try await store.write { tx in
                _ = try tx.insertAccount(email: email, name: nil, timeZone: "UTC")
                throw MembershipError(.invalidInput, "after all not")
            }
        }
        #expect(try await store.read { try $0.accountCount() } == 0)
    }

    @Test func aReadCannotWrite() async throws {
        let database = try await TestDatabase.sandbox()
        let engine = try database.engine()
        let error = await #expect(throws: MembershipError.self) {
            try await engine.read { sql in _ = try sql.run("DELETE FROM plan_entitlements", []) }
        }
        #expect(error?.code == .databaseReadOnly)
    }

    /// Found by Scripts/torture --only faulty, which runs as root too; nothing is read-only for root.
    @Test(.enabled(if: getuid() != 0))
    func whatWasReadOnlyIsWrittenAgainAsSoonAsThatIsPermitted() async throws {
        let database = try await TestDatabase.sandbox()
        #expect(chmod(database.address, 0o444) == 0)
        let engine = try database.engine()
        let error = await #expect(throws: MembershipError.self) {
            try await engine.write { _ = try $0.run("DELETE FROM job_failures", []) }
        }
        #expect(error?.code == .databaseReadOnly)
        #expect(chmod(database.address, 0o644) == 0)
        try await engine.write { _ = try $0.run("DELETE FROM job_failures", []) }
    }

    @Test func aFileThatIsNotThereIsMissingAndNotMade() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: MembershipError.self) {
            try SQLiteEngine.open(path: directory.path + "/no.db", lockWait: .days(1))
        }
        #expect(error?.code == .databaseMissing)
        #expect(error?.remedy?.contains("fortnight init") == true)
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/no.db"))
    }

    @Test func aTextFileIsNoDatabase() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("notes.db", String(repeating: "Dear diary, ", count: 100))
        let engine = try SQLiteEngine.open(path: path, lockWait: .days(1))
        let error = await #expect(throws: MembershipError.self) { try await engine.read { try $0.tableNames() } }
        #expect(error?.code == .notADatabase)
    }

    @Test func somebodyElsesDatabaseIsRefused() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/other.db"
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE songs (title TEXT)") }
        let engine = try SQLiteEngine.open(path: path, lockWait: .days(1))
        let error = await #expect(throws: MembershipError.self) {
            try await Store.open(engine, clock: .system)
        }
        #expect(error?.code == .notADatabase)
        #expect(error?.message.contains("songs") == true)
    }

    @Test func aLockHeldForLongerThanTheWaitIsReportedAsBusy() async throws {
        let database = try await TestDatabase.sandbox()
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let holder = try DatabaseQueue(path: database.address, configuration: configuration)
        let engine = try SQLiteEngine.open(path: database.address, lockWait: TimeSpan(milliseconds: 20))
        try await holder.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let busy = await #expect(throws: MembershipError.self) { try await engine.write { _ in } }
        #expect(busy?.code == .databaseBusy)
        // A reader does not mind.
        #expect(try await engine.read { try !$0.tableNames().isEmpty })
        try await holder.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await engine.write { _ in }
    }

    @Test func aFullDiskIsReportedAndTheNextWriteWorksOnceThereIsSpace() async throws {
        let database = try await TestDatabase.sandbox()
        let store = try await database.store()
        try await store.engine.write { sql in
            // The pragma refuses to go below what is there, so that the next page is one too many.
            _ = try sql.query("PRAGMA max_page_count = 1", []) { _ in }
        }
        let body = String(repeating: "x", count: 100_000)
        let full = await #expect(throws: MembershipError.self) {
            try await store.write { tx in
                _ = try tx.insertTitle(
                    slug: Slug(stored: "t"), name: body, section: nil, homePage: nil, language: nil)
            }
        }
        #expect(full?.code == .databaseFull)
        try await store.engine.write { sql in _ = try sql.query("PRAGMA max_page_count = 1000000", []) { _ in } }
        _ = try await store.write { tx in
            try tx.insertTitle(
                slug: Slug(stored: "t"), name: body, section: nil, homePage: nil, language: nil)
        }
        #expect(try await store.read { try $0.titles().count } == 1)
    }

    @Test func writesAreSynchronousAndForeignKeysHold() async throws {
        let database = try await TestDatabase.sandbox()
        let findings = try await database.engine().examine()
        #expect(findings.filter { !$0.isSound }.isEmpty)
        #expect(findings.first { $0.subject == "synchronous" }?.detail == "full")
        let store = try await database.store()
        let error = await #expect(throws: MembershipError.self) {
            try await store.write { tx in
                try tx.record(.accountCreated, account: Identifier(rawValue: 99))
            }
        }
        #expect(error?.code == .constraintViolated)
    }

    @Test func aColumnThatHoldsSomethingElseIsDamageAndNotAnAnswer() async throws {
        let database = try await TestDatabase.sandbox()
        let engine = try database.engine()
        for column in ["'x'", "NULL"] {
            let error = await #expect(throws: MembershipError.self) {
                try await engine.read { sql in try sql.query("SELECT \(column)", []) { try $0.integer(0) } }
            }
            #expect(error?.code == .databaseDamaged)
        }
    }
}
