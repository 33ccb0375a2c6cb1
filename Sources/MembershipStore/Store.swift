package import Membership

/// A database ready for work, and the one door through which time comes in: each transaction carries `now`, read
/// once when it begins.
package final class Store: Sendable {
    package let engine: any DatabaseEngine
    package let deployment: Deployment
    private let clock: WallClock
    private let identifiers = IdentifierSource()

    /// Opens a database whose schema is the one this program works with.
    ///
    /// - Throws: ``MembershipError``; `database_missing`, `database_older` and `database_newer` among others.
    package static func open(_ engine: any DatabaseEngine, clock: WallClock) async throws -> Store {
        let schema = engine.schema
        let deployment = try await engine.read { sql in
            try schema.requireCurrent(sql.appliedMigrations())
            return try sql.deployment()
        }
        guard let deployment else {
            throw MembershipError(
                .databaseMissing, "The database was never set up to the end.", remedy: "Run fortnight init again.")
        }
        return Store(engine: engine, deployment: deployment, clock: clock)
    }

    private init(engine: any DatabaseEngine, deployment: Deployment, clock: WallClock) {
        self.engine = engine
        self.deployment = deployment
        self.clock = clock
    }

    /// Runs the body on one state of the database.
    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (ReadTransaction) throws -> Result
    ) async throws -> Result {
        try await engine.read { [self] sql in
            try body(ReadTransaction(sql: sql, now: try now(sql)))
        }
    }

    /// Runs the body as if it were alone; commits when it returns, leaves no trace when it throws.
    package func write<Result: Sendable>(
        _ body: @escaping @Sendable (WriteTransaction) throws -> Result
    ) async throws -> Result {
        try await engine.write { [self] sql in
            try body(WriteTransaction(sql: sql, now: try now(sql), identifiers: identifiers))
        }
    }

    /// As ``write(_:)``, for a batch of a job that may run on several machines.
    package func claim<Result: Sendable>(
        _ body: @escaping @Sendable (WriteTransaction) throws -> Result
    ) async throws -> Result {
        try await engine.claim { [self] sql in
            try body(WriteTransaction(sql: sql, now: try now(sql), identifiers: identifiers))
        }
    }

    private func now(_ sql: any SQLConnection) throws -> Timestamp {
        // A live database never becomes a sandbox, so that only sandboxes pay for this question.
        guard deployment.isSandbox else { return clock.now() }
        return try sql.deployment()?.sandboxNow ?? clock.now()
    }
}

/// A transaction that looks. Queries are written as extensions of it, one file an aggregate.
package class ReadTransaction {
    package let sql: any SQLConnection
    /// The time of the whole transaction.
    package let now: Timestamp

    fileprivate init(sql: any SQLConnection, now: Timestamp) {
        self.sql = sql
        self.now = now
    }
}

/// A transaction that changes things.
package final class WriteTransaction: ReadTransaction {
    private let identifiers: IdentifierSource

    fileprivate init(sql: any SQLConnection, now: Timestamp, identifiers: IdentifierSource) {
        self.identifiers = identifiers
        super.init(sql: sql, now: now)
    }

    /// An identifier of this moment, new to this process.
    func newIdentifier<Kind>() -> Identifier<Kind> {
        Identifier(rawValue: identifiers.next(at: now))
    }

    /// Inserts a row under an identifier of this moment that no other process has used.
    ///
    /// - Parameter insert: inserts the row unless its identifier is taken, and returns how many rows that made.
    func insertNew<Kind>(_ insert: (Identifier<Kind>) throws -> Int) throws -> Identifier<Kind> {
        for _ in 0..<32 {
            let identifier: Identifier<Kind> = newIdentifier()
            if try insert(identifier) == 1 { return identifier }
        }
        throw MembershipError(.constraintViolated, "No free identifier was found at \(now).", remedy: "Try again.")
    }
}
