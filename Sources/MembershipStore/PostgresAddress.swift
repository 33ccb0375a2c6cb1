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
    private let password: String?

    /// - Throws: ``MembershipError`` with code `invalid_input` when libpq cannot make sense of it.
    init(url: String) throws(MembershipError) {
        if let problem = fortnight_load_libpq() {
            throw MembershipError(
                .databaseUnavailable, "PostgreSQL's client library is not to be had: \(String(cString: problem)).",
                remedy: "Install it: apt-get install libpq5.")
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &message) else {
            defer { PQfreemem(message) }
            let said = message.map { String(cString: $0) } ?? "out of memory"
            // What libpq says may repeat the address, which may hold a password.
            throw MembershipError(
                .invalidInput,
                "The database address is not one that libpq takes"
                    + (said.contains(url) || said.contains("@") ? "." : ": \(said.trimmedLine)"),
                remedy: "Write postgres://user@host:port/database?option=value.")
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        self.url = url
        password = values["password"].flatMap { $0.isEmpty ? nil : $0 }
        let host = values["host"] ?? values["hostaddr"] ?? ""
        let port = values["port"].map { ":" + $0 } ?? ""
        let user = values["user"].map { $0 + "@" } ?? ""
        name =
            "postgres://\(user)\(host.hasPrefix("/") ? "" : host + port)/\(values["dbname"] ?? "")"
            + (host.hasPrefix("/") ? "?host=\(host)" : "")
    }

    /// What libpq said, on one line, without the password.
    func withoutPassword(_ said: String) -> String {
        let line = said.trimmedLine
        guard let password else { return line }
        return line.replacingOccurrences(of: password, with: "…")
    }
}

extension String {
    /// Lines joined by spaces.
    fileprivate var trimmedLine: String {
        split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
#endif
