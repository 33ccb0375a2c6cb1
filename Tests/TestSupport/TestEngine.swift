import Foundation
import MembershipStore

/// The engine that a run of the suite is on: SQLite, or PostgreSQL with `FORTNIGHT_TEST_ENGINE=postgres` under
/// `Scripts/postgres`.
package enum TestEngine {
    package static var isSQLite: Bool { postgres == nil }

    /// The server that Scripts/postgres started; nil when the suite is on SQLite.
    package static let postgres: String? =
        ProcessInfo.processInfo.environment["FORTNIGHT_TEST_ENGINE"] == "postgres"
        ? ProcessInfo.processInfo.environment["FORTNIGHT_POSTGRES"] : nil

    /// A schema of a test's own on the server, as an address that leads into it.
    package static func makeSchema(on server: String) async throws -> String {
        let schema = "test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let engine = try PostgresEngine(url: server, connections: 1)
        try await engine.write { try $0.runScript("CREATE SCHEMA \(schema)") }
        return server + (server.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(schema)"
    }

    /// A place for a database of a test's own: an address, and a key file in the directory.
    package static func makePlace(in directory: TemporaryDirectory) async throws -> String {
        guard let postgres else { return directory.path + "/test.db" }
        return try await makeSchema(on: postgres)
    }
}
