package import Membership

/// A database that holds transactions: SQLite or PostgreSQL.
///
/// Every method throws `MembershipError`, whatever the engine beneath reported; but `CancellationError` where its task
/// is cancelled while it waits to try again.
package protocol DatabaseEngine: Sendable {
    /// The steps of this engine's schema.
    var schema: Schema { get }

    /// Whether whoever writes keeps all others from it, so that what takes long is better done before.
    var hasOneWriter: Bool { get }

    /// Runs the body inside a transaction that sees one state of the database and writes nothing.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result

    /// As ``read(_:)``, on the calling thread, which it blocks: for reading inside the transaction of another database.
    func readInPlace<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result

    /// Runs the body inside a transaction as if it were alone. It commits when the body returns, and leaves no
    /// trace when the body throws. It changes rows; the schema is changed by ``upgrade(_:)``.
    func write<Result: Sendable>(
        _ kind: WriteKind, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result

    /// As ``write(_:_:)``, for work that several machines share: the rows that the body claims, with
    /// ``SQLConnection/claim``, are its own until it commits.
    func claim<Result: Sendable>(
        _ kind: WriteKind, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result

    /// As ``write(_:_:)``, alone in the whole database, for changing the schema.
    func upgrade<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result

    /// Clears away what the engine's own files keep of rows that are gone, as far as it can do that at once.
    ///
    /// - Returns: false when others were reading, so that some of it is left; nil when the engine does it in its own
    ///   time.
    func scrub() async throws -> Bool?

    /// Looks at the engine's own settings and the soundness of what is stored.
    func examine() async throws -> [Finding]
}

/// What a transaction that writes is to the others.
package enum WriteKind: Sendable {
    /// One change, of whatever it may be.
    case change
    /// Makes rows by which nobody who is let in without a meter is let in differently, or no longer: what was decided
    /// of her before still stands (``SQLConnection/stillStands(_:)``).
    case addition
    /// One of many changes, between which others are let in.
    case batch
}

extension DatabaseEngine {
    /// As ``write(_:_:)``, for a change.
    package func write<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await write(.change, body)
    }
}
