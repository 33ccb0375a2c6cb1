#if Postgres
@preconcurrency import Dispatch
import Membership

/// One connection and the thread it lives on. libpq blocks, so that nothing of it may run on Swift's own threads: the
/// actor's executor is a queue of its own.
actor PostgresConnection {
    private let executor = QueueExecutor(label: "fortnight.postgres")
    private let address: PostgresAddress
    private let limits: PostgresLimits
    private var session: PostgresSession?

    init(_ address: PostgresAddress, limits: PostgresLimits) {
        self.address = address
        self.limits = limits
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// How one try at a transaction ended.
    enum Outcome<Result: Sendable>: Sendable {
        /// The server has said that it is committed.
        case committed(Result)
        /// It was rolled back, because it ran into another transaction.
        case conflict(MembershipError)
        /// The connection broke before COMMIT was sent, so that nothing was written.
        case lost(MembershipError)
        /// No connection came about.
        case unreachable(any Error)
        /// The connection broke between COMMIT and its answer.
        case unknown(MembershipError)
        /// It was rolled back for a reason that another try would meet again.
        case failed(any Error)
    }

    /// Tries the transaction once, on a connection that is made when there is none.
    func attempt<Result: Sendable>(
        _ begin: String, isRead: Bool, _ body: @Sendable (any SQLConnection) throws -> Result
    ) -> Outcome<Result> {
        let session: PostgresSession
        do {
            session = try connected()
        } catch {
            return .unreachable(error)
        }
        session.begin(begin)
        let result: Result
        do {
            result = try body(session)
            // What breaks here breaks before COMMIT was sent.
            try session.collect()
            try session.requireNoFailure()
        } catch {
            return rolledBack(session, error)
        }
        if isRead {
            session.endReading()
            return .committed(result)
        }
        do {
            try session.commit()
            return .committed(result)
        } catch {
            guard session.isAlive else {
                self.session = nil
                return .unknown(PostgresConnection.unknownOutcome(address))
            }
            return rolledBack(session, error)
        }
    }

    /// Gives the connection back to the server.
    func disconnect() {
        session = nil
    }

    private func connected() throws -> PostgresSession {
        if let session, session.isAlive { return session }
        let opened = try PostgresSession(address, limits: limits)
        session = opened
        return opened
    }

    private func rolledBack<Result>(_ session: PostgresSession, _ error: any Error) -> Outcome<Result> {
        let failure = session.failure
        if session.isAlive { try? session.rollBack() }
        // One that is left inside of a transaction is of no use to the next.
        guard session.isAlive, session.isIdle else {
            self.session = nil
            return .lost(
                failure?.membershipError ?? (error as? MembershipError) ?? PostgresConnection.gone(address))
        }
        if let failure, failure.isConflict { return .conflict(failure.membershipError) }
        return .failed(error)
    }

    private static func gone(_ address: PostgresAddress) -> MembershipError {
        MembershipError(.databaseUnavailable, "The connection to \(address.name) was lost.", remedy: "Try again.")
    }

    private static func unknownOutcome(_ address: PostgresAddress) -> MembershipError {
        MembershipError(
            .outcomeUnknown,
            "The connection to \(address.name) broke while a change was being committed; whether it was is unknown.",
            remedy: "Look whether the change is there before doing it again.")
    }
}

/// Runs an actor's work on a queue of its own.
private final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
#endif
