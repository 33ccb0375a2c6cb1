package import Membership
import Migrations

extension DatabaseEngine {
    /// The names of the steps that this database has still to take.
    package func pendingMigrations() async throws -> [String] {
        let schema = schema
        return try await read { sql in try schema.pending(sql.appliedMigrations()).map(\.name) }
    }

    /// Takes those steps, each in a transaction of its own, so that a failing one leaves the database at the step
    /// before.
    ///
    /// - Returns: the names of the steps that this call took; another process may have taken some.
    package func takePendingMigrations(clock: WallClock) async throws -> [String] {
        var taken: [String] = []
        while let name = try await takeNextMigration(at: clock.now()) { taken.append(name) }
        return taken
    }

    private func takeNextMigration(at now: Timestamp) async throws -> String? {
        // A database that is up to date is only read, so that asking never waits for a writer.
        guard try await !pendingMigrations().isEmpty else { return nil }
        let schema = schema
        return try await upgrade { sql in
            guard let next = try schema.pending(sql.appliedMigrations()).first else { return nil }
            try sql.createMigrationsTable()
            try sql.apply(next, at: now)
            // SQL cannot hash, nor make slugs.
            if next.name == "m0002_membership_life" { try sql.chainEvents() }
            if next.name == "m0003_the_gate" { try sql.nameSections() }
            return next.name
        }
    }
}
