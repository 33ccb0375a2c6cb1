import Foundation
import Membership
import MembershipService
import TestSupport

/// Sign-ups through the service, beside the same rows with a transaction each.
struct SignUps {
    let bench: SQLiteBench
    let size: BenchSize

    func measure() async throws -> [Measurement] {
        let services = bench.services
        let reference = try ReferenceSignUp(on: bench.reference(writes: true))
        let counter = try bench.reference(writes: false)
        try await SignUps.signUp(services)
        try reference.signUp()
        try compare(counter)
        var (many, one): ([(ours: Double, reference: Double)], [(ours: Double, reference: Double)]) = ([], [])
        var shared: [Double] = []
        for _ in 0..<size.rounds {
            let together = try await counted(counter) {
                try await Callers.rate(Callers.many, for: size.writing) { try await SignUps.signUp(services) }
            }
            let alone = try await counted(counter) {
                try await Callers.rate(1, for: size.writing) { try await SignUps.signUp(services) }
            }
            let theirs = try await counted(counter) {
                try Callers.rate(for: size.writing) { try reference.signUp() }
            }
            shared.append(
                try await counted(counter) {
                    try Callers.rate(for: size.writing, each: Callers.many) { try reference.signUp(Callers.many) }
                })
            many.append((ours: together, reference: theirs))
            one.append((ours: alone, reference: theirs))
        }
        Callers.tell("sign-up", ofShared: shared, alone: many.map(\.reference))
        return [
            Measurement("sign-up: \(Callers.many) callers", unit: "/s", rounds: many, atLeast: 5),
            Measurement("sign-up: one caller", unit: "/s", rounds: one, atLeast: 0.7),
        ]
    }

    /// Somebody new, with an address in no order, as people come.
    static func signUp(_ services: Services) async throws {
        let email = try EmailAddress(parsing: address())
        let answer = try await services.accounts.signUp(email: email)
        guard answer.trial == .started else { throw Failure("\(email.typed) got no trial: \(answer.trial)") }
    }

    /// So many that no two are alike.
    static func address() -> String {
        String(UInt64.random(in: 0...UInt64.max), radix: 36) + "n@example.com"
    }

    // MARK: - Whether both are the same

    private static let tables = [
        "accounts", "account_emails", "subscriptions", "grants", "events", "event_heads", "outbox",
    ]

    /// Every sign-up of a round must have made one row everywhere, and two events.
    private func counted(
        _ counter: ReferenceConnection, _ body: () async throws -> (rate: Double, done: Int)
    ) async throws -> Double {
        let ledger = try counter.count("SELECT count(*) FROM trial_ledger")
        let floor = WallClock.system.now().milliseconds << 21
        let (rate, done) = try await body()
        for table in SignUps.tables {
            let count = try counter.count("SELECT count(*) FROM \(table) WHERE account_id >= ?1", [floor])
            guard count == done * (table == "events" ? 2 : 1) else {
                throw Failure("\(done) sign-ups made \(count) rows of \(table)")
            }
        }
        guard try counter.count("SELECT count(*) FROM trial_ledger") == ledger + done else {
            throw Failure("\(done) sign-ups did not make as many rows of trial_ledger")
        }
        return rate
    }

    /// The rows of the last two accounts, ours and the reference's, must have the same shape.
    private func compare(_ connection: ReferenceConnection) throws {
        let accounts = try connection.rows("SELECT account_id FROM accounts ORDER BY account_id DESC LIMIT 2")
            .compactMap { $0.first?.integer }
        for table in SignUps.tables {
            let shapes = try accounts.map { account in
                RowShape.of(try connection.rows("SELECT * FROM \(table) WHERE account_id = ?1", [account]))
            }
            guard shapes.count == 2, shapes[0] == shapes[1] else {
                throw Failure("the reference writes other rows of \(table):\n\(shapes)")
            }
        }
    }
}

/// A sign-up by plain SQL: one transaction with the rows that ours writes.
final class ReferenceSignUp {
    private let begin: ReferenceStatement
    private let commit: ReferenceStatement
    private let inserts: [ReferenceStatement]
    private var number = 0

    init(on connection: ReferenceConnection) throws {
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        inserts = try ReferenceSignUp.sql.map(connection.prepare)
    }

    /// ?1 the account, ?2 the subscription, ?3 the grant, ?4 the address, ?5 now, ?6 the trial's end, ?7 a hash, ?8 what
    /// the second event holds.
    private static let sql = [
        """
        INSERT INTO accounts (account_id, email, name, time_zone, language, created_at)
        VALUES (?1, ?4, NULL, 'UTC', 'en', ?5)
        """,
        "INSERT INTO account_emails (canonical_email, account_id) VALUES (?4, ?1)",
        "INSERT INTO trial_ledger (identity_hmac, started_at) VALUES (?7, ?5)",
        """
        INSERT INTO subscriptions (account_id, subscription_id, plan, plan_version, status, trial_start, trial_end,
            trial_converts, time_zone, settled_periods, cancel_at_period_end, due_at, revision, created_at, updated_at)
        VALUES (?1, ?2, 'membership', 1, 'trialing', ?5, ?6, 0, 'UTC', 0, 0, ?6, 1, ?5, ?5)
        """,
        """
        INSERT INTO grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at, reason,
            recorded_at)
        VALUES (?1, ?3, 'all-titles', 'trial', ?2, ?5, ?6, NULL, ?5)
        """,
        """
        INSERT INTO events (account_id, sequence, kind, subscription_id, actor, data, effective_at, recorded_at, hash)
        VALUES (?1, 1, 'account.created', NULL, 'unnamed', '{}', ?5, ?5, ?7),
            (?1, 2, 'trial.started', ?2, 'unnamed', ?8, ?5, ?5, ?7)
        """,
        "INSERT INTO event_heads (account_id, sequence, hash) VALUES (?1, 2, ?7)",
        """
        INSERT INTO outbox (account_id, event_sequence, message, created_at, due_at) VALUES (?1, 1, 'welcome', ?5, ?5)
        """,
    ]

    /// As long as what an event holds; the identifier and the times are nobody's.
    private let data = BenchEvent.started(
        BenchAccounts(count: 1, overCount: 0, now: WallClock.system.now())[0]
    ).data

    /// - Parameter count: so many people in one transaction.
    func signUp(_ count: Int = 1) throws {
        try begin.run()
        for _ in 0..<count { try insert() }
        try commit.run()
    }

    private func insert() throws {
        number += 1
        let now = WallClock.system.now()
        let id = now.milliseconds << 21 | Int64(number & (1 << 20 - 1))
        let email = SignUps.address()
        let hash = SeededNumbers.hexadecimal(.random(in: 0...UInt64.max))
        for (index, insert) in inserts.enumerated() {
            insert.bind(1, id)
            if [3, 4, 5].contains(index) { insert.bind(2, id + 1) }
            if index == 4 { insert.bind(3, id + 2) }
            if index < 2 { insert.bind(4, email) }
            if [0, 2, 3, 4, 5, 7].contains(index) { insert.bind(5, now.milliseconds) }
            if [3, 4].contains(index) { insert.bind(6, (now + .days(14)).milliseconds) }
            if [2, 5, 6].contains(index) { insert.bind(7, hash) }
            if index == 5 { insert.bind(8, data) }
            try insert.run()
        }
    }
}

extension SeededNumbers {
    /// Sixty-four digits that stand for a hash.
    fileprivate static func hexadecimal(_ number: UInt64) -> String {
        (0..<4).map { part in
            let digits = String(mixed(number &+ UInt64(part)), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
