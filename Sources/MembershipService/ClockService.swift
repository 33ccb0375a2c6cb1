public import Membership
import MembershipStore

/// The time of this database: the wall clock's, or in a sandbox its own, which stands still until it is moved.
public struct ClockService: Sendable {
    let store: Store

    /// What time it is here.
    public struct Reading: Equatable, Sendable {
        /// The time of this database.
        public let now: Timestamp
        /// Whether the clock is the database's own.
        public let isSandbox: Bool
    }

    /// Reads the clock.
    public func read() async throws -> Reading {
        let isSandbox = store.deployment.isSandbox
        return try await store.read { tx in Reading(now: tx.now, isSandbox: isSandbox) }
    }

    /// Moves a sandbox's clock forward to a moment.
    ///
    /// - Throws: ``MembershipError`` with code `live_clock` or `clock_backwards`, `invalid_input` past 2099.
    public func set(to moment: Timestamp) async throws -> Reading {
        try await move { _ in moment }
    }

    /// Moves a sandbox's clock forward by a length of time.
    ///
    /// - Throws: ``MembershipError`` as ``set(to:)``.
    public func advance(by span: TimeSpan) async throws -> Reading {
        try await move { $0 + span }
    }

    private func move(_ target: @escaping @Sendable (Timestamp) -> Timestamp) async throws -> Reading {
        guard store.deployment.isSandbox else {
            throw MembershipError(
                .liveClock, "This is a live database; its clock is the wall clock and cannot be moved.",
                remedy: "Make a sandbox with fortnight init --sandbox, or fortnight demo.")
        }
        return try await store.write { tx in
            let moment = target(tx.now)
            guard moment >= tx.now else {
                throw MembershipError(
                    .clockBackwards, "The sandbox's clock stands at \(tx.now) and cannot go back to \(moment).",
                    remedy: "Make another sandbox to begin at an earlier time.")
            }
            guard moment <= Timestamp.lastForClocks else {
                throw MembershipError(
                    .invalidInput, "‘\(moment)’ is too far away for a sandbox's clock.",
                    remedy: "Stay before \(Timestamp.lastForClocks).")
            }
            try tx.setSandboxClock(to: moment)
            return Reading(now: moment, isSandbox: true)
        }
    }
}
