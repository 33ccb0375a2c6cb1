import Foundation
import Membership
import MembershipService

/// A schema with ten thousand readers on trial and three hundred articles, and the services on it.
struct PostgresBench {
    static let readers = 10_000
    /// Articles are called by their numbers, because pgbench can make a number but no other text.
    static let articles = 1001...1300

    let server: PostgresServer
    let schema: String
    private let keyPath: String
    /// Ours, with as many connections as the reference has.
    let services: Services

    static func make(_ schema: String, on server: PostgresServer, in directory: String) async throws -> PostgresBench {
        try server.psql("CREATE SCHEMA \(schema)")
        let keyPath = directory + "/\(schema).key"
        let location = DatabaseLocation(
            server.address(of: schema), keyPath: keyPath, connections: PostgresServer.clients)
        _ = try await DatabaseSetup(location).initialize(.init())
        let services = try await Services.open(location)
        let bench = PostgresBench(server: server, schema: schema, keyPath: keyPath, services: services)
        try await bench.fill(in: directory)
        return bench
    }

    /// One connection of ours of which the server writes down each statement.
    func logged() async throws -> Services {
        try await Services.open(
            DatabaseLocation(server.address(of: schema, logging: true), keyPath: keyPath, connections: 1))
    }

    /// One reader signs up; the others are copies of her, numbered from 1 so that pgbench can draw one.
    private func fill(in directory: String) async throws {
        let feed = directory + "/feed.json"
        try Data(PostgresBench.feed.utf8).write(to: URL(filePath: feed))
        _ = try await services.articles.importFeed(path: feed, options: .init())
        try await ruleBenchPremium(services)
        _ = try await services.accounts.signUp(email: EmailAddress(parsing: "first@example.com"))
        try server.psql(
            """
            CREATE TEMPORARY TABLE numbers AS SELECT generate_series(1, \(PostgresBench.readers)) AS n;
            INSERT INTO accounts (account_id, email, name, time_zone, created_at)
            SELECT n, 'r' || n || '@example.com', name, time_zone, created_at FROM accounts, numbers;
            INSERT INTO account_emails (canonical_email, account_id)
            SELECT 'r' || n || '@example.com', n FROM numbers;
            INSERT INTO trial_ledger (identity_hmac, started_at)
            SELECT encode(sha256(n::text::bytea), 'hex'), started_at FROM trial_ledger, numbers;
            INSERT INTO subscriptions (account_id, subscription_id, plan, plan_version, status, trial_start,
                trial_end, time_zone, due_at, created_at, updated_at)
            SELECT n, n, plan, plan_version, status, trial_start, trial_end, time_zone, due_at, created_at, updated_at
            FROM subscriptions, numbers;
            INSERT INTO grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at,
                recorded_at)
            SELECT n, n, entitlement, source, n, starts_at, ends_at, recorded_at FROM grants, numbers;
            INSERT INTO events (account_id, sequence, kind, subscription_id, actor, data, effective_at, recorded_at,
                hash)
            SELECT n, sequence, kind, CASE WHEN subscription_id IS NULL THEN NULL ELSE n END, actor, data,
                effective_at, recorded_at, hash
            FROM events, numbers;
            INSERT INTO event_heads (account_id, sequence, hash) SELECT n, sequence, hash FROM event_heads, numbers;
            INSERT INTO outbox (account_id, event_sequence, message, created_at, due_at)
            SELECT n, event_sequence, message, created_at, due_at FROM outbox, numbers;
            """, in: schema)
        // Statistics and the marks of a settled table, before and not while anything is measured.
        for table in PostgresBench.tables + [
            "articles", "titles", "access_rules", "plans", "plan_versions", "plan_prices", "plan_entitlements",
            "disposable_domains",
        ] {
            try server.psql("VACUUM ANALYZE \(schema).\(table)")
        }
        try server.psql("CHECKPOINT")
    }

    private static var feed: String {
        let items = articles.map { number in
            """
            {"id": "\(number)", "title": "\(number)", "date_published": "2026-01-01T00:00:00Z",
             "content_text": "The bridge closes. It opens again in May, if the weather holds and the steel arrives."}
            """
        }
        return """
            {"version": "https://jsonfeed.org/version/1.1", "title": "Bench", "items": [\(items.joined(separator: ","))]}
            """
    }

    /// The tables that a sign-up adds to.
    static let tables = [
        "accounts", "account_emails", "trial_ledger", "subscriptions", "grants", "events", "event_heads", "outbox",
    ]

    /// How many rows there are, in the order of ``tables``.
    func rowCounts() throws -> [Int] {
        let counts = PostgresBench.tables.map { "(SELECT count(*) FROM \($0))" }.joined(separator: ", ")
        let answer = try server.psql("SELECT \(counts)", in: schema)
        let numbers = answer.split(separator: "|").compactMap {
            Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        guard numbers.count == PostgresBench.tables.count else { throw Failure("rows cannot be counted: \(answer)") }
        return numbers
    }

    /// Does something over and over in as many tasks as the reference has clients.
    static func rate(_ body: @escaping @Sendable () async throws -> Void) async throws -> Tally {
        let clock = ContinuousClock()
        let start = clock.now
        let deadline = start + .seconds(PostgresServer.roundSeconds)
        let (done, givenUp) = try await withThrowingTaskGroup(of: (done: Int, givenUp: Int).self) { group in
            for _ in 0..<PostgresServer.clients {
                group.addTask {
                    var count = (done: 0, givenUp: 0)
                    while clock.now < deadline {
                        do {
                            try await body()
                            count.done += 1
                        } catch let error as MembershipError where error.code == .databaseBusy {
                            count.givenUp += 1
                        }
                    }
                    return count
                }
            }
            return try await group.reduce((0, 0)) { ($0.0 + $1.done, $0.1 + $1.givenUp) }
        }
        return Tally(done: done, givenUp: givenUp, rate: Double(done) / ((clock.now - start) / .seconds(1)))
    }

    /// Sees to it that ours and the reference send the server one and the same transaction, but for how values are
    /// put into it.
    static func compare(_ ours: [String], _ theirs: [String]) throws {
        // Ours sends the COMMIT of a read without waiting for it, so that the log may have it a little later.
        let ours = ours.map(plain).filter { $0 != "COMMIT" }
        let theirs = theirs.map(plain).filter { $0 != "COMMIT" }
        guard ours == theirs, ours.first?.hasPrefix("BEGIN") == true else {
            throw Failure(
                """
                pgbench no longer does the same as the store. Change the script in Sources/Benchmarks.
                Ours:\n\(ours.joined(separator: "\n"))\nThe script's:\n\(theirs.joined(separator: "\n"))
                """)
        }
    }

    /// A statement without line breaks, semicolon and the numbers of its placeholders. pgbench passes no NULL and
    /// makes no text: its script has `NULL`, `lpad(…, 64, '0')` and `CAST(…) || CAST(…)` where ours has a placeholder.
    private static func plain(_ statement: String) -> String {
        let words = statement.split { $0.isWhitespace || $0 == ";" }.joined(separator: " ")
        let numberless = words.replacing(/\$\d+/, with: "$").replacing("lpad($, 64, '0')", with: "$")
            .replacing("CAST($ AS TEXT) || CAST($ AS TEXT)", with: "$")
        guard let values = numberless.range(of: "VALUES (") else { return numberless }
        let inserted = numberless[values.upperBound...].replacing("NULL", with: "$")
        return String(numberless[..<values.upperBound] + inserted)
    }
}

/// The title that is measured gets a rule, so that there is one to be found.
func ruleBenchPremium(_ services: Services) async throws {
    var premium = RuleChange()
    premium.access = .premium
    _ = try await services.rules.set(.title(Slug(parsing: "bench")), premium, .init())
}

/// A folder for the time of one measurement.
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = NSTemporaryDirectory() + "fortnight-bench-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try await body(directory)
}
