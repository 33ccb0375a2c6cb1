#if Postgres
import Membership
import Synchronization

/// A bounded number of connections, lent to one caller at a time. Who comes when all are lent waits in a line, and not
/// for ever.
final class PostgresPool: Sendable {
    private let limits: PostgresLimits
    private let name: String
    private let state: Locked<State>

    private struct State {
        /// The one given back last is lent first, so that those not needed stay unopened.
        var idle: [PostgresConnection]
        var waiting: [Waiter] = []
        var nextWaiter = 0
    }

    private struct Waiter {
        let number: Int
        let continuation: CheckedContinuation<PostgresConnection, any Error>
    }

    init(_ address: PostgresAddress, limits: PostgresLimits) {
        self.limits = limits
        name = address.name
        state = Locked(
            State(idle: (0..<max(1, limits.connections)).map { _ in PostgresConnection(address, limits: limits) }))
    }

    /// Lends a connection to the body.
    ///
    /// - Throws: ``MembershipError`` with code `database_busy` when none comes free in time.
    func withConnection<Result: Sendable>(
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await borrow()
        defer { giveBack(connection) }
        return try await body(connection)
    }

    /// Closes the connections that nobody uses: after the server went away they lead nowhere.
    func disconnectIdle() async {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for connection in idle {
            await connection.disconnect()
            giveBack(connection)
        }
    }

    private func borrow() async throws -> PostgresConnection {
        if let connection = state.withLock({ $0.idle.popLast() }) { return connection }
        return try await withCheckedThrowingContinuation { continuation in
            let (connection, number) = state.withLock { state -> (PostgresConnection?, Int) in
                // One may have come free meanwhile.
                if let connection = state.idle.popLast() { return (connection, 0) }
                state.nextWaiter += 1
                state.waiting.append(Waiter(number: state.nextWaiter, continuation: continuation))
                return (nil, state.nextWaiter)
            }
            if let connection { return continuation.resume(returning: connection) }
            // Nothing to cancel: a waiter that was served meanwhile is not found any more.
            Task { [self] in
                try await Task.sleep(for: .milliseconds(limits.wait.milliseconds))
                giveUp(number)
            }
        }
    }

    private func giveBack(_ connection: PostgresConnection) {
        let waiter = state.withLock { state -> Waiter? in
            guard !state.waiting.isEmpty else {
                state.idle.append(connection)
                return nil
            }
            return state.waiting.removeFirst()
        }
        waiter?.continuation.resume(returning: connection)
    }

    private func giveUp(_ number: Int) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiting.remove(at: index)
        }
        waiter?.continuation.resume(
            throwing: MembershipError(
                .databaseBusy,
                "All \(limits.connections) connections to \(name) are in use, and none came free within "
                    + "\(limits.wait.milliseconds) ms.",
                remedy: "Try again; if it goes on, allow more with FORTNIGHT_CONNECTIONS."))
    }
}
#endif
