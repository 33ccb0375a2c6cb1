package import Membership

/// What kind of database this is.
package struct Deployment: Equatable, Sendable {
    /// The sandbox's own time; nil in a live database.
    package let sandboxNow: Timestamp?
    /// Tells whether a key file is the one the trial ledger was written with.
    package let keyFingerprint: String
    package let createdAt: Timestamp
    /// Whether messages leave this database; not from a copy.
    package let delivers: Bool
    /// The latest time at which a job recorded anything; a clock that went back behind it is not followed.
    package let clockFloor: Timestamp?

    package init(
        sandboxNow: Timestamp?, keyFingerprint: String, createdAt: Timestamp, delivers: Bool = true,
        clockFloor: Timestamp? = nil
    ) {
        self.delivers = delivers
        self.clockFloor = clockFloor
        self.sandboxNow = sandboxNow
        self.keyFingerprint = keyFingerprint
        self.createdAt = createdAt
    }

    /// Whether the database has a clock of its own, which can be moved.
    package var isSandbox: Bool { sandboxNow != nil }
}

extension ReadTransaction {
    /// Whether messages leave this database; from a copy none does.
    package func delivers() throws -> Bool { try sql.deployment()?.delivers ?? true }
}

extension SQLConnection {
    /// What was written when the database was set up; nil when that has not happened.
    package func deployment() throws -> Deployment? {
        try first("SELECT sandbox_now, key_fingerprint, created_at, delivers, clock_floor FROM deployment", []) { row in
            Deployment(
                sandboxNow: try row.optionalTimestamp(0), keyFingerprint: try row.text(1),
                createdAt: try row.timestamp(2), delivers: try row.flag(3), clockFloor: try row.optionalTimestamp(4))
        }
    }

    package func insert(_ deployment: Deployment) throws {
        try run(
            """
            INSERT INTO deployment (deployment_id, sandbox_now, key_fingerprint, created_at, delivers)
            VALUES (1, $1, $2, $3, $4)
            """,
            [deployment.sandboxNow, deployment.keyFingerprint, deployment.createdAt, deployment.delivers])
    }
}

extension WriteTransaction {
    /// Remembers the time, so that a live clock that goes back later is not followed.
    package func raiseClockFloor() throws {
        try sql.submit(
            """
            UPDATE deployment SET clock_floor = $1
            WHERE sandbox_now IS NULL AND (clock_floor IS NULL OR clock_floor < $1)
            """,
            [now])
    }

    /// Moves a sandbox's clock.
    package func setSandboxClock(to moment: Timestamp) throws {
        try sql.run("UPDATE deployment SET sandbox_now = $1 WHERE sandbox_now IS NOT NULL", [moment])
    }
}
