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
    /// What the names of its statements begin with: behind a pooler another session's must not be taken for its own.
    private let mark = "f\(String(UInt64.random(in: 0 ... .max), radix: 36))_"
    /// The statement that begins the transaction, until it goes to the server together with the first of the body.
    private var pendingBegin: String?
    /// What was sent and not collected yet; while there is some, libpq is in pipeline mode.
    private var sent: [Sent] = []
    /// Whether a question of this transaction has been answered.
    private var hasState = false
    /// Whether the conversation with the server has come out of step.
    private var isBroken = false
    /// The first thing that went wrong in this transaction; what follows from it says nothing more.
    private(set) var failure: PostgresFailure?

    let isSQLite = false
    let claim = "FOR NO KEY UPDATE SKIP LOCKED"
    let hold = "FOR NO KEY UPDATE"

    /// Plans kept: some dozens of statements, each for several patterns of NULL and lengths of list.
    private static let mostPrepared = 500
    /// Statements that travel together.
    private static let mostSent = 64

    /// A machine that is gone without a word is noticed after some 30 seconds, not after the two hours that Linux takes
    /// by itself: seconds, and milliseconds for what was sent and nobody has acknowledged.
    private static let signsOfLife: [(keyword: String, value: String?)] = [
        ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "4"),
        ("tcp_user_timeout", "30000"),
    ]

    /// Connects. Blocks until the server answers or the time for it has run out.
    init(_ address: PostgresAddress, limits: PostgresLimits) throws {
        let wait = address.hasConnectTimeout ? nil : String(limits.connectSeconds)
        // The address overrides what stands before it. What stands behind overrides the address: text goes over the
        // line as UTF-8, whatever else is wished for.
        let settings: [(keyword: String, value: String?)] =
            [("fallback_application_name", "fortnight"), ("connect_timeout", wait)]
            + (address.isOfService ? [] : PostgresSession.signsOfLife)
            + [("dbname", address.url), ("client_encoding", "UTF8")]
        let (keywords, values): ([String?], [String?]) = (settings.map(\.keyword), settings.map(\.value))
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
        try checkEncoding()
        // Only where nobody has set them for the role, the database, or in the address, were it to no limit.
        try command(
            """
            SET client_min_messages = warning;
            SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN '\(limits.lockMilliseconds)'
                ELSE '\(limits.statementMilliseconds)' END, false)
            FROM pg_settings WHERE setting = '0' AND source NOT IN ('client', 'user', 'database', 'database user', 'global')
                AND name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')
            """)
    }

    /// Text of any script must fit, or it would be refused or bent one by one.
    private func checkEncoding() throws {
        let encoding = PQparameterStatus(connection, "server_encoding").map { String(cString: $0) } ?? "unknown"
        guard encoding == "UTF8" else {
            throw MembershipError(
                .databaseUnavailable, "\(address.name) keeps text as \(encoding).",
                remedy: "Make the database with createdb --encoding UTF8 --template template0.")
        }
    }

    deinit {
        PQfinish(connection)
    }

    /// Whether the server can still be spoken to.
    var isAlive: Bool { !isBroken && PQstatus(connection) == CONNECTION_OK && failure?.endsConnection != true }

    /// Begins a transaction with the next statement, in one round trip.
    func begin(_ sql: String) {
        failure = nil
        hasState = false
        pendingBegin = sql
    }

    private func sendPendingBegin() throws {
        guard let begin = pendingBegin else { return }
        pendingBegin = nil
        try command(begin)
    }

    /// Runs statements without parameters, whatever they answer.
    func command(_ sql: String) throws {
        try collect()
        try sendPendingBegin()
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        try check(result)
    }

    /// Commits the transaction.
    ///
    /// - Throws: ``MembershipError`` also when the server says instead that it was rolled back, which it does without
    ///   calling that an error.
    func commit() throws {
        try collect()
        try sendPendingBegin()
        let result = PQexec(connection, "COMMIT")
        defer { PQclear(result) }
        let tag = PQcmdStatus(try check(result)).map { String(cString: $0) }
        guard tag == "COMMIT" else {
            throw failure?.membershipError
                ?? MembershipError(.databaseUnavailable, "\(address.name) rolled a transaction back.")
        }
    }

    /// Ends a transaction that has only read, without waiting to be told so: what was read stays true either way.
    /// Whatever is sent next takes the answer first.
    func endReading() {
        if pendingBegin == nil { _ = PQsendQuery(connection, "COMMIT") }
        pendingBegin = nil
    }

    /// Takes the transaction back.
    func rollBack() throws {
        try? collect()
        if pendingBegin == nil {
            try command("ROLLBACK")
        } else {
            pendingBegin = nil
            drain()
        }
    }

    /// Takes answers that nobody has waited for.
    private func drain() {
        while let result = PQgetResult(connection) { PQclear(result) }
    }

    /// Whether no transaction is open.
    var isIdle: Bool { PQtransactionStatus(connection) == PQTRANS_IDLE }

    func run(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> Int {
        try execute(sql, arguments) { result in Int(String(cString: PQcmdTuples(result))) ?? 0 }
    }

    func each(_ sql: String, _ arguments: [any SQLValueConvertible], _ body: (any SQLRow) throws -> Void) throws {
        try SentRows(session: self, sent: dispatch(sql, arguments)).each(body)
    }

    func runScript(_ sql: String) throws {
        try command(sql)
    }

    func takeTurn(_ name: String) throws {
        try submit("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || $1, 0))", [name])
    }

    func takesLong() throws {
        try command("SET LOCAL statement_timeout = 0")
    }

    func tableNames() throws -> [String] {
        guard try first("SELECT current_schema()", [], { try $0.optionalText(0) }) != .some(nil) else {
            throw MembershipError(
                .databaseMissing, "No schema of the search path exists in \(address.name).",
                remedy: "Make it with CREATE SCHEMA, then run fortnight init.")
        }
        return try query(
            """
            WITH \(PostgresSession.ownTables) SELECT CAST(relname AS TEXT) FROM own ORDER BY relname
            """, []
        ) { try $0.text(0) }
    }

    /// The tables of the schema, without those of extensions. By what depends on the schema, which has an index: a
    /// server may have many tables of others.
    static let ownTables = """
        own AS (
            SELECT c.oid, c.relname FROM pg_depend AS n JOIN pg_class AS c ON c.oid = n.objid
            WHERE n.refclassid = CAST('pg_namespace' AS regclass)
                AND n.refobjid = to_regnamespace(quote_ident(current_schema()))
                AND n.classid = CAST('pg_class' AS regclass) AND c.relkind IN ('r', 'p')
                AND NOT EXISTS (
                    SELECT 1 FROM pg_depend AS d
                    WHERE d.classid = CAST('pg_class' AS regclass) AND d.objid = c.oid AND d.deptype = 'e'
                )
        )
        """

    func columns(of table: String) throws -> [TableColumn] {
        try query(
            """
            SELECT CAST(a.attname AS TEXT), coalesce(array_position(CAST(i.indkey AS SMALLINT[]), a.attnum) + 1, 0)
            FROM pg_attribute AS a LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
            WHERE a.attrelid = to_regclass(quote_ident(current_schema()) || '.' || quote_ident($1))
                AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
            """, [table]
        ) { row in
            let place = try row.count(1)
            return TableColumn(name: try row.text(0), keyPlace: place == 0 ? nil : place)
        }
    }

    /// By COPY: one statement for any number of rows, which an INSERT with a parameter for each value is not.
    func load(_ rows: [[SQLValue]], into table: String, columns: [String]) throws {
        var text = ""
        for row in rows { text += try row.map(copyText).joined(separator: "\t") + "\n" }
        try requireNoFailure()
        try collect()
        try sendPendingBegin()
        drain()
        let begun = PQexec(connection, "COPY \(table) (\(columns.joined(separator: ", "))) FROM STDIN")
        defer { PQclear(begun) }
        guard PQresultStatus(begun) == PGRES_COPY_IN else {
            try check(begun)
            throw broken()
        }
        let isSent = text.withUTF8 { bytes in
            // One call takes no more than fits a 32-bit number.
            stride(from: 0, to: bytes.count, by: 1 << 20).allSatisfy { start in
                let piece = bytes[start..<min(start + 1 << 20, bytes.count)]
                return piece.withMemoryRebound(to: CChar.self) {
                    PQputCopyData(connection, $0.baseAddress, Int32($0.count)) == 1
                }
            }
        }
        guard isSent, PQputCopyEnd(connection, nil) == 1 else { throw broken() }
        let result = PQgetResult(connection)
        defer { PQclear(result) }
        drain()
        try check(result)
    }

    /// A value in the text form of COPY.
    private func copyText(_ value: SQLValue) throws -> String {
        switch value {
        case .null: return "\\N"
        case .integer(let number): return String(number)
        case .text(let text):
            try requireNoZero(in: text)
            guard text.utf8.contains(where: { [0x5C, 0x09, 0x0A, 0x0D].contains($0) }) else { return text }
            var escaped = ""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\\": escaped += "\\\\"
                case "\t": escaped += "\\t"
                case "\n": escaped += "\\n"
                case "\r": escaped += "\\r"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
            return escaped
        }
    }

    private func requireNoZero(in text: String) throws {
        guard text.utf8.contains(0) else { return }
        throw MembershipError(.invalidInput, "Text with a zero character in it cannot be kept.")
    }

    func takeState() {
        guard !hasState else { return }
        // Whatever comes behind a failure is told of it.
        if sent.isEmpty { try? submit("SELECT 1", []) }
        try? collect()
    }

    func submit(_ sql: String, _ arguments: [any SQLValueConvertible]) throws {
        _ = try dispatch(sql, arguments)
    }

    func send(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> (any SQLRows)? {
        SentRows(session: self, sent: try dispatch(sql, arguments))
    }

    /// The rows of a statement that was sent.
    private struct SentRows: SQLRows {
        let session: PostgresSession
        let sent: Sent

        func each(_ body: (any SQLRow) throws -> Void) throws {
            try session.collect()
            let result = try session.check(sent.result)
            for row in 0..<PQntuples(result) { try body(PostgresRow(result: result, row: row)) }
        }
    }

    private func execute<Result>(
        _ sql: String, _ arguments: [any SQLValueConvertible], _ body: (OpaquePointer) throws -> Result
    ) throws -> Result {
        let answer = try dispatch(sql, arguments)
        try collect()
        return try body(try check(answer.result))
    }

    // MARK: - Sending several at once

    /// A statement that was sent, and its result once that has been collected.
    private final class Sent {
        var result: OpaquePointer?

        deinit { PQclear(result) }
    }

    /// Sends a statement, and before the first of a transaction its beginning, without waiting.
    private func dispatch(_ sql: String, _ arguments: [any SQLValueConvertible]) throws -> Sent {
        try requireNoFailure()
        let values = arguments.map(\.sqlValue)
        let name = try preparedName(sql, values)
        let texts = try values.map { value -> String? in
            switch value {
            case .integer(let number): return String(number)
            case .text(let text):
                try requireNoZero(in: text)
                return text
            case .null: return nil
            }
        }
        // A server that cannot get rid of its answers stops listening, and would never hear the rest.
        if sent.count >= PostgresSession.mostSent { try collect() }
        if sent.isEmpty {
            drain()
            guard PQenterPipelineMode(connection) == 1 else { throw broken() }
        }
        if let begin = pendingBegin {
            pendingBegin = nil
            guard PQsendQueryParams(connection, begin, 0, nil, nil, nil, nil, 0) == 1 else { throw broken() }
            sent.append(Sent())
        }
        let isSent = withCStrings(texts) { parameters in
            PQsendQueryPrepared(connection, name, Int32(values.count), parameters, nil, nil, 0)
        }
        guard isSent == 1 else { throw broken() }
        let statement = Sent()
        sent.append(statement)
        return statement
    }

    /// Waits for the results of all that was sent.
    func collect() throws {
        guard !sent.isEmpty else { return }
        let statements = sent
        sent = []
        guard PQpipelineSync(connection) == 1 else { throw broken() }
        for statement in statements {
            statement.result = PQgetResult(connection)
            // Behind each result stands a null.
            if statement.result != nil { while let more = PQgetResult(connection) { PQclear(more) } }
        }
        let end = PQgetResult(connection)
        let isWhole = PQresultStatus(end) == PGRES_PIPELINE_SYNC
        PQclear(end)
        // The first that failed says why; what was sent behind it was not done.
        let isOver = isWhole && PQexitPipelineMode(connection) == 1
        if !isOver { isBroken = true }
        for statement in statements where statement.result != nil { try check(statement.result) }
        guard isOver else { throw broken() }
        hasState = true
    }

    /// Notes that the connection is of no more use.
    private func broken() -> MembershipError {
        isBroken = true
        return noted(
            PostgresFailure(
                sqlState: nil, said: String(cString: PQerrorMessage(connection)).onOneLine, address: address))
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
        try collect()
        try sendPendingBegin()
        let name = "\(mark)\(prepared.count)"
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
            // The primary message: the details may hold rows.
            said: String(
                cString: result.flatMap { PQresultErrorField($0, Int32(UInt8(ascii: "M"))) }
                    ?? PQerrorMessage(connection)
            ).onOneLine,
            address: address)
        throw noted(found)
    }

    /// Makes sure that nothing has gone wrong in this transaction: where its beginning failed, there is none that would
    /// refuse what comes next.
    func requireNoFailure() throws {
        if let failure { throw failure.membershipError }
    }

    /// What follows from something that went wrong before is told as that.
    private func noted(_ found: PostgresFailure) -> MembershipError {
        let first = failure ?? found
        failure = first
        return first.membershipError
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
    _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> Result
) rethrows -> Result {
    let copies = strings.map { $0.flatMap { strdup($0) } }
    defer { for copy in copies { free(copy) } }
    return try body(copies.map { UnsafePointer($0) } + [nil])
}
#endif
