import Foundation
package import Membership
import MembershipStore

/// The engine that a run of the suite is on: SQLite, or PostgreSQL with `FORTNIGHT_TEST_ENGINE=postgres` under
/// `Scripts/postgres`.
package enum TestEngine {
    package static var isSQLite: Bool { postgres == nil }

    /// The server that Scripts/postgres started; nil when the suite is on SQLite.
    package static let postgres: String? =
        ProcessInfo.processInfo.environment["FORTNIGHT_TEST_ENGINE"] == "postgres"
        ? ProcessInfo.processInfo.environment["FORTNIGHT_POSTGRES"] : nil

    /// How long a test waits for others: hundreds of tests share two cores.
    package static let wait = TimeSpan.minutes(1)

    /// Runs a body that only so many tests may run at a time: making a schema is what a server has most work with.
    package static func inTurn<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        await turns.take()
        do {
            let result = try await body()
            await turns.giveBack()
            return result
        } catch {
            await turns.giveBack()
            throw error
        }
    }

    private static let turns = Turns(4)

    /// A schema of a test's own on the server, as an address that leads into it.
    ///
    /// - Parameter prefix: letters, which are kept as they are.
    package static func makeSchema(on server: String, prefix: String = "test") async throws -> String {
        let schema = prefix + "_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let engine = try PostgresEngine(url: server, wait: wait, connections: 1)
        try await engine.write { try $0.runScript("CREATE SCHEMA \"\(schema)\"") }
        return server + (server.contains("?") ? "&" : "?") + "options=-csearch_path%3D%22\(schema)%22"
    }

    /// A place for a database of a test's own: an address, and a key file in the directory.
    package static func makePlace(in directory: TemporaryDirectory) async throws -> String {
        guard let postgres else { return directory.path + "/test.db" }
        return try await makeSchema(on: postgres)
    }
}

/// Lets so many at a time through, in the order in which they came.
private actor Turns {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) {
        free = count
    }

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func giveBack() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
