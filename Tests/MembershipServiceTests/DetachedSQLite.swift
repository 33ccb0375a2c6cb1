import GRDB

/// A connection of somebody else's to the same file, with none of this system's settings.
struct DetachedSQLite {
    private let queue: DatabaseQueue

    init(path: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(5)
        queue = try DatabaseQueue(path: path, configuration: configuration)
    }

    func execute(_ sql: String) throws {
        try queue.inDatabase { try $0.execute(sql: sql) }
    }

    /// Begins to read, and goes on.
    func hold() throws {
        try queue.unsafeReentrantWrite { try $0.execute(sql: "BEGIN; SELECT count(*) FROM accounts") }
    }

    func letGo() throws {
        try queue.unsafeReentrantWrite { try $0.execute(sql: "COMMIT") }
    }
}
