import Foundation
import Membership
@testable import MembershipStore
import Synchronization
import Testing
import TestSupport

/// What was seen before a transaction, and stands in it while nothing but additions came between.
@Suite(.enabled(if: TestEngine.isSQLite))
struct StandingStatesTests {
    private let database: TestDatabase
    private let engine: any DatabaseEngine

    init() async throws {
        database = try await TestDatabase.sandbox()
        engine = try database.engine()
        try await engine.write { try $0.runScript("CREATE TABLE numbers (n INTEGER NOT NULL) STRICT") }
    }

    /// A connection knows where to look when it has read once, and there are several.
    private func seen() async throws -> SeenState {
        var state: SeenState?
        for _ in 0..<1000 where state == nil {
            state = try await engine.read { sql in
                _ = try count(sql)
                return sql.seenState
            }
        }
        return try #require(state)
    }

    private func add(_ kind: WriteKind, throwing error: MembershipError? = nil) async throws {
        try await engine.write(kind) { sql in
            try sql.submit("INSERT INTO numbers (n) VALUES (1)", [])
            if let error { throw error }
        }
    }

    private func stands(_ state: SeenState) async throws -> Bool {
        try await engine.write(.addition) { $0.stillStands(state) }
    }

    @Test func whatWasSeenStandsUntilSomethingIsChanged() async throws {
        let first = try await seen()
        #expect(try await stands(first))
        var states = [first]
        for _ in 0..<10 {
            try await add(.addition)
            states.append(try await seen())
            for state in states { #expect(try await stands(state)) }
        }
        for kind in [WriteKind.change, .batch] {
            let before = try await seen()
            #expect(try await stands(before))
            try await add(kind)
            for state in states + [before] { #expect(try await !stands(state)) }
            #expect(try await stands(seen()))
        }
    }

    @Test func aChangeThatIsTakenBackChangesNothing() async throws {
        let before = try await seen()
        await #expect(throws: MembershipError.self) {
            try await add(.change, throwing: MembershipError(.invalidInput, "No."))
        }
        #expect(try await stands(before))
    }

    @Test func whatAnotherProcessCommitsMayBeAChange() async throws {
        // As another process would: with connections of its own to the same file.
        let other = try database.engine()
        for isFirst in [true, false] {
            let before = try await seen()
            if !isFirst { try await add(.addition) }
            try await other.write(.addition) { try $0.submit("INSERT INTO numbers (n) VALUES (1)", []) }
            #expect(try await !stands(before))
            try await add(.addition)
            #expect(try await !stands(before))
            #expect(try await stands(seen()))
        }
    }

    @Test func whatIsSeenTooLongAgoIsSeenAgain() async throws {
        let before = try await seen()
        for _ in 0..<100 { try await add(.addition) }
        #expect(try await !stands(before))
        #expect(try await stands(seen()))
    }

    /// Of two commits that are found behind a transaction the second is somebody else's, whatever it was.
    @Test func aCommitRightBehindOursMayBeAChange() {
        func header(commits: UInt32) -> LogIndexHeader {
            withUnsafeTemporaryAllocation(byteCount: 136, alignment: 8) { memory in
                memory.initializeMemory(as: UInt8.self, repeating: 0)
                memory.storeBytes(of: commits, toByteOffset: 8, as: UInt32.self)
                return LogIndexHeader(at: UnsafeRawPointer(memory.baseAddress.unsafelyUnwrapped))
            }
        }
        for (later, stands) in [(UInt32(8), true), (9, false), (6, false)] {
            let states = StandingStates()
            states.hasBegun(header(commits: 7))
            #expect(states.contain(SeenState(header: header(commits: 7))))
            states.willWrite(.addition)
            states.hasCommitted(header(commits: later))
            states.hasBegun(header(commits: later))
            #expect(states.contain(SeenState(header: header(commits: 7))) == stands, "\(later)")
            #expect(states.contain(SeenState(header: header(commits: later))))
        }
    }

    /// What is written in the same transaction by somebody who shares it counts as if it were committed.
    @MainActor
    @Test func aChangeInTheSameTransactionIsAChange() async throws {
        let before = try await seen()
        let found = Locked<[Bool]>([])
        try await behindOthers { engine in
            [
                Task {
                    try await engine.write(.addition) { sql in found.withLock { $0.append(sql.stillStands(before)) } }
                },
                Task { try await engine.write(.change) { try $0.submit("INSERT INTO numbers (n) VALUES (1)", []) } },
                Task {
                    try await engine.write(.addition) { sql in found.withLock { $0.append(sql.stillStands(before)) } }
                },
            ]
        }
        #expect(found.withLock(\.self) == [true, false])
    }

    /// Lets tasks wait for one transaction while another is under way, in which nothing is written.
    @MainActor
    private func behindOthers(_ tasks: @MainActor (any DatabaseEngine) -> [Task<Void, any Error>]) async throws {
        let (isHeld, hold) = AsyncStream.makeStream(of: Void.self)
        let release = DispatchSemaphore(value: 0)
        let holder = Task { [engine] in
            try await engine.write(.addition) { _ in
                hold.finish()
                release.wait()
            }
        }
        for await _ in isHeld {}
        let waiting = tasks(engine)
        // What a task does up to its first pause is done when another has its turn.
        for _ in 0..<100 { await Task.yield() }
        release.signal()
        try await holder.value
        for task in waiting { try await task.value }
    }
}

private func count(_ sql: any SQLConnection) throws -> Int? {
    try sql.first("SELECT count(*) FROM numbers", []) { try $0.count(0) }
}
