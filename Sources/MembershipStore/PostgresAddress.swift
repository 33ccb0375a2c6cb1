#if Postgres
import CLibpq
import Foundation
import LibpqLoader
import Membership

/// Where a PostgreSQL database is, in whatever form libpq takes: a URL with hosts, sockets, service names, TLS options.
struct PostgresAddress: Sendable {
    /// As it was given; it may hold a password and is never shown.
    let url: String
    /// For people: user, host and database, and no password.
    let name: String
    /// Whether the address, a service or the environment says how long to wait for a connection.
    let hasConnectTimeout: Bool
    /// Whether a service file says more, which nothing of ours may override.
    let isOfService: Bool

    /// - Throws: ``MembershipError`` with code `invalid_input` when libpq cannot make sense of it. What libpq says of it
    ///   is not repeated: it quotes the part it stumbled over, which may be a password.
    init(url: String) throws(MembershipError) {
        if let problem = fortnight_load_libpq() {
            throw MembershipError(
                .databaseUnavailable, "PostgreSQL's client library is not to be had: \(String(cString: problem)).",
                remedy: "Install it: apt-get install libpq5.")
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &message) else {
            PQfreemem(message)
            throw PostgresAddress.unreadable
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        let host = values["host"] ?? values["hostaddr"] ?? ""
        let port = values["port"] ?? ""
        let database = values["dbname"] ?? ""
        // A password with a / or @ that is not encoded ends up in one of these.
        guard !(host + database).contains("@"), port.allSatisfy({ $0.isNumber || $0 == "," }) else {
            throw PostgresAddress.unreadable
        }
        self.url = url
        let isSocket = host.hasPrefix("/")
        let place = isSocket ? "" : host + (port.isEmpty ? "" : ":" + port)
        let rest = isSocket ? "?host=" + host : values["service"].map { "?service=" + $0 } ?? ""
        name = "postgres://" + (values["user"].map { $0 + "@" } ?? "") + place + "/" + database + rest
        let environment = ProcessInfo.processInfo.environment
        isOfService = values["service"] != nil || environment["PGSERVICE"] != nil
        hasConnectTimeout =
            values["connect_timeout"] != nil || isOfService || environment["PGCONNECT_TIMEOUT"] != nil
    }

    private static let unreadable = MembershipError(
        .invalidInput, "The address of the database is not one that libpq takes.",
        remedy:
            "Write postgres://user@host:port/database?option=value; in a password, write each of % / ? # @ : as its "
            + "percent code, or leave it to PGPASSWORD.")
}
#endif
