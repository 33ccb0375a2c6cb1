#if Postgres
import CLibpq
import Foundation
import Membership

/// A connection of libpq's, used by one thread at a time, as the queries see it.
///
/// Statements are prepared when first used and kept, a plan for every combination of parameter types.
final class PostgresSession: SQLConnection {
    private let connection: OpaquePointer
    private let address: PostgresAddress
    private var prepared: [PreparedKey: String] = [:]
    /// The first thing that went wrong in this transaction; what follows from it says nothing more.
    private(set) var failure: PostgresFailure?

    let claim = "FOR UPDATE SKIP LOCKED"

    /// Plans kept; a program has some dozens of statements, so that this is never reached but by mistake.
    private static let mostPrepared = 500

    /// Connects. Blocks until the server answers or the time for it has run out.
    init(_ address: PostgresAddress, limits: PostgresLimits) throws {
        // The address may itself say how long to wait; what stands here is only what holds when it does not.
        let keywords = ["fallback_application_name", "connect_timeout", "dbname"]
        let values = ["fortnight", String(limits.connectSeconds), address.url]
        let opened = withCStrings(keywords) { keywords in
            withCStrings(values) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let opened else {
            throw MembershipError(.databaseUnavailable, "There is no memory for a connection.")
        }
        guard PQstatus(opened) == CONNECTION_OK else {
            defer { PQfinish(opened) }
            throw PostgresFailure.connecting(address, said: String(cString: PQerrorMessage(opened)))
        }
        self.address = address
        connection = opened
        PQsetNoticeProcessor(opened, { _, _ in }, nil)
        // From here on deinit closes the connection, also when one of these throws.
        try limits.checkVersion(Int(PQserverVersion(opened)), of: address)
        try command(
            """
            SET client_min_messages = warning; SET statement_timeout = \(limits.statementMilliseconds);
            SET lock_timeout = \(limits.lockMilliseconds);
            SET idle_in_transaction_session_timeout = \(limits.statementMilliseconds)
            """)
    }

    deinit {
        PQfinish(connection)
    }

    /// Whether the server can still be spoken to.
    var isAlive: Bool { PQstatus(connection) == CONNECTION_OK && failure?.endsConnection != true }

    /// Forgets what went wrong, before another transaction begins.
    func clearFailure() {
        failure = nil
    }

    /// Runs statements without parameters that answer with no rows.
    func command(_ sql: String) throws {
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        try check(result)
    }

    func run(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> Int {
        try execute(sql, arguments) { result in Int(String(cString: PQcmdTuples(result))) ?? 0 }
    }

    func query<Result>(
        _ sql: String, _ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Result
    ) throws -> [Result] {
        try execute(sql, arguments) { result in
            try (0..<PQntuples(result)).map { try body(PostgresRow(result: result, row: $0)) }
        }
    }

    func runScript(_ sql: String) throws {
        try command(sql)
    }

    func tableNames() throws -> [String] {
        try query(
            """
            SELECT CAST(table_name AS TEXT) FROM information_schema.tables
            WHERE table_schema = current_schema() ORDER BY table_name
            """, []
        ) { try $0.text(0) }
    }

    private func execute<Result>(
        _ sql: String, _ arguments: [any SQLValueConvertible], _ body: (OpaquePointer) throws -> Result
    ) throws -> Result {
        let values = arguments.map(\.sqlValue)
        let name = try preparedName(sql, values)
        let texts = values.map { value -> String? in
            switch value {
            case .integer(let number): String(number)
            case .text(let text): text
            case .null: nil
            }
        }
        let result = withCStrings(texts) { parameters in
            PQexecPrepared(connection, name, Int32(values.count), parameters, nil, nil, 0)
        }
        defer { PQclear(result) }
        return try body(try check(result))
    }

    private struct PreparedKey: Hashable {
        let sql: String
        let types: [Oid]
    }

    private func preparedName(_ sql: String, _ values: [SQLValue]) throws -> String {
        // Told the types, the server does not have to guess them where the text does not show them.
        let types = values.map { value -> Oid in
            switch value {
            case .integer: 20  // int8
            case .text: 25  // text
            case .null: 0
            }
        }
        let key = PreparedKey(sql: sql, types: types)
        if let name = prepared[key] { return name }
        if prepared.count >= PostgresSession.mostPrepared {
            try command("DEALLOCATE ALL")
            prepared = [:]
        }
        let name = "s\(prepared.count)"
        let result = PQprepare(connection, name, sql, Int32(types.count), types)
        defer { PQclear(result) }
        try check(result)
        prepared[key] = name
        return name
    }

    @discardableResult
    private func check(_ result: OpaquePointer?) throws -> OpaquePointer {
        if let result, [PGRES_COMMAND_OK, PGRES_TUPLES_OK].contains(PQresultStatus(result)) { return result }
        let found = PostgresFailure(
            sqlState: result.flatMap { PQresultErrorField($0, Int32(UInt8(ascii: "C"))) }.map {
                String(cString: $0)
            },
            said: address.withoutPassword(
                String(cString: result.map { PQresultErrorMessage($0) } ?? PQerrorMessage(connection))),
            address: address)
        failure = failure ?? found
        throw found.membershipError
    }
}

private struct PostgresRow: SQLRow {
    let result: OpaquePointer
    let row: Int32

    func value(_ column: Int) -> SQLValue {
        let column = Int32(column)
        guard PQgetisnull(result, row, column) == 0, let bytes = PQgetvalue(result, row, column) else {
            return .null
        }
        let text = String(cString: bytes)
        switch PQftype(result, column) {
        case 20, 21, 23: return Int64(text).map(SQLValue.integer) ?? .text(text)
        default: return .text(text)
        }
    }
}

/// Lends C strings, nil for nil, with a null behind the last.
private func withCStrings<Result>(
    _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    let copies = strings.map { $0.flatMap { strdup($0) } }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
}
#endif
