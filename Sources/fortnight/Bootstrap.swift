import ArgumentParser
import Foundation
import Membership
import MembershipService

/// What every command takes: where the database is, and how to show the result.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "An SQLite file or a postgres:// address (or FORTNIGHT_DATABASE; default: fortnight.db).",
            valueName: "database"))
    var database: String?

    @Flag(name: .long, help: "Print JSON: one document, or for a list a line per item.")
    var json = false

    var console: Console { Console(isJSON: json) }

    /// The database as it was named.
    private var address: String {
        database ?? GlobalOptions.variable("FORTNIGHT_DATABASE") ?? "fortnight.db"
    }

    /// The database, with what the environment says of how to use it.
    func location(_ address: String? = nil) throws -> DatabaseLocation {
        let wait = try GlobalOptions.variable("FORTNIGHT_LOCK_WAIT", as: TimeSpan.init(parsing:))
        let connections = try GlobalOptions.variable("FORTNIGHT_CONNECTIONS").map { text in
            guard let count = Int(text), (1...1000).contains(count) else {
                throw MembershipError(
                    .invalidInput, "FORTNIGHT_CONNECTIONS is ‘\(text)’, which is not a number of connections.",
                    remedy: "Set it to 1 to 1000.")
            }
            return count
        }
        return DatabaseLocation(
            address ?? self.address, keyPath: GlobalOptions.variable("FORTNIGHT_KEY_FILE"),
            wait: wait ?? DatabaseLocation.defaultWait, connections: connections)
    }

    func services() async throws -> Services {
        try await Services.open(location(), actor: GlobalOptions.actor())
    }

    /// Who acts: FORTNIGHT_ACTOR, or else the user of the system.
    static func actor() throws -> Actor {
        let named = try variable("FORTNIGHT_ACTOR") { name throws(MembershipError) in
            let actor = try Actor(parsing: name)
            return name.contains(":") ? actor : try Actor(parsing: "operator:" + name)
        }
        if let named { return named }
        let user = variable("USER") ?? variable("LOGNAME") ?? "uid-\(getuid())"
        return (try? Actor(parsing: "operator:" + user)) ?? .unnamed
    }

    /// What a variable of the environment says, which is named when it cannot be read; nil when it is not set or empty.
    private static func variable<Value>(
        _ name: String, as read: (String) throws(MembershipError) -> Value
    ) throws(MembershipError) -> Value? {
        guard let text = variable(name) else { return nil }
        do throws(MembershipError) {
            return try read(text)
        } catch {
            throw MembershipError(error.code, "\(name): \(error.message)", remedy: error.remedy)
        }
    }

    /// A variable of the environment; nil when it is not set or empty.
    static func variable(_ name: String) -> String? {
        // ProcessInfo would copy the whole environment each time.
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
