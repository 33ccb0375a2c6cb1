import Foundation

/// The server that Scripts/postgres started, and its own tools to work on it.
struct PostgresServer {
    /// How many connections, ours or the reference's, work at the same time.
    static let clients = 4
    /// How long a round lasts for each of the two.
    static let roundSeconds = 2

    private let url: String
    private let log: String

    /// Nil when there is none.
    static var fromEnvironment: PostgresServer? {
        let environment = ProcessInfo.processInfo.environment
        guard let url = environment["FORTNIGHT_POSTGRES"], let data = environment["FORTNIGHT_POSTGRES_DATA"] else {
            return nil
        }
        return PostgresServer(url: url, log: data + "/../log")
    }

    /// The address that leads into one schema.
    ///
    /// - Parameter logging: whether the server writes down each statement that comes this way.
    func address(of schema: String, logging: Bool = false) -> String {
        url + (url.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(schema)"
            + (logging ? "%20-clog_statement%3Dall" : "")
    }

    /// Runs SQL through psql.
    ///
    /// - Returns: the rows, one a line, columns parted by `|`.
    @discardableResult
    func psql(_ sql: String, in schema: String = "public") throws -> String {
        try tool(
            "psql", ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1", "-c", sql],
            options: "-csearch_path=\(schema)")
    }

    /// Runs a script through pgbench with prepared statements, on as many connections as ours has.
    ///
    /// - Parameters:
    ///   - script: the transaction in pgbench's language.
    ///   - variables: what the script finds set.
    ///   - length: pgbench's own options for how long, such as `-T 2`.
    /// - Returns: how many transactions were committed, how many were given up, and how many were committed a second.
    func pgbench(
        _ script: String, variables: [String: String], length: [String], in schema: String, logging: Bool = false
    ) throws -> Tally {
        let file = NSTemporaryDirectory() + "fortnight-bench-\(UUID().uuidString).sql"
        try Data(script.utf8).write(to: URL(filePath: file))
        defer { unlink(file) }
        let defined = variables.sorted { $0.key < $1.key }.flatMap { ["-D", "\($0.key)=\($0.value)"] }
        // As often as the store tries a transaction that ran into another.
        let fixed = ["-n", "-M", "prepared", "-j", "2", "--max-tries=20", "-f", file]
        let report = try tool(
            "pgbench", fixed + defined + length,
            options: "-csearch_path=\(schema)" + (logging ? " -clog_statement=all" : ""))
        func number(after words: String) throws -> Substring {
            guard let line = report.split(separator: "\n").first(where: { $0.hasPrefix(words) }) else {
                throw Failure("pgbench says nothing about ‘\(words)’: \(report)")
            }
            return line.dropFirst(words.count).prefix { $0.isNumber || $0 == "." }
        }
        guard
            let done = Int(try number(after: "number of transactions actually processed: ")),
            let givenUp = Int(try number(after: "number of failed transactions: ")),
            let rate = Double(try number(after: "tps = "))
        else { throw Failure("pgbench gives no numbers: \(report)") }
        return Tally(done: done, givenUp: givenUp, rate: rate)
    }

    /// The statements that reach the server from addresses that are logged while the body runs, in order.
    func statements(during body: () async throws -> Void) async throws -> [String] {
        let start = try Data(contentsOf: URL(filePath: log)).count
        try await body()
        let lines = String(decoding: try Data(contentsOf: URL(filePath: log)).dropFirst(start), as: UTF8.self)
        var statements: [String] = []
        var isInside = false
        for line in lines.split(separator: "\n") {
            if line.hasPrefix("\t") {
                // A statement of several lines goes on.
                if isInside { statements[statements.count - 1] += " " + line }
            } else if let match = line.firstMatch(of: /LOG:  (?:statement|execute [^:]+): (.*)/) {
                statements.append(String(match.1))
                isInside = true
            } else {
                isInside = false
            }
        }
        return statements
    }

    /// The password goes through the environment, where no list of processes shows it.
    private func tool(_ name: String, _ arguments: [String], options: String) throws -> String {
        guard var address = URLComponents(string: url) else { throw Failure("FORTNIGHT_POSTGRES is not a URL") }
        var environment = ProcessInfo.processInfo.environment
        environment["PGPASSWORD"] = address.password
        environment["PGOPTIONS"] = options
        address.password = nil
        let process = Process()
        process.executableURL = URL(filePath: "/usr/lib/postgresql/15/bin/" + name)
        process.arguments = arguments + [address.string ?? ""]
        process.environment = environment
        let output = Pipe()
        let complaints = Pipe()
        process.standardOutput = output
        process.standardError = complaints
        // Swift's threads keep signals away, and a child inherits that: pgbench would never hear that its time is up.
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
        // Neither says much, so that one pipe does not fill while the other is read.
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        let complained = try complaints.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure("\(name) failed: \(String(decoding: complained, as: UTF8.self))")
        }
        return String(decoding: said, as: UTF8.self)
    }
}

/// What came of doing something over and over.
struct Tally {
    let done: Int
    /// After as many tries as are allowed each had run into others.
    let givenUp: Int
    /// How many were done a second.
    let rate: Double
}
