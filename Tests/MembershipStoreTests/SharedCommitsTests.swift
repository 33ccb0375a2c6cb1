import Foundation
import GRDB
import Membership
import MembershipStore
import Synchronization
import Testing
import TestSupport

/// Many writers, and the commits they share.
@Suite(.enabled(if: TestEngine.isSQLite))
struct SharedCommitsTests {
    private struct Refusal: Error {}

    private func numbers(_ engine: any DatabaseEngine) async throws -> [Int64] {
        try await engine.read { try $0.query("SELECT n FROM numbers ORDER BY n", []) { try $0.integer(0) } }
    }

    private func prepared() async throws -> (TestDatabase, any DatabaseEngine) {
        let database = try await TestDatabase.sandbox()
        let engine = try database.engine()
        try await engine.write { try $0.runScript("CREATE TABLE numbers (n INTEGER PRIMARY KEY) STRICT") }
        return (database, engine)
    }

    /// With a table of texts, of which no long one fits any more.
    private func preparedOnAFullDisk() async throws -> (TestDatabase, any DatabaseEngine) {
        let (database, engine) = try await prepared()
        try await engine.write { sql in
            try sql.runScript("CREATE TABLE texts (t TEXT NOT NULL) STRICT")
            let pages = try sql.first("PRAGMA page_count", []) { try $0.integer(0) } ?? 0
            _ = try sql.query("PRAGMA max_page_count = \(pages + 3)", []) { _ in }
        }
        return (database, engine)
    }

    /// Keeps the writer busy until many wait, so that they share what comes next.
    private func together<Result: Sendable>(
        _ count: Int, on engine: any DatabaseEngine,
        _ body: @escaping @Sendable (Int, any SQLConnection) throws -> Result
    ) async throws -> [Swift.Result<Result, any Error>] {
        try await together(count, on: engine) { number in try await engine.write { try body(number, $0) } }
    }

    private func together<Result: Sendable>(
        _ count: Int, on engine: any DatabaseEngine, _ write: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> [Swift.Result<Result, any Error>] {
        let begun = Begun()
        let (isHeld, hold) = AsyncStream.makeStream(of: Void.self)
        let release = DispatchSemaphore(value: 0)
        let holder = Task {
            _ = try await engine.write { _ in
                hold.finish()
                release.wait()
            }
        }
        for await _ in isHeld {}
        let tasks = (0..<count).map { number in
            Task {
                begun.count.add(1, ordering: .relaxed)
                return try await write(number)
            }
        }
        while begun.count.load(ordering: .relaxed) < count { await Task.yield() }
        release.signal()
        try await holder.value
        var results: [Swift.Result<Result, any Error>] = []
        for task in tasks { results.append(await task.result) }
        return results
    }

    /// How many have begun to ask.
    private final class Begun: Sendable {
        let count = Atomic<Int>(0)
    }

    @Test func everyWriterIsAnsweredWithItsOwnResult() async throws {
        let (database, engine) = try await prepared()
        defer { withExtendedLifetime(database) {} }
        let results = try await together(300, on: engine) { number, sql in
            try sql.run("INSERT INTO numbers (n) VALUES ($1)", [number])
            return number * 2
        }
        #expect(try results.map { try $0.get() } == (0..<300).map { $0 * 2 })
        #expect(try await numbers(engine) == (0..<300).map(Int64.init))
    }

    /// What is asked to write in the middle of a batch of a job has no part in how long that takes, or whether it fails.
    @Test func aBatchIsWrittenAloneThoughOthersWaitBesideIt() async throws {
        let (database, engine) = try await prepared()
        defer { withExtendedLifetime(database) {} }
        let other = try database.engine()
        let count = "SELECT count(*) FROM numbers"
        let results = try await together(40, on: engine) { number in
            try await engine.claim(number % 10 == 5 ? .batch : .change) { sql in
                // What others in the same transaction have written is not to be seen from outside.
                let committed = try other.readInPlace { try $0.first(count, []) { try $0.count(0) } }
                let isShared = try sql.first(count, []) { try $0.count(0) } != committed
                _ = try sql.run("INSERT INTO numbers (n) VALUES ($1)", [number])
                return isShared
            }
        }
        let shared = try results.map { try $0.get() }
        #expect(try await numbers(engine).map(Int.init) == Array(0..<40))
        #expect(stride(from: 5, to: 40, by: 10).allSatisfy { !shared[$0] })
        #expect(shared.contains(true))
    }

    @Test func ofTwoJobsAtOnceNeitherWaitsForTheOtherToEnd() async throws {
        let (database, engine) = try await prepared()
        defer { withExtendedLifetime(database) {} }
        let order = Locked<[Int]>([])
        let results = try await together(2, on: engine) { job in
            for number in 0..<20 {
                try await engine.claim(.batch) { sql in
                    _ = try sql.run("INSERT INTO numbers (n) VALUES ($1)", [job * 100 + number])
                    order.withLock { $0.append(job) }
                }
            }
        }
        for result in results { try result.get() }
        let jobs = order.withLock { $0 }
        let turns = zip(jobs, jobs.dropFirst()).filter { $0 != $1 }.count
        #expect(jobs.count == 40 && turns > 3, "\(jobs)")
    }

    /// On the main actor, so that it is certain what waits while the first batch is written.
    @MainActor
    @Test func behindABatchWhoeverElseWritesGoesFirst() async throws {
        let (database, engine) = try await prepared()
        defer { withExtendedLifetime(database) {} }
        let (isHeld, hold) = AsyncStream.makeStream(of: Void.self)
        let release = DispatchSemaphore(value: 0)
        let order = Locked<[String]>([])
        var tasks = [
            Task {
                try await engine.claim(.batch) { _ in
                    hold.finish()
                    release.wait()
                    order.withLock { $0.append("batch") }
                }
            }
        ]
        for await _ in isHeld {}
        var waiting = 0
        for name in ["next batch", "reader", "other reader"] {
            tasks.append(
                Task {
                    waiting += 1
                    try await engine.claim(name == "next batch" ? .batch : .change) { _ in
                        order.withLock { $0.append(name) }
                    }
                })
        }
        // What a task does up to its first pause is done when another has its turn.
        while waiting < 3 { await Task.yield() }
        release.signal()
        for task in tasks { try await task.value }
        #expect(order.withLock(\.self) == ["batch", "reader", "other reader", "next batch"])
    }

    @Test func theLogOfWhoeverWritesIsEmptied() async throws {
        let (database, _) = try await prepared()
        let engine = try SQLiteEngine.open(path: database.address, lockWait: TestEngine.wait, longLog: 1000)
        try await engine.write { try $0.runScript("CREATE TABLE texts (t TEXT NOT NULL) STRICT") }
        let text = String(repeating: "x", count: 4000)
        for isBatch in [false, true] {
            // Ten times as many pages as the log holds before it is emptied.
            for _ in 0..<100 {
                try await engine.claim(isBatch ? .batch : .change) { sql in
                    for _ in 0..<100 { try sql.submit("INSERT INTO texts (t) VALUES ($1)", [text]) }
                }
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: database.address + "-wal")
            #expect(attributes[.size] as? Int ?? .max < 10_000_000)
        }
    }

    @Test func betweenTwoBatchesOthersAreLetIn() async throws {
        let (database, engine) = try await prepared()
        defer { withExtendedLifetime(database) {} }
        var ends: [ContinuousClock.Instant] = []
        for number in 0..<10 {
            let (start, end) = try await engine.claim(.batch) { sql in
                let start = ContinuousClock().now
                _ = try sql.run("INSERT INTO numbers (n) VALUES ($1)", [number])
                return (start, ContinuousClock().now)
            }
            // Others ask every millisecond.
            if let last = ends.last { #expect(start - last > .milliseconds(1)) }
            ends.append(end)
        }
    }

    @Test func oneThatFailsTakesNoOtherWithItAndLeavesNothing() async throws {
        let (database, engine) = try await prepared()
        defer { withExtendedLifetime(database) {} }
        let results = try await together(100, on: engine) { number, sql in
            try sql.run("INSERT INTO numbers (n) VALUES ($1)", [number])
            if number % 3 == 0 { throw Refusal() }
            // Refused by the table.
            if number % 3 == 1 { try sql.run("INSERT INTO numbers (n) VALUES ($1)", [number]) }
        }
        for (number, result) in results.enumerated() {
            switch number % 3 {
            case 0: #expect(throws: Refusal.self) { try result.get() }
            case 1: #expect(throws: MembershipError.self) { try result.get() }
            default: #expect(throws: Never.self) { try result.get() }
            }
        }
        #expect(try await numbers(engine) == (0..<100).filter { $0 % 3 == 2 }.map(Int64.init))
    }

    @Test func aFullDiskIsTheTroubleOfWhoeverFillsIt() async throws {
        let (database, engine) = try await preparedOnAFullDisk()
        defer { withExtendedLifetime(database) {} }
        let results = try await together(40, on: engine) { number, sql in
            if number == 20 {
                try sql.run("INSERT INTO texts (t) VALUES ($1)", [String(repeating: "x", count: 1_000_000)])
            } else {
                try sql.run("INSERT INTO numbers (n) VALUES ($1)", [number])
            }
        }
        let failed = results.indices.filter { (try? results[$0].get()) == nil }
        #expect(failed == [20])
        #expect(try await numbers(engine).count == 39)
    }

    @Test(arguments: [1, 3]) func whoeverGoesOnBehindAFullDiskWritesNothing(callers: Int) async throws {
        let (database, engine) = try await preparedOnAFullDisk()
        defer { withExtendedLifetime(database) {} }
        let results = try await together(callers, on: engine) { number, sql in
            let text = String(repeating: "x", count: 1_000_000)
            if number == 0 { _ = try? sql.run("INSERT INTO texts (t) VALUES ($1)", [text]) }
            _ = try sql.run("INSERT INTO numbers (n) VALUES ($1)", [number])
        }
        #expect(results.indices.filter { (try? results[$0].get()) == nil } == [0])
        #expect(try await numbers(engine) == Array(1..<Int64(callers)))
    }

    @Test func whatAnotherProcessHoldsMakesAllOfThemBusy() async throws {
        let (database, _) = try await prepared()
        let engine = try SQLiteEngine.open(path: database.address, lockWait: TimeSpan(milliseconds: 20))
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let holder = try DatabaseQueue(path: database.address, configuration: configuration)
        try await holder.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let codes = await withTaskGroup(of: MembershipError.Code?.self) { group in
            for number in 0..<20 {
                group.addTask {
                    do {
                        _ = try await engine.write { sql in
                            try sql.run("INSERT INTO numbers (n) VALUES ($1)", [number])
                        }
                        return nil
                    } catch {
                        return (error as? MembershipError)?.code
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == Array(repeating: .databaseBusy, count: 20))
        try await holder.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        _ = try await engine.write { try $0.run("INSERT INTO numbers (n) VALUES (1)", []) }
        #expect(try await numbers(engine) == [1])
    }

    // MARK: - What the writer remembers

    /// Changes what is on offer, and sees it.
    private static func offer(_ days: Int, _ tx: WriteTransaction) throws -> Int? {
        try tx.sql.run("UPDATE plan_versions SET trial_days = $1", [days])
        return try tx.publishedVersion(ofPlan: Slug(parsing: "membership"))?.terms.trialDays
    }

    @Test func whatWasTakenBackIsNotRememberedThoughTheNextChangeHasItsNumber() async throws {
        let database = try await TestDatabase.sandbox()
        let store = try await database.store()
        let results = try await together(2, on: store.engine) { number in
            try await store.write { tx in
                let seen = try SharedCommitsTests.offer(90 + number, tx)
                if number == 0 { throw Refusal() }
                return seen
            }
        }
        #expect(throws: Refusal.self) { try results[0].get() }
        #expect(try results[1].get() == 91)
        await #expect(throws: Refusal.self) {
            try await store.write { tx in
                #expect(try SharedCommitsTests.offer(70, tx) == 70)
                throw Refusal()
            }
        }
        #expect(try await store.write { tx in try SharedCommitsTests.offer(71, tx) } == 71)
    }

    @Test func anArticleThatWasTakenBackIsNotRemembered() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.addArticle("golem/a")
        let store = try await database.store()
        let another = try ArticleReference(parsing: "golem/b")
        await #expect(throws: Refusal.self) {
            try await store.write { tx in
                // A new article is counted by no trigger, because nothing can have been remembered of it.
                let columns = try tx.sql.columns(of: "articles").map(\.name)
                let changed = ["article_id": "article_id + 1", "slug": "'b'", "source_id": "'b'", "link": "NULL"]
                try tx.sql.run(
                    """
                    INSERT INTO articles (\(columns.joined(separator: ", ")))
                    SELECT \(columns.map { changed[$0] ?? $0 }.joined(separator: ", ")) FROM articles
                    """, [])
                _ = try tx.accessFacts(reader: .anonymous, article: another)
                throw Refusal()
            }
        }
        let error = await #expect(throws: MembershipError.self) {
            try await store.write { tx in _ = try tx.accessFacts(reader: .anonymous, article: another) }
        }
        #expect(error?.code == .unknownArticle)
    }

    /// Writes one number after the other, each while the one before it is not yet committed, so that somebody always waits.
    private final class Chain: Sendable {
        private let engine: any DatabaseEngine
        private let nextIsBegun = DispatchSemaphore(value: 0)
        private let isToEnd = Atomic(false)
        private let (ending, ended) = AsyncStream.makeStream(of: Void.self)

        init(_ engine: any DatabaseEngine) {
            self.engine = engine
        }

        func write(_ number: Int = 0) async throws {
            if number > 0 { nextIsBegun.signal() }
            try await engine.write { [self] sql in
                _ = try sql.run("INSERT INTO numbers VALUES ($1)", [number])
                guard !isToEnd.load(ordering: .relaxed) else { return ended.finish() }
                Task { try await write(number + 1) }
                nextIsBegun.wait()
            }
        }

        func end() async {
            isToEnd.store(true, ordering: .relaxed)
            for await _ in ending {}
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func whoNeedsTheConnectionGetsItThoughSomebodyAlwaysWaitsToWrite() async throws {
        let (database, engine) = try await prepared()
        let chain = Chain(engine)
        try await chain.write()
        for _ in 0..<3 { _ = try await engine.scrub() }
        await chain.end()
        // Behind the last of the chain.
        try await engine.write { _ in }
        let written = try await numbers(engine)
        #expect(written == Array(0..<Int64(written.count)))
        withExtendedLifetime(database) {}
    }
}
