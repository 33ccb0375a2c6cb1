import Foundation
import GRDB
import Membership
import MembershipStore
import Testing
import TestSupport

/// Readings that keep their transaction open.
@Suite(.enabled(if: TestEngine.isSQLite))
struct SQLiteReaderTests {
    private let database: TestDatabase
    private let engine: any DatabaseEngine

    init() async throws {
        database = try await TestDatabase.sandbox()
        engine = try database.engine()
        try await engine.write { try $0.runScript("CREATE TABLE numbers (n INTEGER NOT NULL) STRICT") }
    }

    private func count(_ engine: any DatabaseEngine) async throws -> Int {
        try await engine.read { try $0.first("SELECT count(*) FROM numbers", []) { try $0.count(0) } ?? -1 }
    }

    @Test func aReadingSeesWhatWasCommittedBeforeIt() async throws {
        for number in 1...200 {
            _ = try await engine.write { try $0.run("INSERT INTO numbers (n) VALUES ($1)", [number]) }
            #expect(try await count(engine) == number)
            #expect(try await count(engine) == number)
        }
    }

    @Test func itSeesWhatAnotherProcessCommitted() async throws {
        // As another process would: with a connection of its own to the same file.
        let other = try DatabaseQueue(path: database.address)
        for number in 1...200 {
            try await other.write { try $0.execute(sql: "INSERT INTO numbers (n) VALUES (?)", arguments: [number]) }
            #expect(try await count(engine) == number)
            #expect(try await count(engine) == number)
        }
    }

    @Test func oneReadingIsOfOneState() async throws {
        let other = try DatabaseQueue(path: database.address)
        for _ in 1...20 {
            let counts = try engine.readInPlace { sql -> [Int] in
                let first = try sql.first("SELECT count(*) FROM numbers", []) { try $0.count(0) }
                try other.write { try $0.execute(sql: "INSERT INTO numbers (n) VALUES (1)") }
                let second = try sql.first("SELECT count(*) FROM numbers", []) { try $0.count(0) }
                return [first, second].compactMap(\.self)
            }
            #expect(Set(counts).count == 1)
        }
        #expect(try await count(engine) == 20)
    }

    @Test func theLogIsEmptiedThoughSomebodyReadsAllTheTime() async throws {
        let other = try DatabaseQueue(path: database.address)
        let text = String(repeating: "x", count: 4000)
        try await other.write { try $0.execute(sql: "CREATE TABLE texts (t TEXT NOT NULL)") }
        let engine = try SQLiteEngine.open(path: database.address, lockWait: TestEngine.wait, longLog: 1000)
        let reading = Task {
            var readings = 0
            while !Task.isCancelled {
                _ = try await engine.read { try $0.first("SELECT count(*) FROM numbers", []) { try $0.count(0) } }
                readings += 1
                await Task.yield()
            }
            return readings
        }
        // Twenty times as many pages as the log holds before it is emptied.
        for _ in 0..<2000 {
            try await other.write { database in
                for _ in 0..<10 { try database.execute(sql: "INSERT INTO texts (t) VALUES (?)", arguments: [text]) }
            }
        }
        reading.cancel()
        #expect(try await reading.value > 100)
        let attributes = try FileManager.default.attributesOfItem(atPath: database.address + "-wal")
        let megabytes = (attributes[.size] as? Int ?? .max) / 1_000_000
        #expect(megabytes < 40, "The log has grown to \(megabytes) MB.")
    }

    @Test func nobodyIsKeptFromTheFileWhenReadingsAreOver() async throws {
        for _ in 0..<10 { _ = try await count(engine) }
        let other = try SQLiteEngine.open(path: database.address, lockWait: TestEngine.wait)
        // Emptying the log waits until nobody is in a transaction of an older state.
        _ = try await other.write { try $0.run("INSERT INTO numbers (n) VALUES (1)", []) }
        #expect(try await other.scrub() == true)
    }

    /// VACUUM INTO makes such files, and doctor says so.
    @Test func aFileWithoutALogIsReadAndWrittenAndNothingIsLeftBesideIt() async throws {
        let copy = database.address + ".plain"
        let plain = try DatabaseQueue(path: database.address)
        try await plain.vacuum(into: copy)
        try plain.close()
        do {
            let engine = try SQLiteEngine.open(path: copy, lockWait: TestEngine.wait)
            for number in 1...3 {
                try await engine.write { sql in _ = try sql.run("INSERT INTO numbers (n) VALUES (1)", []) }
                #expect(try await count(engine) == number)
                #expect(try await count(engine) == number)
            }
            #expect(!FileManager.default.fileExists(atPath: copy + "-shm"))
        }
    }

    @Test func theFileIsLetGoOfWithWhoeverReadIt() async throws {
        // A file that nobody has had open before.
        let copy = database.address + ".copy"
        _ = try SQLiteBackup(of: database.address, lockWait: TestEngine.wait).make(at: copy)
        let path = URL(filePath: copy).resolvingSymlinksInPath().path
        func isOpen() throws -> Bool {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").contains {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)) == path
            }
        }
        #expect(try !isOpen())
        do {
            let engine = try SQLiteEngine.open(path: copy, lockWait: TestEngine.wait)
            // The second keeps its transaction, and somebody is to look after it for milliseconds still.
            for _ in 0..<2 {
                _ = try await engine.read { try $0.first("SELECT count(*) FROM accounts", []) { try $0.count(0) } }
            }
            #expect(try isOpen())
        }
        #expect(try !isOpen())
    }

    @Test func nobodyWaitsForALongReadingWhenAnotherIsOver() {
        let engine = engine
        let count = max(2, ProcessInfo.processInfo.activeProcessorCount)
        let begun = DispatchSemaphore(value: 0)
        let ends = (0..<count).map { _ in DispatchSemaphore(value: 0) }
        let (holders, others) = (DispatchGroup(), DispatchGroup())
        @Sendable func read(_ group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
            group.enter()
            Thread.detachNewThread {
                try? engine.readInPlace { _ in body() }
                group.leave()
            }
        }
        for end in ends {
            read(holders) {
                begun.signal()
                end.wait()
            }
        }
        for _ in ends { begun.wait() }
        for _ in 0..<16 { read(others) {} }
        ends[0].signal()
        #expect(others.wait(timeout: .now() + 30) == .success)
        for end in ends.dropFirst() { end.signal() }
        holders.wait()
    }

    @Test func anErrorEndsTheTransaction() async throws {
        _ = try await count(engine)
        _ = try await count(engine)
        await #expect(throws: MembershipError.self) {
            try await engine.read { try $0.first("SELECT n FROM nowhere", []) { try $0.count(0) } }
        }
        _ = try await engine.write { try $0.run("INSERT INTO numbers (n) VALUES (1)", []) }
        #expect(try await count(engine) == 1)
    }

    @Test func whoReadsCannotWrite() async throws {
        let error = await #expect(throws: MembershipError.self) {
            try await engine.read { _ = try $0.run("INSERT INTO numbers (n) VALUES (1)", []) }
        }
        #expect(error?.code == .databaseReadOnly)
        #expect(try await count(engine) == 0)
    }

    /// SQLite takes a name that no column has for text, unless it is told otherwise.
    @Test func aColumnThatThereIsNotIsAnError() async throws {
        await #expect(throws: MembershipError.self) {
            try await engine.read { try $0.first("SELECT \"m\" FROM numbers", []) { try $0.text(0) } }
        }
    }

    @Test func aFileThatIsGoneIsNotMadeAnew() async throws {
        let path = database.address + ".gone"
        _ = try SQLiteBackup(of: database.address, lockWait: TestEngine.wait).make(at: path)
        let gone = try SQLiteEngine.open(path: path, lockWait: TestEngine.wait)
        try FileManager.default.removeItem(atPath: path)
        let error = await #expect(throws: MembershipError.self) { try await count(gone) }
        #expect(error?.code == .databaseUnavailable)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    /// SQLite opens no path of more than 512 bytes.
    @Test func whatCannotBeOpenedIsAnErrorEachTime() async throws {
        let names = [".folder"] + (0..<3).map { _ in "/" + String(repeating: "x", count: 200) }
        let folder = database.address + names.joined() + "/"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: database.address, toPath: folder + "a.db")
        let far = try SQLiteEngine.open(path: folder + "a.db", lockWait: TestEngine.wait)
        for _ in 0..<3 {
            let error = await #expect(throws: MembershipError.self) { try await count(far) }
            #expect(error?.code == .databaseUnavailable)
        }
    }

    @Test func manyThreadsReadAtOnce() async throws {
        let engine = engine
        _ = try await engine.write { try $0.run("INSERT INTO numbers (n) VALUES (1)", []) }
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await engine.read { try $0.first("SELECT count(*) FROM numbers", []) { try $0.count(0) } ?? -1 }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == Array(repeating: 1, count: 200))
    }

    @Test func textComesBackAsItWent() async throws {
        for text in ["", "a", "Grüße, 世界", "with ' and \" and $1", "zero \u{0} within"] {
            let back = try await engine.read { try $0.first("SELECT $1", [text]) { try $0.text(0) } }
            #expect(back == text)
        }
    }
}
