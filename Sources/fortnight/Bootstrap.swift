import ArgumentParser
import Foundation
import Membership
import MembershipService

/// What every command takes: where the database is, and how to show the result.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The database file (or FORTNIGHT_DATABASE; default: fortnight.db).", valueName: "path"))
    var database: String?

    @Flag(name: .long, help: "Print JSON: one document, or for a list a line per item.")
    var json = false

    var console: Console { Console(isJSON: json) }

    var path: String {
        database ?? ProcessInfo.processInfo.environment["FORTNIGHT_DATABASE"].flatMap { $0.isEmpty ? nil : $0 }
            ?? "fortnight.db"
    }

    /// How long to wait for another process, from FORTNIGHT_LOCK_WAIT.
    func lockWait() throws -> TimeSpan {
        guard let text = ProcessInfo.processInfo.environment["FORTNIGHT_LOCK_WAIT"], !text.isEmpty else {
            return Services.defaultLockWait
        }
        return try TimeSpan(parsing: text)
    }

    func services() async throws -> Services {
        try await Services.open(path: path, lockWait: lockWait())
    }

    func setup() throws -> DatabaseSetup {
        DatabaseSetup(path: path, lockWait: try lockWait())
    }
}
