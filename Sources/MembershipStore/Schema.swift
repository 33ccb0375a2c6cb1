import Crypto
package import Membership
package import Migrations

/// The steps by which a database comes to the shape this version works with, and the record of those taken.
///
/// Each step runs in a transaction of its own, which also records its checksum; a step that was changed after it was
/// taken is refused by name.
package struct Schema: Sendable {
    package let migrations: [Migration]

    package init(migrations: [Migration]) {
        self.migrations = migrations
    }

    /// The version this program works with.
    package var version: Int { migrations.last?.version ?? 0 }

    /// A step as recorded in a database.
    package struct Applied: Equatable, Sendable {
        package let version: Int
        package let name: String
        package let checksum: String

        package init(version: Int, name: String, checksum: String) {
            self.version = version
            self.name = name
            self.checksum = checksum
        }
    }

    /// The steps that a database has still to take.
    ///
    /// - Throws: ``MembershipError`` with code `database_newer` or `migration_changed`.
    package func pending(_ applied: [Applied]) throws -> [Migration] {
        if let newest = applied.map(\.version).max(), newest > version {
            throw MembershipError(
                .databaseNewer, "The database has schema version \(newest); this program knows up to \(version).",
                remedy: "Use the newer version of fortnight that the database was brought forward with.")
        }
        for step in applied {
            guard let migration = migrations.first(where: { $0.version == step.version }) else {
                throw MembershipError(
                    .migrationChanged,
                    "Migration \(step.name) was applied to this database and is none of this program's.",
                    remedy: "Use the program the database was made with.")
            }
            guard migration.name == step.name, migration.checksum == step.checksum else {
                throw MembershipError(
                    .migrationChanged,
                    "Migration \(step.name) was applied to this database with other text than this program has.",
                    remedy: "Use the program the database was made with, or restore the migration's text.")
            }
        }
        let taken = Set(applied.map(\.version))
        let pending = migrations.filter { !taken.contains($0.version) }
        if let missing = pending.first, let newest = taken.max(), missing.version < newest {
            throw MembershipError(
                .migrationChanged,
                "Migration \(missing.name) is missing from this database, though later ones were applied.",
                remedy: "Restore a backup, or find out who changed the table schema_migrations.")
        }
        return pending
    }

    /// Refuses a database that has still steps to take.
    package func requireCurrent(_ applied: [Applied]) throws {
        guard !applied.isEmpty else {
            throw MembershipError(
                .databaseMissing, "The database is empty.", remedy: "Set it up with fortnight init.")
        }
        guard try pending(applied).isEmpty else {
            throw MembershipError(
                .databaseOlder,
                "The database has schema version \(applied.map(\.version).max() ?? 0); this program needs \(version).",
                remedy: "Bring it forward with fortnight migrate.")
        }
    }
}

extension Migration {
    /// SHA-256 of the step's text, in hexadecimal digits.
    package var checksum: String {
        SHA256.hash(data: sql).hexadecimal
    }
}

extension ReadTransaction {
    /// Refuses a database that another version of the program has changed, or is to change.
    package func requireCurrent(_ schema: Schema) throws { try schema.requireCurrent(sql.appliedMigrations()) }
}

// MARK: - The record of steps

extension SQLConnection {
    /// The steps recorded, in order; none in an empty database.
    ///
    /// - Throws: ``MembershipError`` with code `not_a_database` when there are tables, but no record of steps.
    package func appliedMigrations() throws -> [Schema.Applied] {
        let tables = try tableNames()
        guard tables.contains("schema_migrations") else {
            guard tables.isEmpty else {
                throw MembershipError(
                    .notADatabase, "The database holds other tables (\(tables[0]), …), and none of Fortnight's.",
                    remedy: "Name another file with --database.")
            }
            return []
        }
        let applied = try query("SELECT version, name, checksum FROM schema_migrations ORDER BY version", []) { row in
            Schema.Applied(version: try row.count(0), name: try row.text(1), checksum: try row.text(2))
        }
        guard !applied.isEmpty || tables.count == 1 else {
            throw MembershipError(
                .migrationChanged, "The record of migrations is empty, though there are tables.",
                remedy: "Restore a backup, or find out who changed the table schema_migrations.")
        }
        return applied
    }

    package func createMigrationsTable() throws {
        try runScript(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version BIGINT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                checksum TEXT NOT NULL,
                applied_at BIGINT NOT NULL
            )
            """)
    }

    /// Takes one step and records it.
    package func apply(_ migration: Migration, at now: Timestamp) throws {
        try runScript(String(decoding: migration.sql, as: UTF8.self))
        try run(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
            [migration.version, migration.name, migration.checksum, now])
    }
}
