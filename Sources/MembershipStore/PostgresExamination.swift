#if Postgres
import Membership
import Migrations

/// What a check-up of a PostgreSQL database looks at.
struct PostgresExamination {
    let sql: any SQLConnection
    let schema: Schema

    func findings() throws -> [Finding] {
        [
            try setting("server_version", isSound: { _ in true }),
            try setting("fsync", isSound: { $0 == "on" }),
            try setting("full_page_writes", isSound: { $0 == "on" }),
            try setting("synchronous_commit", isSound: { $0 != "off" }),
            try indexes(), try constraints(), try definitions(),
        ]
    }

    private func setting(_ name: String, isSound: (String) -> Bool) throws -> Finding {
        let value = try sql.first("SELECT current_setting($1)", [name]) { try $0.text(0) } ?? "unknown"
        return Finding(
            name.split(separator: "_").joined(separator: " "), value, isSound: isSound(value),
            remedy: "What was acknowledged may be lost in a crash: set \(name) to on.")
    }

    private func indexes() throws -> Finding {
        let broken = try sql.query(
            """
            WITH \(PostgresSession.ownTables)
            SELECT CAST(c.relname AS TEXT) FROM own JOIN pg_index AS i ON i.indrelid = own.oid
            JOIN pg_class AS c ON c.oid = i.indexrelid
            WHERE NOT i.indisvalid ORDER BY c.relname
            """, []
        ) { try $0.text(0) }
        return Finding(
            "indexes", broken.isEmpty ? "ok" : "not valid: \(broken.joined(separator: ", "))",
            isSound: broken.isEmpty, remedy: "REINDEX them.")
    }

    private func constraints() throws -> Finding {
        let open = try sql.query(
            """
            WITH \(PostgresSession.ownTables)
            SELECT CAST(conname AS TEXT) FROM own JOIN pg_constraint ON conrelid = own.oid
            WHERE NOT convalidated ORDER BY conname
            """, []
        ) { try $0.text(0) }
        return Finding(
            "references", open.isEmpty ? "ok" : "not validated: \(open.joined(separator: ", "))",
            isSound: open.isEmpty, remedy: "ALTER TABLE … VALIDATE CONSTRAINT them.")
    }

    /// Every column, key, check and index as the migrations make it, found by making them anew in a schema of their
    /// own.
    private func definitions() throws -> Finding {
        let mayCompare =
            try sql.first(
                """
                SELECT CAST(has_database_privilege(current_database(), 'CREATE')
                    AND has_database_privilege(current_database(), 'TEMPORARY')
                    AND current_setting('transaction_read_only') = 'off' AS INT)
                """, []
            ) { try $0.integer(0) } == 1
        guard mayCompare else {
            return Finding(
                "tables",
                "not compared, because no schema and temporary tables may be made: by this user, or on a standby",
                isSound: true)
        }
        let found = Set(try sql.query(PostgresExamination.described, []) { try $0.text(0) })
        // By a name of its own: who makes a schema of a name that another transaction has just given waits for its end.
        let session = try sql.first("SELECT pg_backend_pid()", []) { try $0.integer(0) } ?? 0
        let name = "fortnight_pristine_\(session)"
        try sql.runScript("SAVEPOINT pristine; CREATE SCHEMA \(name); SET LOCAL search_path TO \(name)")
        try sql.createMigrationsTable()
        for migration in schema.migrations { try sql.runScript(String(decoding: migration.sql, as: UTF8.self)) }
        let pristine = Set(try sql.query(PostgresExamination.described, []) { try $0.text(0) })
        try sql.runScript("ROLLBACK TO SAVEPOINT pristine")
        return .tables(found, asMade: pristine)
    }

    /// One line for everything that the migrations define of the tables of the current schema, without its name.
    private static let described = """
        WITH \(PostgresSession.ownTables)
        SELECT CAST('column ' || relname || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' '
            || attnotnull || ' ' || coalesce(collname, '-') AS TEXT)
        FROM own JOIN pg_attribute ON attrelid = own.oid
        LEFT JOIN pg_collation ON pg_collation.oid = attcollation
        WHERE attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT CAST('constraint ' || conname || ' '
            || replace(pg_get_constraintdef(c.oid), quote_ident(current_schema()) || '.', '') AS TEXT)
        FROM own JOIN pg_constraint AS c ON conrelid = own.oid
        UNION ALL
        SELECT CAST('index ' || i.relname || ' '
            || replace(pg_get_indexdef(i.oid), quote_ident(current_schema()) || '.', '') AS TEXT)
        FROM own JOIN pg_index ON indrelid = own.oid JOIN pg_class AS i ON i.oid = indexrelid
        """
}
#endif
