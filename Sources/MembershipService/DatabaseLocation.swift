import Foundation
public import Membership
package import MembershipStore

/// Where a database is: an SQLite file, or a PostgreSQL server; and where the key of its trial ledger is.
public struct DatabaseLocation: Sendable {
    /// For people; without a password.
    public let name: String
    /// The file with the key of the trial ledger.
    public let keyPath: String
    private let kind: Kind

    private enum Kind: Sendable {
        case file(path: String)
        case server(url: String)
        case unknown
    }

    /// How long a transaction waits for others when nothing else is said: 5 seconds.
    public static let defaultWait = TimeSpan(milliseconds: 5000)

    /// How long a transaction waits: for a lock, for a connection, for a server that went away.
    private let wait: TimeSpan
    /// How many connections to a server there are at most.
    private let connections: Int?
    /// From how many pages on the log of a file is emptied. Trials shorten it, so that it happens often.
    package var longLog = LogEmptier.standardLength

    /// Reads a location: `postgres://…` or `postgresql://…` is a server, in any form that libpq takes; anything else
    /// is the path of a file.
    ///
    /// - Parameters:
    ///   - keyPath: nil for the file's path with `.key` behind it, and for `fortnight.key` with a server.
    ///   - wait: how long a transaction waits for others.
    ///   - connections: how many connections to a server there are at most; nil for 8.
    public init(
        _ text: String, keyPath: String? = nil, wait: TimeSpan = DatabaseLocation.defaultWait, connections: Int? = nil
    ) {
        self.wait = wait
        self.connections = connections
        if let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") {
            let (scheme, rest) = (text[..<colon].lowercased(), text[colon...])
            kind = ["postgres", "postgresql"].contains(scheme) ? .server(url: scheme + rest) : .unknown
            name = DatabaseLocation.name(ofServer: "postgres" + rest)
            self.keyPath = keyPath ?? "fortnight.key"
        } else {
            let path = DatabaseLocation.path(text)
            kind = .file(path: path)
            name = text
            self.keyPath = keyPath ?? path + ".key"
        }
    }

    /// One spelling for a database and its key, and none that SQLite takes for more than a path.
    static func path(_ text: String) -> String {
        let path = text.hasPrefix("/") ? text : FileManager.default.currentDirectoryPath + "/" + text
        guard path.contains("/.") else { return path }
        return URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
    }

    /// The same of a place that somebody has named: of an empty text it would be the current directory.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    static func namedPath(_ text: String) throws(MembershipError) -> String {
        guard !text.isEmpty else {
            throw MembershipError(
                .invalidInput, "‘’ is no path.", remedy: "Name a file or directory; . is the current directory.")
        }
        return path(text)
    }

    /// What a symbolic link leads to, and any other path as it is: SQLite keeps the log beside the file itself.
    private static func target(of path: String) -> String {
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil,
            let real = realpath(path, nil)
        else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// The file, for what only a file can be.
    ///
    /// - Parameter done: what is to be done with it.
    /// - Throws: ``MembershipError`` with code `invalid_input` for a server.
    func file(to done: String) throws -> (path: String, wait: TimeSpan) {
        switch kind {
        case .file(let path):
            return (DatabaseLocation.target(of: path), wait)
        case .server:
            throw MembershipError(
                .invalidInput, "\(name) is on a PostgreSQL server, and is \(done) with its own tools.",
                remedy:
                    "pg_dump keeps one moment; pg_basebackup and an archive of the log keep every moment. Keep the key "
                    + "file \(keyPath) with either. docs/reliability.md says how.")
        case .unknown:
            throw DatabaseLocation.unknownScheme
        }
    }

    /// Opens what is there.
    package func open() throws -> any DatabaseEngine {
        switch kind {
        case .file(let path): try SQLiteEngine.open(path: path, lockWait: wait, longLog: longLog)
        case .server(let url): try server(url)
        case .unknown: throw DatabaseLocation.unknownScheme
        }
    }

    /// Opens what is there, or makes it: a file is made, a database on a server must have been.
    func create() throws -> any DatabaseEngine {
        switch kind {
        case .file(let path): try SQLiteEngine.create(path: path, lockWait: wait, longLog: longLog)
        case .server(let url): try server(url)
        case .unknown: throw DatabaseLocation.unknownScheme
        }
    }

    /// Opens a place where there is nothing yet. A file is made by this call and nobody else's, so that it is the caller's
    /// to remove; and for this user's eyes alone.
    ///
    /// - Throws: ``MembershipError`` with code `database_exists` when there is such a file.
    func createNew() throws -> any DatabaseEngine {
        guard case .file(let path) = kind else { return try create() }
        _ = try DatabaseLocation.namedPath(name)
        let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            guard errno == EEXIST else {
                throw MembershipError(
                    .databaseUnavailable, "\(name) cannot be made: \(String(cString: strerror(errno))).",
                    remedy: "Check that the directory exists and that this user may write in it.")
            }
            throw MembershipError(
                .databaseExists, "\(name) is there already.", remedy: "Name a file that does not exist, or remove it.")
        }
        close(descriptor)
        do {
            return try create()
        } catch {
            remove()
            throw error
        }
    }

    /// Removes what ``createNew()`` made. On a server nothing was made that is still there.
    func remove() {
        guard case .file(let path) = kind else { return }
        for file in [path, path + "-wal", path + "-shm"] { unlink(file) }
    }

    /// The address is not repeated: it may hold a password.
    private static let unknownScheme = MembershipError(
        .invalidInput, "The database is neither a file nor a PostgreSQL server.",
        remedy: "Name the path of an SQLite file, or an address that begins with postgres://.")

    private static func name(ofServer url: String) -> String {
        #if Postgres
        // An address that is none is refused when it is opened, and is not repeated: it may hold a password.
        return (try? PostgresEngine.name(of: url)) ?? "the PostgreSQL database"
        #else
        return "the PostgreSQL database"
        #endif
    }

    private func server(_ url: String) throws -> any DatabaseEngine {
        #if Postgres
        return try PostgresEngine(url: url, wait: wait, connections: connections)
        #else
        throw MembershipError(
            .invalidInput, "This fortnight was built for SQLite alone, without PostgreSQL.",
            remedy: "Name a file with --database, or use a build with the trait Postgres.")
        #endif
    }
}
