#if Postgres
import Membership

/// What a check-up of a PostgreSQL database looks at.
struct PostgresExamination {
    let sql: any SQLConnection

    func findings() throws -> [Finding] {
        [
            try setting("server_version", isSound: { _ in true }),
            try setting("fsync", isSound: { $0 == "on" }),
            try setting("full_page_writes", isSound: { $0 == "on" }),
            try setting("synchronous_commit", isSound: { $0 != "off" }),
            try indexes(), try constraints(),
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
            SELECT CAST(c.relname AS TEXT) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
            WHERE NOT i.indisvalid AND c.relnamespace = to_regnamespace(current_schema()) ORDER BY c.relname
            """, []
        ) { try $0.text(0) }
        return Finding(
            "indexes", broken.isEmpty ? "ok" : "not valid: \(broken.joined(separator: ", "))",
            isSound: broken.isEmpty, remedy: "REINDEX them.")
    }

    private func constraints() throws -> Finding {
        let open = try sql.query(
            """
            SELECT CAST(conname AS TEXT) FROM pg_constraint
            WHERE NOT convalidated AND connamespace = to_regnamespace(current_schema()) ORDER BY conname
            """, []
        ) { try $0.text(0) }
        return Finding(
            "references", open.isEmpty ? "ok" : "not validated: \(open.joined(separator: ", "))",
            isSound: open.isEmpty, remedy: "ALTER TABLE … VALIDATE CONSTRAINT them.")
    }
}
#endif
