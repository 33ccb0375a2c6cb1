package import MembershipStore

extension DatabaseEngine {
    /// Makes an empty database what an earlier version of the program left: of that version of the schema, and with what
    /// the body writes.
    package func leave(atVersion version: Int, _ fill: @escaping @Sendable (any SQLConnection) throws -> Void)
        async throws
    {
        let steps = schema.migrations.prefix(version)
        try await upgrade { sql in
            try sql.createMigrationsTable()
            for step in steps { try sql.apply(step, at: TestDatabase.start) }
            try fill(sql)
        }
    }
}
