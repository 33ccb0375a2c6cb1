import GRDB
import Membership
import Migrations

/// What a check-up of an SQLite file looks at.
struct SQLiteExamination {
    let database: Database
    let schema: Schema

    func findings() throws -> [Finding] {
        [
            try journalMode(), try synchronous(), try foreignKeysOn(), try integrity(), try foreignKeysKept(),
            try definitions(),
        ]
    }

    private func journalMode() throws -> Finding {
        let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode") ?? "unknown"
        return Finding(
            "journal mode", mode, isSound: mode == "wal",
            remedy: "Set it back, with no process using the file: sqlite3 FILE 'PRAGMA journal_mode = WAL'.")
    }

    private func synchronous() throws -> Finding {
        let level = try Int.fetchOne(database, sql: "PRAGMA synchronous") ?? -1
        let names = [0: "off", 1: "normal", 2: "full", 3: "extra"]
        return Finding("synchronous", names[level] ?? "\(level)", isSound: level >= 2, remedy: "Report this as a bug.")
    }

    private func foreignKeysOn() throws -> Finding {
        let isOn = try Bool.fetchOne(database, sql: "PRAGMA foreign_keys") ?? false
        return Finding("foreign keys", isOn ? "on" : "off", isSound: isOn, remedy: "Report this as a bug.")
    }

    private func integrity() throws -> Finding {
        let faults = try database.integrityFaults(most: 5)
        return Finding(
            "integrity", faults.isEmpty ? "ok" : faults.joined(separator: "; "), isSound: faults.isEmpty,
            remedy: "Restore a backup; .recover of the sqlite3 shell may save what is newer.")
    }

    /// Every table and index as the migrations make it, found by making them anew in memory.
    private func definitions() throws -> Finding {
        let sql =
            "SELECT type || ' ' || name || ' ' || sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        let pristine = try DatabaseQueue().write { database in
            for migration in schema.migrations {
                try database.execute(sql: String(decoding: migration.sql, as: UTF8.self))
            }
            return Set(try String.fetchAll(database, sql: sql) + ["application_id \(applicationID(database))"])
        }
        let found = Set(
            try String.fetchAll(database, sql: sql).filter { !$0.contains("schema_migrations") }
                + ["application_id \(applicationID(database))"])
        return .tables(found, asMade: pristine)
    }

    private func applicationID(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    }

    private func foreignKeysKept() throws -> Finding {
        let broken = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map { row in
            "row \((row[1] as Int64?).map(String.init) ?? "?") of \(row[0] as String? ?? "?") names no row of "
                + "\(row[2] as String? ?? "?")"
        }
        let listed =
            broken.prefix(5).joined(separator: "; ") + (broken.count > 5 ? "; and \(broken.count - 5) more" : "")
        return Finding(
            "references", broken.isEmpty ? "ok" : listed, isSound: broken.isEmpty,
            remedy: "Rows were changed by hand; put back what they refer to, or restore a backup.")
    }
}

extension Database {
    /// What is wrong with the pages of the file.
    ///
    /// - Throws: when the disk refuses to give a page: whatever is on it is not known to be damaged.
    func integrityFaults(most: Int) throws -> [String] {
        let said = try String.fetchAll(self, sql: "PRAGMA integrity_check(\(most))")
        if SQLiteExamination.isRefused(said) {
            throw DatabaseError(resultCode: .SQLITE_IOERR, message: said.joined(separator: "; "))
        }
        return said == ["ok"] ? [] : said
    }
}

extension SQLiteExamination {
    /// Whether what `PRAGMA integrity_check` says is that a page could not be had. Of a page of a tree it gives the
    /// number of the error; of one that goes on with a long row, or that is free, it says no more than that, and never
    /// because of what is on it.
    static func isRefused(_ said: [String]) -> Bool {
        said.contains { text in
            text.contains(/failed to get page \d/)
                || text.matches(of: /error code=(\d+)/).contains { match in
                    // The last eight bits are the kind of the error.
                    Int32(match.1).map { $0 & 0xFF == ResultCode.SQLITE_IOERR.rawValue } ?? false
                }
        }
    }
}
