package import MembershipService
import MembershipStore

/// Everything that stands in a database, table by table.
package enum DatabaseContents {
    package static func of(_ location: DatabaseLocation) async throws -> [String: Set<String>] {
        try await TestDatabase.engine(of: location).read { sql in
            let tables = try sql.tableNames()
            return try Dictionary(
                uniqueKeysWithValues: tables.map { table in
                    let columns = try sql.columns(of: table).map(\.name)
                    let rows = try sql.query("SELECT \(columns.joined(separator: ", ")) FROM \(table)", []) { row in
                        columns.indices.map { "\(columns[$0]): \(row.value($0))" }.joined(separator: ", ")
                    }
                    return (table, Set(rows))
                })
        }
    }
}
