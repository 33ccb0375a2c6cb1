import Dispatch
import Foundation
import Membership
import MembershipService
import MembershipStore
import Synchronization
import Testing
import TestSupport

@Suite(.enabled(if: !TestEngine.isSQLite))
struct PostgresEngineTests {
    private func server() throws -> String { try #require(TestEngine.postgres) }

    /// The address with another password, database or host.
    private func changed(_ change: (inout URLComponents) -> Void) throws -> String {
        var components = try #require(URLComponents(string: server()))
        change(&components)
        return try #require(components.string)
    }

    private func refusal(_ engine: PostgresEngine) async throws -> MembershipError {
        try #require(await #expect(throws: MembershipError.self) { try await engine.read { try $0.tableNames() } })
    }

    private func counter() async throws -> (String, PostgresEngine) {
        let address = try await TestEngine.makeSchema(on: server())
        let engine = try PostgresEngine(url: address)
        try await engine.write { try $0.runScript("CREATE TABLE counter (n BIGINT); INSERT INTO counter VALUES (0)") }
        return (address, engine)
    }

    private func count(_ engine: PostgresEngine) async throws -> Int64 {
        try await engine.read { sql in try sql.first("SELECT n FROM counter", []) { try $0.integer(0) } ?? -1 }
    }

    private static func increment(_ sql: any SQLConnection) throws {
        let number = try sql.first("SELECT n FROM counter", []) { try $0.integer(0) } ?? 0
        try sql.run("UPDATE counter SET n = $1", [number + 1])
    }

    // MARK: - Bad addresses

    @Test func anUnreachableHostIsNamedWithoutThePassword() async throws {
        let error = try await refusal(PostgresEngine(url: "postgres://ada:s3cret@127.0.0.1:1/fortnight"))
        #expect(error.code == .databaseUnavailable)
        #expect(error.message.contains("127.0.0.1"))
        #expect(!error.message.contains("s3cret"))
    }

    @Test func aWrongPasswordIsSaidSoAndNotRepeated() async throws {
        let error = try await refusal(PostgresEngine(url: changed { $0.password = "s3cret" }))
        #expect(error.message.contains("password authentication failed"))
        #expect(error.remedy?.contains("PGPASSWORD") == true)
        #expect(!error.message.contains("s3cret"))
    }

    @Test func aMissingDatabaseSaysHowToMakeOne() async throws {
        let error = try await refusal(PostgresEngine(url: changed { $0.path = "/nothere" }))
        #expect(error.message.contains("nothere"))
        #expect(error.remedy?.contains("createdb") == true)
    }

    @Test func aServerThatIsTooOldIsRefusedNamingItsVersion() async throws {
        let error = try await refusal(PostgresEngine(url: server(), oldestServer: 990_000))
        #expect(error.message.contains("too old"))
        #expect(error.remedy?.contains("99") == true)
    }

    @Test(arguments: [
        "postgres://u:s3cret@h/x?nonsense=1", "postgres://u:s3cret@h:1:2/x?a=b", "postgres://u:s3cret@[::1/x",
    ])
    func anAddressThatIsNoneIsRefusedWithoutThePassword(address: String) async throws {
        let error = #expect(throws: MembershipError.self) { try PostgresEngine(url: address) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("s3cret") == false)
        let name = DatabaseLocation(address).name
        #expect(!name.contains("s3cret"))
    }

    @Test func aShortPasswordDoesNotGarbleWhatIsSaid() async throws {
        let error = try await refusal(PostgresEngine(url: "postgres://u:e@127.0.0.1:1/x"))
        #expect(error.message.contains("connection to server"))
    }

    @Test func textIsKeptAsUTF8WhateverEncodingIsAskedFor() async throws {
        let address = try await TestEngine.makeSchema(on: server())
        let engine = try PostgresEngine(url: address + "&client_encoding=LATIN1")
        let name = "Zoë Зоя 日本"
        try await engine.write { sql in
            try sql.runScript("CREATE TABLE names (name TEXT)")
            try sql.run("INSERT INTO names VALUES ($1)", [name])
        }
        let lengths = try await PostgresEngine(url: address).read { sql in
            try sql.query("SELECT name, octet_length(name) FROM names", []) { (try $0.text(0), try $0.count(1)) }
        }
        #expect(lengths.first?.0 == name)
        #expect(lengths.first?.1 == name.utf8.count)
    }

    @Test func aSchemaThatIsNotThereIsSaidSo() async throws {
        let engine = try PostgresEngine(url: server() + "&options=-csearch_path%3Dnowhere")
        let error = try await refusal(engine)
        #expect(error.code == .databaseMissing)
        #expect(error.remedy?.contains("CREATE SCHEMA") == true)
    }

    @Test func aViewOfSomebodyElsesIsNoTable() async throws {
        let engine = try PostgresEngine(url: await TestEngine.makeSchema(on: server()))
        try await engine.write { try $0.runScript("CREATE VIEW theirs AS SELECT 1 AS one") }
        #expect(try await engine.read { try $0.appliedMigrations() }.isEmpty)
    }

    @Test func aTableOfAnExtensionIsNobodysDatabase() async throws {
        let engine = try PostgresEngine(url: await TestEngine.makeSchema(on: server()))
        try await engine.write { sql in
            try sql.runScript("CREATE TABLE theirs (n INT); ALTER EXTENSION plpgsql ADD TABLE theirs")
            #expect(try sql.appliedMigrations().isEmpty)
            try sql.runScript("ALTER EXTENSION plpgsql DROP TABLE theirs")
            let error = #expect(throws: MembershipError.self) { try sql.appliedMigrations() }
            #expect(error?.code == .notADatabase)
            #expect(error?.message.contains("theirs") == true)
        }
    }

    @Test func theTablesOfAnotherSchemaAreNotThisOnesWhateverItsName() async throws {
        let full = try await TestDatabase.sandbox()
        // Both on the search path: what is in the second is not in the first, whose name has to be quoted.
        let schema = "The \"Other\" \(UInt64.random(in: 0..<1 << 60))"
        let quoted = "\"" + schema.replacingOccurrences(of: "\"", with: "\"\"") + "\""
        try await full.engine().write { try $0.runScript("CREATE SCHEMA \(quoted)") }
        try await full.engine().write { sql in
            let path = try sql.first("SELECT current_schema()", []) { try $0.text(0) }
            try sql.runScript("SET LOCAL search_path TO \(quoted), \(path ?? "")")
            #expect(try sql.first("SELECT current_schema()", []) { try $0.text(0) } == schema)
            #expect(try sql.tableNames().isEmpty)
            #expect(try sql.appliedMigrations().isEmpty)
            try sql.createMigrationsTable()
            #expect(try sql.tableNames() == ["schema_migrations"])
            #expect(try sql.appliedMigrations().isEmpty)
        }
    }

    @Test func ofSeveralHostsTheOneThatAnswersIsTaken() async throws {
        let address = try server().replacingOccurrences(of: "host=", with: "host=/nowhere,")
        let engine = try PostgresEngine(url: address)
        #expect(try await engine.read { try $0.first("SELECT 1", []) { try $0.integer(0) } } == 1)
    }

    // MARK: - Many at once

    @Test func aPoolThatIsExhaustedSaysSoAndServesAgain() async throws {
        let engine = try PostgresEngine(url: server(), wait: TimeSpan(milliseconds: 50), connections: 1)
        let isHeld = AsyncStream<Void>.makeStream()
        let release = DispatchSemaphore(value: 0)
        async let holder: Void = engine.read { _ in
            isHeld.continuation.yield()
            release.wait()
        }
        for await _ in isHeld.stream { break }
        let error = try await refusal(engine)
        #expect(error.code == .databaseBusy)
        #expect(error.message.contains("1 connections"))
        release.signal()
        try await holder
        #expect(try await engine.read { try $0.first("SELECT 1", []) { try $0.integer(0) } } == 1)
    }

    @Test func aStormOfConflictsLosesNothingAndAcknowledgesNothingThatIsNotThere() async throws {
        let (_, engine) = try await counter()
        let acknowledged = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<60 {
                group.addTask {
                    do {
                        try await engine.write { try PostgresEngineTests.increment($0) }
                        return true
                    } catch let error as MembershipError where error.code == .databaseBusy {
                        return false
                    }
                }
            }
            return try await group.reduce(into: Int64(0)) { $0 += $1 ? 1 : 0 }
        }
        #expect(acknowledged > 0)
        #expect(try await count(engine) == acknowledged)
    }

    /// For a transaction that waits for another task, which on a busy machine may have to wait for long before it begins.
    private static let patience = "SET LOCAL idle_in_transaction_session_timeout = 0"

    @Test func aConflictThatOutlastsTheTriesIsReportedAsBusy() async throws {
        let (address, engine) = try await counter()
        let impatient = try PostgresEngine(url: address, tries: 1)
        let error = await #expect(throws: MembershipError.self) {
            try await impatient.write { sql in
                try sql.runScript(PostgresEngineTests.patience)
                _ = try sql.query("SELECT n FROM counter", []) { try $0.integer(0) }
                // Somebody else is quicker; waited for here, so that this transaction cannot win.
                let done = DispatchSemaphore(value: 0)
                Task.detached {
                    try await engine.claim(.change) { _ = try $0.run("UPDATE counter SET n = 9", []) }
                    done.signal()
                }
                done.wait()
                try sql.run("UPDATE counter SET n = 1", [])
            }
        }
        #expect(error?.code == .databaseBusy)
        #expect(error?.message.contains("running into other changes") == true)
        #expect(try await count(engine) == 9)
    }

    @Test func aLockHeldForLongerThanTheWaitIsReportedAsBusy() async throws {
        let (address, engine) = try await counter()
        let impatient = try PostgresEngine(url: address, wait: TimeSpan(milliseconds: 30))
        let error = try await engine.claim(.change) { sql -> MembershipError? in
            try sql.runScript(PostgresEngineTests.patience + "; LOCK TABLE counter")
            let done = DispatchSemaphore(value: 0)
            let found = Locked<MembershipError?>(nil)
            Task.detached {
                do {
                    try await impatient.write { try PostgresEngineTests.increment($0) }
                } catch let error as MembershipError {
                    found.withLock { $0 = error }
                }
                done.signal()
            }
            done.wait()
            return found.withLock { $0 }
        }
        #expect(error?.code == .databaseBusy)
        #expect(error?.message.contains("lock") == true)
    }

    @Test func aStatementThatTakesTooLongIsStopped() async throws {
        let engine = try PostgresEngine(url: server())
        let error = await #expect(throws: MembershipError.self) {
            try await engine.write { sql in
                try sql.runScript("SET LOCAL statement_timeout = 20")
                _ = try sql.query("SELECT CAST(pg_sleep(60) AS TEXT)", []) { _ in }
            }
        }
        #expect(error?.code == .databaseBusy)
    }

    @Test func aLimitIsOursUnlessSomebodyHasSetIt() async throws {
        func limits(_ address: String) async throws -> [String] {
            try await PostgresEngine(url: address, wait: TimeSpan(milliseconds: 9000)).read { sql in
                try sql.query(
                    "SELECT current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')", []
                ) { try $0.text(0) }
            }
        }
        #expect(try await limits(server()) == ["9s 1min"])
        let unlimited = try server() + "&options=-cstatement_timeout%3D0"
        #expect(try await limits(unlimited) == ["9s 0"])
        #expect(try await limits(server() + "&options=-clock_timeout%3D7s") == ["7s 1min"])
    }

    @Test func manySubmittedStatementsAllArriveAndOneThatFailsTakesThemAllBack() async throws {
        let (_, engine) = try await counter()
        try await engine.write { sql in
            for _ in 0..<300 { try sql.submit("UPDATE counter SET n = n + $1", [1]) }
        }
        #expect(try await count(engine) == 300)
        let error = await #expect(throws: MembershipError.self) {
            try await engine.write { sql in
                for number in 0..<300 { try sql.submit("UPDATE counter SET n = n + 1 / $1", [number == 200 ? 0 : 1]) }
            }
        }
        #expect(error?.message.contains("division by zero") == true)
        #expect(try await count(engine) == 300)
    }

    // MARK: - Connections that break

    /// Breaks its own connection the first time it is asked to.
    private final class Saboteur: Sendable {
        private let isDone = Locked(false)

        func strike(_ sql: any SQLConnection) throws {
            let isFirst = isDone.withLock { isDone in
                defer { isDone = true }
                return !isDone
            }
            guard isFirst else { return }
            _ = try sql.query("SELECT pg_terminate_backend(pg_backend_pid())", []) { _ in }
        }
    }

    @Test func aReadWhoseConnectionBreaksIsTriedAgain() async throws {
        let (_, engine) = try await counter()
        let saboteur = Saboteur()
        let number = try await engine.read { sql in
            try saboteur.strike(sql)
            return try sql.first("SELECT n FROM counter", []) { try $0.integer(0) }
        }
        #expect(number == 0)
    }

    @Test func aWriteThatWasNotCommittedIsTriedAgainAndDoneOnce() async throws {
        let (_, engine) = try await counter()
        let saboteur = Saboteur()
        try await engine.write { sql in
            try PostgresEngineTests.increment(sql)
            try saboteur.strike(sql)
        }
        #expect(try await count(engine) == 1)
    }

    @Test(arguments: [CuttingProxy.Cut.beforeCommit, .afterCommit])
    func aConnectionCutBetweenCommitAndItsAnswerIsReportedAsUnknown(cut: CuttingProxy.Cut) async throws {
        let (address, engine) = try await counter()
        let directory = try TemporaryDirectory()
        let host = try #require(
            URLComponents(string: address)?.queryItems?.first { $0.name == "host" }?.value)
        let proxy = try CuttingProxy(in: directory, to: host)
        let throughProxy = try PostgresEngine(url: address.replacingOccurrences(of: host, with: directory.path))
        try await throughProxy.write { try PostgresEngineTests.increment($0) }
        #expect(try await count(engine) == 1)

        proxy.cutNext(cut)
        let error = await #expect(throws: MembershipError.self) {
            try await throughProxy.write { try PostgresEngineTests.increment($0) }
        }
        #expect(error?.code == .outcomeUnknown)
        // Whether it is there is what could not be told; it is there once or not at all.
        #expect(try await count(engine) == (cut == .afterCommit ? 2 : 1))
        // The next one goes through again.
        try await throughProxy.write { try PostgresEngineTests.increment($0) }
        #expect(try await count(engine) == (cut == .afterCommit ? 3 : 2))
    }
}
