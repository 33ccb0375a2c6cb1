#if Postgres
package import Membership
import Migrations
import Synchronization

/// A PostgreSQL database through libpq, with a bounded pool of connections.
///
/// Writes run at SERIALIZABLE, which gives what SQLite's single writer gives for free, and are tried again when they
/// run into each other. After the server went away, reads are tried again, and so are writes that are known not to
/// have been committed.
package final class PostgresEngine: DatabaseEngine {
    package let schema = Schema(migrations: postgresMigrations)
    package let hasOneWriter = false

    private let address: PostgresAddress
    private let limits: PostgresLimits
    private let pool: PostgresPool
    /// Whether the server has ever answered: if so, it may be starting again when it does not.
    private let wasEverConnected = Atomic(false)

    /// - Parameters:
    ///   - url: anything that libpq takes.
    ///   - wait: how long to wait for a lock, for a connection of the pool, and for a server that went away.
    ///   - connections: how many there are at most.
    ///   - oldestServer: the oldest server that is spoken to, as libpq counts: 130000 is 13.0.
    /// - Throws: ``MembershipError`` with code `invalid_input` when the address is not one.
    package init(
        url: String, wait: TimeSpan? = nil, connections: Int? = nil, oldestServer: Int? = nil, tries: Int? = nil
    ) throws {
        var limits = PostgresLimits()
        limits.wait = wait ?? limits.wait
        limits.connections = connections ?? limits.connections
        limits.oldestServer = oldestServer ?? limits.oldestServer
        limits.tries = tries ?? limits.tries
        self.limits = limits
        address = try PostgresAddress(url: url)
        pool = PostgresPool(address, limits: limits)
    }

    /// The address for people: user, host and database, without a password.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when the address is not one.
    package static func name(of url: String) throws -> String {
        try PostgresAddress(url: url).name
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await transact(PostgresEngine.beginReading, isRead: true, body)
    }

    private static let beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    /// On a connection of its own, so that nothing waits for one of the pool while it holds another.
    package func readInPlace<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        let session = try PostgresSession(address, limits: limits)
        session.begin(PostgresEngine.beginReading)
        let result = try body(session)
        try session.collect()
        session.endReading()
        return result
    }

    package func write<Result: Sendable>(
        _ kind: WriteKind, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await transact("BEGIN ISOLATION LEVEL SERIALIZABLE", body)
    }

    /// At READ COMMITTED: rows that another worker has claimed are passed over, and what is claimed is seen as it is
    /// now, so that nothing is left for SERIALIZABLE to find but false alarms.
    package func claim<Result: Sendable>(
        _ kind: WriteKind, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await transact("BEGIN ISOLATION LEVEL READ COMMITTED", body)
    }

    /// Holds a lock of the whole schema meanwhile, so that of two programs that bring it forward one waits.
    package func upgrade<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        let lockMilliseconds = limits.lockMilliseconds
        return try await transact("BEGIN ISOLATION LEVEL READ COMMITTED") { sql in
            // An upgrade may well take longer than anything is waited for otherwise, and so may another program's.
            // What is copied into it may have to be read from a slow place meanwhile.
            try sql.runScript(
                """
                SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;
                SET LOCAL idle_in_transaction_session_timeout = 0
                """)
            // "FNGT", as the application id of an SQLite file; and the schema, of which a database may have several.
            _ = try sql.query(
                "SELECT CAST(pg_advisory_xact_lock(1179535188, hashtext(current_schema())) AS TEXT)", []
            ) { _ in }
            // Who waits for a table keeps all others from it: that is better tried again when nobody reads for long.
            try sql.runScript("SET LOCAL lock_timeout = \(lockMilliseconds)")
            return try body(sql)
        }
    }

    /// The server clears rows away by itself, with VACUUM; its log goes with the segments it is in.
    package func scrub() async throws -> Bool? { nil }

    package func examine() async throws -> [Finding] {
        // The tables are compared with new ones, which are made and taken back within the transaction.
        try await transact("BEGIN ISOLATION LEVEL READ COMMITTED") { [schema] sql in
            try PostgresExamination(sql: sql, schema: schema).findings()
        }
    }

    // MARK: - Trying again

    private func transact<Result: Sendable>(
        _ begin: String, isRead: Bool = false, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        var tries = 0
        // When the server was first found to be gone.
        var lostAt: ContinuousClock.Instant?
        while true {
            tries += 1
            let outcome = try await pool.withConnection { await $0.attempt(begin, isRead: isRead, body) }
            if case .unreachable = outcome {} else { wasEverConnected.store(true, ordering: .relaxed) }
            switch outcome {
            case .committed(let result):
                return result
            case .conflict(let error):
                guard tries < limits.tries else { throw error }
            case .unknown(let error):
                throw error
            case .lost(let error):
                await pool.disconnectIdle()
                guard isPatient(since: &lostAt) else { throw error }
            case .unreachable(let error):
                // A server that was never there is not waited for.
                guard wasEverConnected.load(ordering: .relaxed), isPatient(since: &lostAt) else { throw error }
            case .failed(let error):
                throw error
            }
            try await pause(afterTry: tries)
        }
    }

    /// Whether a server that went away is still waited for; the first time it always is.
    private func isPatient(since lostAt: inout ContinuousClock.Instant?) -> Bool {
        let now = ContinuousClock().now
        defer { lostAt = lostAt ?? now }
        return lostAt.map { now < $0 + .milliseconds(limits.wait.milliseconds) } ?? true
    }

    /// Longer after each try, and never the same for two: who ran into each other should not meet again.
    private func pause(afterTry number: Int) async throws {
        let longest = min(1 << min(number, 9), 500)
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...longest)))
    }
}
#endif
