import GRDB
import Synchronization

/// Writes of many callers that go to the disk together: what has come in while one transaction was committed shares the
/// next, each in a savepoint of its own, so that a caller that fails takes no other with it. Everybody is answered
/// behind the commit, so that what is acknowledged survives a power cut.
///
/// A sync of the disk takes longer than any write of ours: shared by all who wait, it is what their number makes
/// cheap. A caller that is alone has a transaction without savepoints.
final class SharedCommits: Sendable {
    /// The connection that writes.
    let queue: DatabaseQueue
    private let state = Mutex(State())
    private let remembered = Remembered()

    /// What the connection remembers of the catalogue.
    ///
    /// Unchecked, because it is no value that can be sent between threads: only who writes touches it, and one writes at a
    /// time.
    private struct Remembered: @unchecked Sendable {
        let catalog = Catalog()
    }

    private struct State {
        var waiting: [Caller] = []
        /// Whether somebody writes, who will take those that wait too.
        var isBusy = false
    }

    /// Somebody who waits for a write.
    private struct Caller: Sendable {
        /// Runs the body inside a transaction, and keeps what it returns.
        let run: @Sendable (Database) throws -> Void
        /// Answers; with an error when what the body did was not committed.
        let answer: @Sendable ((any Error)?) -> Void
    }

    /// So many share a commit at most: few enough that the first does not wait long for the last.
    private static let most = 128
    /// After so long in one transaction the rest waits for the next: other processes want to write too.
    private static let longest = Duration.milliseconds(20)

    init(_ queue: DatabaseQueue) {
        self.queue = queue
    }

    /// Runs the body in a transaction, perhaps with others, and returns when it is committed.
    ///
    /// The body may run more than once: when what it shared a commit with broke that, it runs again alone.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database, Catalog) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
            let held = Held<Result>()
            let caller = Caller(
                run: { [remembered] database in
                    held.result.withLock { $0 = nil }
                    let result = try body(database, remembered.catalog)
                    held.result.withLock { $0 = result }
                },
                answer: { error in
                    if let error { return continuation.resume(throwing: error) }
                    guard let result = held.result.withLock({ $0 }) else {
                        preconditionFailure("a committed transaction has a result")
                    }
                    continuation.resume(returning: result)
                })
            let isFirst = state.withLock { state in
                state.waiting.append(caller)
                defer { state.isBusy = true }
                return !state.isBusy
            }
            if isFirst { queue.asyncWriteWithoutTransaction { self.writeAll($0) } }
        }
    }

    /// What a body returned, until it is committed.
    private final class Held<Result: Sendable>: Sendable {
        let result = Mutex<Result?>(nil)
    }

    /// Writes until nobody waits.
    private func writeAll(_ database: Database) {
        while true {
            let callers = state.withLock { state in
                let callers = Array(state.waiting.prefix(SharedCommits.most))
                state.waiting.removeFirst(callers.count)
                if callers.isEmpty { state.isBusy = false }
                return callers
            }
            if callers.isEmpty { return }
            if callers.count == 1 {
                writeAlone(callers[0], database)
            } else {
                writeTogether(callers, database)
            }
        }
    }

    private func writeAlone(_ caller: Caller, _ database: Database) {
        do {
            try database.inTransaction(.immediate) {
                try caller.run(database)
                return .commit
            }
            caller.answer(nil)
        } catch {
            remembered.catalog.forget()
            caller.answer(error)
        }
    }

    private func writeTogether(_ callers: [Caller], _ database: Database) {
        var done: [Caller] = []
        var failed: [(caller: Caller, error: any Error)] = []
        var rest = callers[...]
        do {
            try database.beginTransaction(.immediate)
        } catch {
            for caller in callers { caller.answer(error) }
            return
        }
        let start = ContinuousClock().now
        while let caller = rest.first, done.isEmpty || ContinuousClock().now - start < SharedCommits.longest {
            rest.removeFirst()
            do {
                try SharedCommits.inSavepoint(database) { try caller.run(database) }
                done.append(caller)
            } catch {
                remembered.catalog.forget()
                failed.append((caller, error))
                // A full disk, for instance, takes back the whole transaction, and with it what others had done.
                guard database.isInsideTransaction else { break }
            }
        }
        do {
            if !database.isInsideTransaction { throw DatabaseError(resultCode: .SQLITE_ABORT) }
            try database.commit()
            for caller in done { caller.answer(nil) }
        } catch {
            remembered.catalog.forget()
            if database.isInsideTransaction { try? database.rollback() }
            // One of them may be at fault: each has another try on its own, and an answer of its own.
            for caller in done { writeAlone(caller, database) }
        }
        for (caller, error) in failed { caller.answer(error) }
        guard !rest.isEmpty else { return }
        state.withLock { state in state.waiting.insert(contentsOf: rest, at: 0) }
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
