import Foundation
import GRDB
import GRDBSQLite
import Membership
import Synchronization

/// What the connection that writes has at hand: what it remembers of the catalogue, and of states that others have
/// seen, and what its commits are gathered in.
///
/// Unchecked, because it is no value that can be sent between threads: only who writes touches it, and one writes at a
/// time.
struct WriterMemory: @unchecked Sendable {
    let catalog = Catalog()
    let states = StandingStates()
    fileprivate let log = GatheredLog()
    fileprivate let index = LogIndex()
}

/// Where the index of the log stands in memory, once that is known.
private final class LogIndex {
    private var address: UnsafeRawPointer?

    /// What stands at its beginning; nil where there is none.
    func header(of database: Database) -> LogIndexHeader? {
        if address == nil { address = database.sqliteConnection.flatMap(LogIndexHeader.address(of:)) }
        return address.map(LogIndexHeader.init(at:))
    }
}

/// Writes of many callers that go to the disk together: what has come in while one transaction was committed shares the
/// next. A caller that fails takes no other with it. Everybody is answered behind the commit, so that what is
/// acknowledged survives a power cut.
///
/// A sync of the disk takes longer than any write of ours: shared by all who wait, it is what their number makes
/// cheap. Whoever fails has mostly not written anything by then. Otherwise the transaction is taken back and done again
/// with a savepoint for each, which costs more than a failure is likely to. A batch of a job has its own transaction.
final class SharedCommits: Sendable {
    /// The connection that writes.
    let queue: DatabaseQueue
    let emptier: LogEmptier
    private let state = Locked(State())
    private let memory = WriterMemory()
    /// Whether anybody has written.
    private let hasWritten = Atomic(false)
    /// When another batch may begin; nil when the one before that is over, pause and all.
    private let pauseEnd = Locked<ContinuousClock.Instant?>(nil)

    private struct State {
        var waiting: [Caller] = []
        /// Whether somebody writes, who will take those that wait too.
        var isBusy = false
        var pace = CallerPace()

        /// Lets a caller wait.
        ///
        /// - Returns: whether nobody writes, who would take it.
        mutating func add(_ caller: Caller) -> Bool {
            waiting.append(caller)
            guard !isBusy else { return false }
            isBusy = true
            pace.somebodyCame(at: ContinuousClock().now)
            return true
        }

        /// Takes those who wait and share a commit, or one batch.
        mutating func next() -> [Caller] {
            let isBatch = waiting.first?.kind == .batch
            let count = isBatch ? 1 : waiting.prefix { $0.kind != .batch }.prefix(most).count
            let callers = Array(waiting.prefix(count))
            waiting.removeFirst(count)
            if callers.isEmpty {
                isBusy = false
                pace.nobodyCame(by: ContinuousClock().now)
            }
            return callers
        }

        /// Lets a batch wait again, behind those who share commits and in front of other batches.
        mutating func putBack(_ batch: Caller) {
            waiting.insert(batch, at: waiting.firstIndex { $0.kind == .batch } ?? waiting.endIndex)
        }
    }

    /// Somebody who waits for a write.
    private struct Caller: Sendable {
        let kind: WriteKind
        /// Runs the body inside a transaction, and keeps what it returns.
        let run: @Sendable (Database) throws -> Void
        /// Answers; with an error when what the body did was not committed.
        let answer: @Sendable ((any Error)?) -> Void
    }

    /// So many share a commit at most: few enough that the first does not wait long for the last.
    private static let most = 128
    /// How long after a batch another one begins at the earliest, as a part of how long it kept others from writing.
    private static let pause = 0.06
    /// Those who wait for the lock ask for it every millisecond.
    private static let shortestPause = Duration.microseconds(1200)
    /// Whoever wants to write in this process waits too, and a machine may have stood still during a batch.
    private static let longestPause = Duration.milliseconds(50)
    /// After so long others get a turn who want the connection for what shares no commit.
    private static let turn = Duration.milliseconds(20)
    /// After so long in one transaction the rest waits for the next: other processes want to write too.
    private static let longest = Duration.milliseconds(20)

    /// - Parameter emptier: of the log of the same file.
    init(_ queue: DatabaseQueue, _ emptier: LogEmptier) {
        self.queue = queue
        self.emptier = emptier
    }

    /// Runs the body in a transaction, perhaps with others, and returns when it is committed.
    ///
    /// The body may run more than once: when what it shared a commit with broke that, it runs again.
    func write<Result: Sendable>(
        _ kind: WriteKind = .change, _ body: @escaping @Sendable (Database, WriterMemory) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
            let held = Held<Result>()
            let caller = Caller(
                kind: kind,
                run: { [memory] database in
                    held.result.withLock { $0 = nil }
                    memory.states.willWrite(kind)
                    let result = try body(database, memory)
                    held.result.withLock { $0 = result }
                },
                answer: { error in
                    if let error { return continuation.resume(throwing: error) }
                    guard let result = held.result.withLock({ $0 }) else {
                        preconditionFailure("a committed transaction has a result")
                    }
                    continuation.resume(returning: result)
                })
            let isFirst = state.withLock { $0.add(caller) }
            if isFirst { queue.asyncWriteWithoutTransaction { self.writeAll($0) } }
        }
    }

    /// What a body returned, until it is committed.
    private final class Held<Result: Sendable>: Sendable {
        let result = Locked<Result?>(nil)
    }

    /// Writes until nobody waits, and has a long log emptied behind the answers; again behind a pause, as whoever still read at
    /// the commit may have kept it from being emptied.
    private func writeAll(_ database: Database) {
        // A command may have ended with its answer: then the next one has to do it.
        if !hasWritten.exchange(true, ordering: .relaxed) { emptier.empty(database) }
        let end = ContinuousClock().now + SharedCommits.turn
        while true {
            linger()
            let callers = state.withLock { $0.next() }
            if callers.isEmpty { return }
            if callers[0].kind == .batch {
                if let end = pauseEnd.withLock({ $0.take() }) {
                    SharedCommits.sleep(until: end)
                    state.withLock { $0.putBack(callers[0]) }
                } else {
                    writeBatch(callers[0], database)
                }
            } else if callers.count == 1 {
                writeAlone(callers[0], database)
            } else {
                writeTogether(callers, database)
            }
            emptier.empty(behindCommitOf: database)
            if ContinuousClock().now > end { return queue.asyncWriteWithoutTransaction { self.writeAll($0) } }
        }
    }

    /// Waits a moment for a caller who writes one thing after the other, and would otherwise wait each time until this thread
    /// has been woken. Whoever has something to do meanwhile is let go first.
    private func linger() {
        guard state.withLock({ $0.pace.isClose && $0.waiting.isEmpty }) else { return }
        let end = ContinuousClock().now + CallerPace.closest
        while state.withLock({ $0.waiting.isEmpty }), ContinuousClock().now < end { sched_yield() }
    }

    /// SQLite's writers queue by asking again and again: without a pause of which everybody gets to know, other processes
    /// would starve beside a long run.
    private func writeBatch(_ caller: Caller, _ database: Database) {
        let held = writeAlone(caller, database)
        let part = (held.upperBound - held.lowerBound) * SharedCommits.pause
        let pause = min(max(part, SharedCommits.shortestPause), SharedCommits.longestPause)
        pauseEnd.withLock { $0 = held.upperBound + pause }
    }

    private static func sleep(until end: ContinuousClock.Instant) {
        let wait = end - ContinuousClock().now
        if wait > .zero { Thread.sleep(forTimeInterval: wait / .seconds(1)) }
    }

    /// - Returns: from when until when nobody else could write.
    @discardableResult
    private func writeAlone(_ caller: Caller, _ database: Database) -> Range<ContinuousClock.Instant> {
        let clock = ContinuousClock()
        var start: ContinuousClock.Instant?
        var failure: (any Error)?
        do {
            try begin(database)
            start = clock.now
            try caller.run(database)
            try commit(database)
        } catch {
            memory.catalog.forget()
            try? database.rollback()
            failure = error
        }
        let end = clock.now
        caller.answer(failure)
        return (start ?? end)..<end
    }

    private func writeTogether(_ callers: [Caller], _ database: Database, inSavepoints: Bool = false) {
        var done: [Caller] = []
        var failed: [(caller: Caller, error: any Error)] = []
        var rest = callers[...]
        do {
            try begin(database)
        } catch {
            for caller in callers { caller.answer(error) }
            return
        }
        let start = ContinuousClock().now
        while let caller = rest.first, done.isEmpty || ContinuousClock().now - start < SharedCommits.longest {
            rest.removeFirst()
            let changes = database.totalChangesCount
            do {
                if inSavepoints {
                    try SharedCommits.inSavepoint(database) { try caller.run(database) }
                } else {
                    try caller.run(database)
                }
                // Whoever goes on after a full disk has lost what it had done, and others with it.
                try database.requireTransaction()
                done.append(caller)
            } catch {
                memory.catalog.forget()
                if !inSavepoints, database.isInsideTransaction, database.totalChangesCount != changes {
                    try? database.rollback()
                    return writeTogether(callers, database, inSavepoints: true)
                }
                failed.append((caller, error))
                // A full disk, for instance, takes back the whole transaction, and with it what others had done.
                guard database.isInsideTransaction else { break }
            }
        }
        do {
            try commit(database)
            for caller in done { caller.answer(nil) }
        } catch {
            memory.catalog.forget()
            try? database.rollback()
            // One of them may be at fault: each has another try on its own, and an answer of its own.
            for caller in done { writeAlone(caller, database) }
        }
        for (caller, error) in failed { caller.answer(error) }
        guard !rest.isEmpty else { return }
        state.withLock { state in state.waiting.insert(contentsOf: rest, at: 0) }
    }

    private func begin(_ database: Database) throws {
        try database.beginCompiled()
        memory.states.hasBegun(memory.index.header(of: database))
    }

    private func commit(_ database: Database) throws {
        try memory.log.commit(database)
        memory.states.hasCommitted(memory.index.header(of: database))
    }

    /// Takes back what the body did when it throws, and nothing else; when that cannot be done, all that was done in the
    /// transaction. By statements that stay compiled: GRDB's are compiled anew for each.
    private static func inSavepoint(_ database: Database, _ body: () throws -> Void) throws {
        func run(_ sql: String) throws { try SQLiteStatement(sql, database).run([]) }
        try run("SAVEPOINT caller")
        do {
            try body()
            try run("RELEASE caller")
        } catch {
            if database.isInsideTransaction {
                do {
                    try run("ROLLBACK TO caller")
                    try run("RELEASE caller")
                } catch {
                    try? database.rollback()
                }
            }
            throw error
        }
    }
}
