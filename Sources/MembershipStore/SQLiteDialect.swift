/// What every connection to an SQLite file has in common.
protocol SQLiteDialect: SQLConnection {}

extension SQLiteDialect {
    package var isSQLite: Bool { true }
    package var claim: String { "" }
    package var hold: String { "" }

    package func tableNames() throws -> [String] {
        try query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", []) { try $0.text(0) }
    }

    package func columns(of table: String) throws -> [TableColumn] {
        try query("SELECT name, pk FROM pragma_table_info($1) ORDER BY cid", [table]) { row in
            let place = try row.count(1)
            return TableColumn(name: try row.text(0), keyPlace: place == 0 ? nil : place)
        }
    }
}
