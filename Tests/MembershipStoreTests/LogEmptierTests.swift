import Foundation
import GRDB
import Membership
@testable import MembershipStore
import Synchronization
import Testing
import TestSupport

/// A log that is emptied beside those who write.
@Suite(.enabled(if: TestEngine.isSQLite))
struct LogEmptierTests {
    /// So that it is emptied again and again.
    private static let length: UInt32 = 100
    private let database: TestDatabase
    private let engine: SQLiteEngine

    init() async throws {
        database = try await TestDatabase.sandbox()
        engine = try SQLiteEngine.open(
            path: database.address, lockWait: TestEngine.wait, longLog: LogEmptierTests.length)
        try await engine.write { sql in
            try sql.runScript("CREATE TABLE numbers (n INTEGER NOT NULL, t TEXT NOT NULL) STRICT")
        }
    }

    /// The pages that the log has room for.
    private func logLength() throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: database.address + "-wal")
        return (attributes[.size] as? Int ?? .max) / 4120
    }

    /// Writes many pages from several tasks at once, each in a transaction of its own.
    private func writeMuch(isBatch: Bool = false) async throws {
        let text = String(repeating: "x", count: 3000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask { [engine] in
                    for number in 0..<500 {
                        try await engine.claim(isBatch: isBatch) { sql in
                            _ = try sql.run("INSERT INTO numbers (n, t) VALUES ($1, $2)", [task * 500 + number, text])
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: [false, true]) func aLogThatIsTooLongIsWaitedFor(isBatch: Bool) async throws {
        try await writeMuch(isBatch: isBatch)
        // Four times the length, and what one commit writes on top of it.
        #expect(try logLength() < 600)
        let other = try DatabaseQueue(path: database.address)
        let found = try await other.read { try Int.fetchAll($0, sql: "SELECT n FROM numbers ORDER BY n") }
        #expect(found == Array(0..<2000))
        #expect(try await other.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
    }

    @Test func nobodyWaitsForEverForALogThatSomebodyReads() async throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let reader = try DatabaseQueue(path: database.address, configuration: configuration)
        try reader.inDatabase { database in
            try database.execute(sql: "BEGIN")
            _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM numbers")
        }
        try await writeMuch()
        #expect(try logLength() > 2000)
        try reader.inDatabase { try $0.execute(sql: "COMMIT") }
        try reader.close()
        // From now on it can be emptied, and begun anew.
        let before = try logLength()
        try await writeMuch()
        #expect(try logLength() <= before + 600)
    }

    @Test func aLogIsEmptiedByWhoeverWritesWhenNothingElseCanBeOpened() async throws {
        // What would be opened is no database.
        let emptier = LogEmptier(path: database.address + ".missing/none", length: LogEmptierTests.length)
        let queue = try DatabaseQueue(path: database.address)
        try queue.inDatabase { try $0.execute(sql: "PRAGMA wal_autocheckpoint = 0") }
        for number in 0..<300 {
            try await queue.write { database in
                try database.execute(
                    sql: "INSERT INTO numbers (n, t) VALUES (?, ?)",
                    arguments: [number, String(repeating: "x", count: 3000)])
            }
            try await queue.writeWithoutTransaction { emptier.empty(behindCommitOf: $0) }
        }
        #expect(try logLength() < 200)
    }
}
