import Foundation
import Membership
import Subprocess
import SystemPackage
import TestSupport
import MembershipStore

/// The built binary, run on a directory of a test's own.
struct Shell: Sendable {
    let directory: TemporaryDirectory
    /// The database's file or server.
    let address: String
    private var environment: [Environment.Key: String?] = [:]

    init() async throws {
        directory = try TemporaryDirectory()
        address = try await TestEngine.makePlace(in: directory)
        set("FORTNIGHT_DATABASE", address)
        set("FORTNIGHT_LOCK_WAIT", "60s")
        if !TestEngine.isSQLite { set("FORTNIGHT_KEY_FILE", directory.path + "/test.db.key") }
    }

    /// Sets a variable of the environment.
    mutating func set(_ name: String, _ value: String) {
        if let key = Environment.Key(rawValue: name) { environment[key] = value }
    }

    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String

        /// The one JSON document on standard output.
        func json() throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
        }

        /// A JSON document a line.
        func jsonLines() throws -> [[String: Any]] {
            try output.split(separator: "\n").map { line in
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            }
        }
    }

    /// Runs `fortnight` with these arguments.
    @discardableResult
    func fortnight(_ arguments: String..., input: String = "") async throws -> Outcome {
        try await run(Shell.binary, arguments, input: input)
    }

    /// Runs any program; `{}` among the arguments stands for the binary's path.
    func run(_ program: String, _ arguments: [String], input: String = "") async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments.map { $0 == "{}" ? Shell.binary : $0 }),
            environment: .inherit.updating(environment), workingDirectory: FilePath(directory.path),
            input: .string(input), output: .string(limit: 1 << 24), error: .string(limit: 1 << 20))
        return Outcome(
            status: Shell.status(result.terminationStatus), output: result.standardOutput, errors: result.standardError)
    }

    /// Runs `fortnight`, and sends it a signal when it is time.
    func fortnight(
        _ arguments: [String], send signal: Signal, when isTime: () async throws -> Bool
    ) async throws -> Outcome {
        try await fortnight(arguments) { send in
            while try await !isTime() { await Task.yield() }
            try send(signal)
        }
    }

    /// As ``fortnight(_:send:when:)``, with nobody writing from when it is time until the signal is sent: on SQLite there
    /// is one writer at a time. On PostgreSQL the transaction may be done again, and the signal sent twice.
    @discardableResult
    func fortnight(
        _ arguments: [String], send signal: Signal,
        betweenWritesWhen isTime: @escaping @Sendable (ReadTransaction) throws -> Bool
    ) async throws -> Outcome {
        let store = try await database().store()
        return try await fortnight(arguments) { send in
            while try await !store.write(
                .change,
                { tx in
                    guard try isTime(tx) else { return false }
                    try send(signal)
                    return true
                })
            { try Task.checkCancellation() }
        }
    }

    private func fortnight(
        _ arguments: [String],
        meanwhile body: (_ send: @escaping @Sendable (Signal) throws -> Void) async throws -> Void
    ) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(FilePath(Shell.binary)), arguments: Arguments(arguments),
            environment: .inherit.updating(environment), workingDirectory: FilePath(directory.path), input: .none,
            output: .string(limit: 1 << 24), error: .string(limit: 1 << 20)
        ) { execution in try await body { try execution.send(signal: $0) } }
        return Outcome(
            status: Shell.status(result.terminationStatus), output: result.standardOutput, errors: result.standardError)
    }

    /// Whether the binary was built with a sanitizer.
    static var isSanitized: Bool {
        #if THREAD_SANITIZER || ADDRESS_SANITIZER
        true
        #else
        false
        #endif
    }

    private static func status(_ termination: TerminationStatus) -> Int32 {
        switch termination {
        case .exited(let code): code
        case .signaled(let signal): -signal
        }
    }

    /// Runs of jobs, newest first.
    func jobRuns() async throws -> [JobRun] {
        try await database().store().read { try $0.jobRuns(of: nil, limit: 100) }
    }

    /// How many rows each table has.
    func rowCounts() async throws -> [String: Int] {
        try await database().engine().read { sql in
            let tables = try sql.tableNames()
            return try Dictionary(
                uniqueKeysWithValues: tables.map { table in
                    (table, try sql.first("SELECT count(*) FROM \(table)", []) { try $0.count(0) } ?? 0)
                })
        }
    }

    /// Does something to the tables behind the program's back.
    func tamper(_ sql: String) async throws {
        try await database().engine().write { try $0.runScript(sql) }
    }

    /// Many trials, without a process for each.
    func fillWithTrials(_ count: Int) async throws {
        try await database().fillWithTrials(count)
    }

    /// An article, without a feed.
    func addArticle(_ key: String, section: String? = nil) async throws {
        try await database().addArticle(key, section: section)
    }

    private func database() async throws -> TestDatabase {
        try await TestDatabase.open(address, directory)
    }

    /// The executable that was built beside the tests.
    static let binary: String = {
        let beside = URL(filePath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
        return beside.appending(path: "fortnight").path(percentEncoded: false)
    }()
}
