import Foundation
import GRDB
import GRDBSQLite
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

    /// A connection that reads what is there now until its transaction is committed.
    private func readerThatStays() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let reader = try DatabaseQueue(path: database.address, configuration: configuration)
        try reader.inDatabase { database in
            try database.execute(sql: "BEGIN")
            _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM numbers")
        }
        return reader
    }

    /// Writes many pages from several tasks at once, each in a transaction of its own.
    private func writeMuch(isBatch: Bool = false) async throws {
        let text = String(repeating: "x", count: 3000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask { [engine] in
                    for number in 0..<500 {
                        try await engine.claim(isBatch ? .batch : .change) { sql in
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
        // Twice the length, and what one commit writes on top of it.
        #expect(try logLength() < 300)
        let other = try DatabaseQueue(path: database.address)
        let found = try await other.read { try Int.fetchAll($0, sql: "SELECT n FROM numbers ORDER BY n") }
        #expect(found == Array(0..<2000))
        #expect(try await other.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
    }

    @Test func nobodyWaitsForEverForALogThatSomebodyReads() async throws {
        let reader = try readerThatStays()
        try await writeMuch()
        #expect(try logLength() > 2000)
        try reader.inDatabase { try $0.execute(sql: "COMMIT") }
        try reader.close()
        // From now on it can be emptied, and begun anew.
        let before = try logLength()
        try await writeMuch()
        #expect(try logLength() <= before + 300)
    }

    @Test func whoeverWritesEmptiesTheLogWhenNobodyElseCan() async throws {
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

    /// By the name of a file that was moved another would be made, and the log taken for that one's.
    @Test func theLogOfAFileThatWasMovedIsEmptiedAndNoOtherFileIsMade() async throws {
        let moved = database.address + ".moved"
        try FileManager.default.moveItem(atPath: database.address, toPath: moved)
        try await writeMuch()
        #expect(try logLength() < 300)
        #expect(!FileManager.default.fileExists(atPath: database.address))
        try FileManager.default.moveItem(atPath: moved, toPath: database.address)
        let other = try DatabaseQueue(path: database.address)
        #expect(try await other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM numbers") } == 2000)
    }

    /// What the disk could not write it does not write again by itself: it has to be copied once more.
    @Test func whatCouldNotBeSyncedIsCopiedAgain() async throws {
        func insert(_ count: Int) async throws {
            for number in 0..<count {
                _ = try await engine.write { try $0.run("INSERT INTO numbers (n, t) VALUES ($1, '')", [number]) }
            }
        }
        try await insert(10)
        let reader = try readerThatStays()
        // What is newer than what somebody reads stays in the log, so that SQLite syncs nothing by itself.
        try await insert(10)
        let copying = try DatabaseQueue(path: database.address)
        try copying.inDatabase { database in
            _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM numbers")
            let handle = try #require(database.sqliteConnection)
            let log = try #require(LogIndexHeader.address(of: handle))
            var file: UnsafeMutablePointer<sqlite3_file>?
            _ = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file)
            let open = try #require(file)
            let methods = try #require(open.pointee.pMethods)
            var failing = methods.pointee
            failing.xSync = { _, _ in SQLITE_IOERR }
            withUnsafePointer(to: failing) { failing in
                open.pointee.pMethods = failing
                #expect(!LogEmptier.copyAndSync(database))
                open.pointee.pMethods = methods
            }
            #expect(LogIndexHeader(at: log).copiedPageCount == 0)
            #expect(LogEmptier.copyAndSync(database))
            #expect(LogIndexHeader(at: log).copiedPageCount >= 10)
        }
        try reader.inDatabase { try $0.execute(sql: "COMMIT") }
        try reader.close()
        #expect(try await engine.scrub() == true)
        let found = try await copying.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM numbers") }
        #expect(found == 20)
    }

    /// SQLite itself waits for readers, and not for somebody who does the same.
    @Test func anErasureWaitsForWhoeverEmptiesTheLog() async throws {
        let reader = try readerThatStays()
        _ = try await engine.write { try $0.run("INSERT INTO numbers (n, t) VALUES (1, '')", []) }
        let asked = Asked()
        var configuration = Configuration()
        configuration.busyMode = .callback { _ in
            asked.count.add(1, ordering: .relaxed)
            usleep(1000)
            return true
        }
        let other = try DatabaseQueue(path: database.address, configuration: configuration)
        let emptying = Task {
            try await other.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        }
        // It waits for the reader, and lets nobody else empty the log.
        while asked.count.load(ordering: .relaxed) == 0 { await Task.yield() }
        let erasing = Task { [engine] in try await engine.scrub() }
        let before = asked.count.load(ordering: .relaxed)
        while asked.count.load(ordering: .relaxed) < before + 50 { await Task.yield() }
        try reader.inDatabase { try $0.execute(sql: "COMMIT") }
        #expect(try await erasing.value == true)
        try await emptying.value
    }

    private final class Asked: Sendable {
        let count = Atomic(0)
    }
}
