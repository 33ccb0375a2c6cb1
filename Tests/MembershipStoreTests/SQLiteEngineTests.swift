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

    @Test func textsComeBackAsTheyWereBound() async throws {
        let database = try await TestDatabase.sandbox()
        let texts =
            [
                "", "a", "\0", "a\0b", "fifteen letters", "sixteen letters.", "Zoë 🎈\n",
                String(repeating: "é", count: 5000),
            ]
        try await database.engine().write { sql in
            try sql.runScript("CREATE TABLE texts (n INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT NOT NULL) STRICT")
            for (number, text) in texts.enumerated() {
                _ = try sql.run("INSERT INTO texts VALUES ($1, $2, $3, $4)", [number, text, String?.none, text + text])
                let lengths = try sql.first(
                    "SELECT length(CAST($1 AS BLOB)), length(CAST($2 AS BLOB)), $3", [text, text + "x", ""]
                ) { (try $0.count(0), try $0.count(1), try $0.text(2)) }
                #expect(lengths ?? (-1, -1, "none") == (text.utf8.count, text.utf8.count + 1, ""))
            }
            let rows = try sql.query("SELECT a, b, c FROM texts ORDER BY n", []) {
                [try $0.optionalText(0), try $0.optionalText(1), try $0.optionalText(2)]
            }
            #expect(rows == texts.map { [$0, nil, $0 + $0] })
        }
    }

    @Test func anUpdateOfManyRowsSaysWhetherAllWereThere() async throws {
        let database = try await TestDatabase.sandbox()
        let answers = try await database.engine().write { sql in
            try sql.runScript("CREATE TABLE pairs (n INTEGER PRIMARY KEY, t INTEGER) STRICT")
            for number in 0..<3 { _ = try sql.run("INSERT INTO pairs (n, t) VALUES ($1, 0)", [number]) }
            return try [[], [0, 1, 2], [0, 3, 1]].map { numbers in
                try sql.updateEach(
                    "UPDATE pairs SET t = t + $1 WHERE n = $2", numbers.map { [.integer(1), .integer(Int64($0))] })
            }
        }
        #expect(answers == [true, true, false])
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

    @Test func aFileThatCannotBeLookedAtIsUnavailable() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/loop.db"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
        let error = #expect(throws: MembershipError.self) { try SQLiteEngine.open(path: path, lockWait: .days(1)) }
        #expect(error?.code == .databaseUnavailable)
        #expect(error?.message.contains(path) == true)
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
