import Dispatch
import MembershipStore
import Testing
import TestSupport

extension Store {
    /// Runs a body, on a server, while a transaction holds what it has asked for. The body is told whose session that
    /// is.
    func holding<Result>(
        _ ask: @escaping @Sendable (WriteTransaction) throws -> Void, _ body: (_ holder: Int64) async throws -> Result
    ) async throws -> Result {
        let (sessions, session) = AsyncStream.makeStream(of: Int64.self)
        let release = DispatchSemaphore(value: 0)
        async let held: Void = claim { tx in
            defer { session.finish() }
            try ask(tx)
            session.yield(try tx.sql.first("SELECT pg_backend_pid()", []) { try $0.integer(0) } ?? 0)
            session.finish()
            release.wait()
        }
        // Before it is waited for, however the body ends.
        defer { release.signal() }
        var holder: Int64?
        for await number in sessions { holder = number }
        // Without one it says why.
        guard let holder else {
            try await held
            throw CancellationError()
        }
        let result = try await body(holder)
        release.signal()
        try await held
        return result
    }
}

extension TestDatabase {
    /// Waits until another session waits for what the session of this number holds.
    func requireSomebodyWaits(for holder: Int64) async throws {
        let onlooker = try engine()
        let blocked = "SELECT count(*) FROM pg_stat_activity WHERE \(holder) = ANY (pg_blocking_pids(pid))"
        let end = ContinuousClock().now + .seconds(60)
        while try await onlooker.read({ try $0.first(blocked, []) { try $0.count(0) } }) != 1 {
            try #require(ContinuousClock().now < end, "nobody waits for it")
        }
    }
}
