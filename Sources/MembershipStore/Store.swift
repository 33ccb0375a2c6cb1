package import Membership

/// A database ready for work, and the one door through which time comes in: each transaction carries `now`, for which
/// the clock is looked at once.
package final class Store: Sendable {
    package let engine: any DatabaseEngine
    package let deployment: Deployment
    /// Who does what is done through this store.
    package let actor: Actor
    private let clock: WallClock
    private let identifiers: IdentifierSource

    /// Opens a database whose schema is the one this program works with.
    ///
    /// - Throws: ``MembershipError``; `database_missing`, `database_older` and `database_newer` among others.
    package static func open(
        _ engine: any DatabaseEngine, clock: WallClock, actor: Actor = .unnamed
    ) async throws -> Store {
        let schema = engine.schema
        let deployment = try await engine.read { sql in
            try schema.requireCurrent(sql.appliedMigrations())
            return try sql.deployment()
        }
        guard let deployment else {
            throw MembershipError(
                .databaseMissing, "The database was never set up to the end.", remedy: "Run fortnight init again.")
        }
        return Store(
            engine: engine, deployment: deployment, clock: clock.neverBackBehind(deployment.clockFloor), actor: actor,
            identifiers: IdentifierSource())
    }

    private init(
        engine: any DatabaseEngine, deployment: Deployment, clock: WallClock, actor: Actor,
        identifiers: IdentifierSource
    ) {
        self.engine = engine
        self.deployment = deployment
        self.clock = clock
        self.actor = actor
        self.identifiers = identifiers
    }

    /// The same database, used by somebody else.
    package func acting(as actor: Actor) -> Store {
        Store(engine: engine, deployment: deployment, clock: clock, actor: actor, identifiers: identifiers)
    }

    /// Runs the body on one state of the database.
    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (ReadTransaction) throws -> Result
    ) async throws -> Result {
        // Looked at before the state is, as it is with a server: else somebody could be told of a time that had not
        // come in that state. With a server the state is taken when the body asks first.
        let live = engine.hasOneWriter ? liveNow : nil
        return try await engine.read { [self] sql in
            try body(ReadTransaction(sql: sql, .known(try live ?? now(sql)), actor: actor))
        }
    }

    /// As ``read(_:)``, on the calling thread, which it blocks: for reading inside the transaction of another database.
    /// All that it sees was there by its `now`.
    func readInPlace<Result>(_ body: (ReadTransaction) throws -> Result) throws -> Result {
        try engine.readInPlace { sql in
            // From the first look on the state is the same.
            _ = try sql.deployment()
            return try body(ReadTransaction(sql: sql, .known(try now(sql)), actor: actor))
        }
    }

    /// Runs the body as if it were alone; commits when it returns, leaves no trace when it throws.
    package func write<Result: Sendable>(
        _ kind: WriteKind = .change, _ body: @escaping @Sendable (WriteTransaction) throws -> Result
    ) async throws -> Result {
        try await engine.write(kind) { [self] sql in try body(transaction(sql)) }
    }

    /// As ``write(_:_:)``, for a batch of a job that may run on several machines, and for what waits in line by itself:
    /// with a server each question sees a state of its own.
    package func claim<Result: Sendable>(
        _ kind: WriteKind = .change, _ body: @escaping @Sendable (WriteTransaction) throws -> Result
    ) async throws -> Result {
        try await engine.claim(kind) { [self] sql in try body(transaction(sql)) }
    }

    private func transaction(_ sql: any SQLConnection) throws -> WriteTransaction {
        // Not before its state is taken, which with a server the first question does: what that finds was recorded
        // before its own time then, and what it records stands behind that.
        let moment: ReadTransaction.Moment =
            engine.hasOneWriter || deployment.isSandbox ? .known(try now(sql)) : .behindTheState(clock)
        return WriteTransaction(
            sql: sql, moment, actor: actor, identifiers: identifiers, isSandbox: deployment.isSandbox)
    }

    private func now(_ sql: any SQLConnection) throws -> Timestamp {
        try liveNow ?? sql.deployment()?.sandboxNow ?? clock.now()
    }

    /// Nil in a sandbox. A live database never becomes one, so that only sandboxes pay for the question.
    private var liveNow: Timestamp? { deployment.isSandbox ? nil : clock.now() }
}

/// A transaction that looks. Queries are written as extensions of it, one file an aggregate.
package class ReadTransaction {
    package let sql: any SQLConnection
    /// When the clock is looked at.
    private var moment: Moment
    /// Who does what is done in it.
    package let actor: Actor
    /// Versions of plans that were read before in this transaction, by name and number.
    var knownVersions: [VersionKey: PlanVersion] = [:]
    /// What plans offered at moments that were asked about before.
    var knownOffers: [Timestamp: [PlanOffer]] = [:]
    /// The free days that plans offered, by name and moment.
    var knownTrialDays: [String: Int] = [:]

    fileprivate enum Moment {
        case known(Timestamp)
        /// When it is needed, and not before there is a state.
        case behindTheState(WallClock)
    }

    fileprivate init(sql: any SQLConnection, _ moment: Moment, actor: Actor) {
        self.sql = sql
        self.moment = moment
        self.actor = actor
    }

    /// The time of the whole transaction.
    package final var now: Timestamp {
        switch moment {
        case .known(let now): return now
        case .behindTheState(let clock):
            sql.takeState()
            let now = clock.now()
            moment = .known(now)
            return now
        }
    }

    /// Stands behind a SELECT of due rows, and makes them this transaction's own where it writes.
    var claiming: String { "" }

    /// Says that what is asked from now on takes long: it is given the time, and nobody waits for it.
    package func takesLong() throws { try sql.takesLong() }
}

/// A transaction that changes things.
package final class WriteTransaction: ReadTransaction {
    private let identifiers: IdentifierSource
    private let isSandbox: Bool

    fileprivate init(
        sql: any SQLConnection, _ moment: Moment, actor: Actor, identifiers: IdentifierSource, isSandbox: Bool
    ) {
        self.identifiers = identifiers
        self.isSandbox = isSandbox
        super.init(sql: sql, moment, actor: actor)
    }

    override var claiming: String { sql.claim }

    /// An identifier of this moment, for a row that is known within its account.
    func newIdentifier<Kind>() -> Identifier<Kind> {
        Identifier(rawValue: identifiers.next(at: now))
    }

    /// Inserts a row under an identifier of this moment that no other process has used.
    ///
    /// - Parameters:
    ///   - table: the table, which must have few enough rows of one moment for their identifiers to fit.
    ///   - key: the column of the identifier.
    ///   - insert: inserts the row unless its identifier is taken, and returns how many rows that made.
    func insertNew<Kind>(
        into table: String, key: String, _ insert: (Identifier<Kind>) throws -> Int
    ) throws -> Identifier<Kind> {
        for _ in 0..<16 {
            let identifier = try Identifier<Kind>(rawValue: nextNumber(table, key))
            if try insert(identifier) == 1 { return identifier }
        }
        throw MembershipError(.constraintViolated, "No free identifier was found at \(now).", remedy: "Try again.")
    }

    /// In a sandbox a moment lasts until the clock is moved, so that many processes make rows in it: there the numbers
    /// go on from the newest row, and sort as the rows were made. A live database must not contend for the newest row.
    private func nextNumber(_ table: String, _ key: String) throws -> Int64 {
        guard isSandbox else { return identifiers.random(at: now) }
        let newest = try sql.first("SELECT max(\(key)) FROM \(table)", []) { try $0.optionalInteger(0) } ?? nil
        return max(IdentifierSource.first(at: now), (newest ?? -1) + 1)
    }
}
