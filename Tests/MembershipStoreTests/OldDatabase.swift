import Membership
import MembershipService
import MembershipStore
import TestSupport

/// A database as an earlier version of the program left it.
struct OldDatabase: Sendable {
    let location: DatabaseLocation
    let engine: any DatabaseEngine
    /// Where its file is, as long as somebody holds this.
    private let directory: TemporaryDirectory

    /// Makes a database at a version of the schema, with the rows that the body writes.
    init(version: Int, _ fill: @escaping @Sendable (any SQLConnection) throws -> Void) async throws {
        directory = try TemporaryDirectory()
        let address = try await TestEngine.makePlace(in: directory)
        engine =
            TestEngine.isSQLite
            ? try SQLiteEngine.create(path: address, lockWait: .minutes(1))
            : try PostgresEngine(url: address, connections: 1)
        location = TestDatabase.location(address, directory)
        try await engine.leave(atVersion: version, fill)
    }
}
