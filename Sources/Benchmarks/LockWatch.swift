import Foundation
import GRDBSQLite
import Membership
import Synchronization

/// Looks from a second connection how long the write lock of a file is held at a time, and how much memory the process
/// has meanwhile.
final class LockWatch: Sendable {
    private let isOver = Atomic(false)
    private let found = Locked(Found())
    private let ended = DispatchSemaphore(value: 0)

    /// The most that was seen.
    struct Found {
        var longest = Duration.zero
        var mostMemory = 0.0
        /// How often somebody looked.
        var looks = 0
    }

    /// Watches while the body runs.
    static func during(_ bench: SQLiteBench, _ body: () async throws -> Void) async throws -> Found {
        let watch = LockWatch()
        let path = bench.path
        // A thread of its own: it sleeps, and may not keep a task from running.
        Thread.detachNewThread { watch.look(path) }
        do { try await body() } catch {
            watch.stop()
            throw error
        }
        watch.stop()
        let found = watch.found.withLock { $0 }
        guard found.looks > 0 else { throw Failure("nobody could look at the lock of \(path)") }
        return found
    }

    private func stop() {
        isOver.store(true, ordering: .relaxed)
        ended.wait()
    }

    private func look(_ path: String) {
        defer { ended.signal() }
        guard let connection = try? ReferenceConnection(path, writes: true),
            let begin = try? connection.prepare("BEGIN IMMEDIATE"), let end = try? connection.prepare("ROLLBACK")
        else { return }
        sqlite3_busy_timeout(connection.handle, 0)
        let clock = ContinuousClock()
        var heldSince: ContinuousClock.Instant?
        var lookedAt = clock.now
        while !isOver.load(ordering: .relaxed) {
            found.withLock { $0.looks += 1 }
            if (try? begin.run()) != nil {
                try? end.run()
                heldSince = nil
            } else {
                let since = heldSince ?? clock.now
                heldSince = since
                let held = clock.now - since
                found.withLock { $0.longest = max($0.longest, held) }
            }
            if clock.now - lookedAt > .milliseconds(1) {
                lookedAt = clock.now
                if let memory = try? ProcessMemory.resident() {
                    found.withLock { $0.mostMemory = max($0.mostMemory, memory) }
                }
            }
            usleep(100)
        }
    }
}
