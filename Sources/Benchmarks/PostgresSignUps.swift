import Membership
import MembershipService

/// Sign-ups per second through the service, beside pgbench with the same statements. Each has a schema of its own, and
/// both grow alike.
struct PostgresSignUps {
    let server: PostgresServer

    func measure(rounds: Int) async throws -> Measurement {
        try await withTemporaryDirectory { directory in
            let ours = try await PostgresBench.make("bench_sign_ups", on: server, in: directory)
            let theirs = try await PostgresBench.make("bench_sign_ups_reference", on: server, in: directory)
            try await compareStatements(ours, theirs)
            let services = ours.services
            _ = try await PostgresBench.rate { try await PostgresSignUps.signUp(services) }
            let before = (ours: try ours.rowCounts(), theirs: try theirs.rowCounts())
            var tallies: [(ours: Tally, reference: Tally)] = []
            for _ in 0..<rounds {
                let own = try await PostgresBench.rate { try await PostgresSignUps.signUp(services) }
                let other = try pgbench(
                    ["-T", "\(PostgresServer.roundSeconds)", "-c", "\(PostgresServer.clients)"], theirs)
                tallies.append((ours: own, reference: other))
            }
            try compareRows(ours, before: before.ours, signUps: tallies.map(\.ours.done).reduce(0, +))
            try compareRows(theirs, before: before.theirs, signUps: tallies.map(\.reference.done).reduce(0, +))
            print(
                "PostgreSQL: sign-ups given up after running into others: "
                    + "\(tallies.map(\.ours.givenUp).reduce(0, +)) of ours, "
                    + "\(tallies.map(\.reference.givenUp).reduce(0, +)) of the reference's\n")
            let pairs = tallies.map { (ours: $0.ours.rate, reference: $0.reference.rate) }
            return Measurement(
                "PostgreSQL: sign-ups, \(PostgresServer.clients) clients", unit: "/s", rounds: pairs, atLeast: 0.7)
        }
    }

    /// Addresses in no order, as people come.
    private static func signUp(_ services: Services) async throws {
        let email = try EmailAddress(parsing: "\(Int.random(in: lowestPerson...highestPerson))@example.com")
        let answer = try await services.accounts.signUp(email: email)
        guard answer.trial == .started else { throw Failure("\(email.typed) got no trial: \(answer.trial)") }
    }

    /// So many that no two are alike.
    private static let lowestPerson = 1_000_000_000_000_000
    private static let highestPerson = 8_999_999_999_999_999

    /// What a sign-up sends, as ``compareStatements(_:_:)`` makes sure. Ids go up from this moment's on, as ours do.
    private static let script = """
        \\set count :count + 1
        \\set account :base + :count * \(PostgresServer.clients) + :client_id
        \\set subscription :account
        \\set grant :account
        \\set person random(\(lowestPerson), \(highestPerson))
        \\set first 1
        \\set second 2
        \\set zero 0
        BEGIN ISOLATION LEVEL SERIALIZABLE;
        SELECT account_id FROM account_emails WHERE canonical_email = :person;
        INSERT INTO accounts (account_id, email, name, time_zone, language, created_at)
            VALUES (:account, :person, NULL, :zone, :language, :now)
            ON CONFLICT (account_id) DO NOTHING;
        INSERT INTO account_emails (canonical_email, account_id) VALUES (:person, :account);
        SELECT domain FROM disposable_domains WHERE domain IN (:domain);
        SELECT version, currency, amount_minor FROM plan_prices WHERE plan = :plan;
        SELECT version, entitlement FROM plan_entitlements WHERE plan = :plan;
        SELECT version, interval_count, interval_unit, trial_days, grace_days, published_at FROM plan_versions
            WHERE plan = :plan AND published_at IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM plans WHERE plans.plan = plan_versions.plan AND retired_at IS NOT NULL)
            ORDER BY version DESC LIMIT 1;
        INSERT INTO trial_ledger (identity_hmac, started_at) VALUES (lpad(:person, 64, '0'), :now)
            ON CONFLICT (identity_hmac) DO NOTHING;
        INSERT INTO subscriptions (account_id, subscription_id, plan, plan_version, status, trial_start, trial_end, trial_converts,
                reminded_at, time_zone, anchor_at, anchor_day, anchor_index, period_index, current_period_start,
                current_period_end, settled_periods, cancel_at_period_end, canceled_at, paused_at, pause_until,
                next_plan, next_plan_version, next_from_index, due_at, ended_at, revision, created_at, updated_at)
            VALUES (:account, :subscription, :plan, :first, :trialing, :now, :end, :zero, NULL, :zone, NULL, NULL, NULL,
                NULL, NULL, NULL, :zero, :zero, NULL, NULL, NULL, NULL, NULL, NULL, :end, NULL, :first, :now, :now);
        INSERT INTO grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at, reason,
            recorded_at)
            VALUES (:account, :grant, :entitlement, :source, :subscription, :now, :end, NULL, :now);
        INSERT INTO events (account_id, sequence, kind, subscription_id, actor, reason, reason_salt, reason_sha256,
            data, effective_at, recorded_at, hash)
            VALUES (:account, :first, :created, NULL, :actor, NULL, NULL, NULL, :nothing, :now, :now,
                lpad(:person, 64, '0')),
            (:account, :second, :started, :subscription, :actor, NULL, NULL, NULL, :data, :now, :now,
                lpad(:person, 64, '0'));
        INSERT INTO event_heads (account_id, sequence, hash) VALUES (:account, :second, lpad(:person, 64, '0'))
            ON CONFLICT (account_id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash;
        INSERT INTO outbox (account_id, event_sequence, message, created_at, due_at)
            VALUES (:account, :first, :welcome, :now, :now);
        COMMIT;

        """

    private func pgbench(
        _ length: [String], _ bench: PostgresBench, logging: Bool = false
    ) throws -> Tally {
        let now = WallClock.system.now()
        let variables: [String: String] = [
            "base": "\(now.milliseconds << 21)", "count": "0", "now": "\(now.milliseconds)",
            "end": "\((now + TimeSpan(milliseconds: 14 * 86_400_000)).milliseconds)", "zone": "UTC",
            "created": "\(Event.Kind.accountCreated.rawValue)", "started": "\(Event.Kind.trialStarted.rawValue)",
            "welcome": "\(Message.welcome.rawValue)", "plan": "membership", "entitlement": Entitlement.allTitles.name,
            "source": "\(Grant.Source.trial.rawValue)", "trialing": "\(Subscription.Status.trialing.rawValue)",
            "language": Language.english.rawValue, "domain": "example.com", "actor": Actor.unnamed.name,
            // As long as what an event holds.
            "nothing": "{}", "data": String(repeating: "x", count: 420),
        ]
        return try server.pgbench(
            PostgresSignUps.script, variables: variables, length: length, in: bench.schema, logging: logging)
    }

    private func compareStatements(_ ours: PostgresBench, _ theirs: PostgresBench) async throws {
        let logged = try await ours.logged()
        let own = try await server.statements { try await PostgresSignUps.signUp(logged) }
        let other = try await server.statements { _ = try pgbench(["-t", "1"], theirs, logging: true) }
        try PostgresBench.compare(own, other)
    }

    /// Each sign-up has made one row everywhere, and two events.
    private func compareRows(_ bench: PostgresBench, before: [Int], signUps: Int) throws {
        for (table, (before, after)) in zip(PostgresBench.tables, zip(before, try bench.rowCounts())) {
            guard after - before == signUps * (table == "events" ? 2 : 1) else {
                throw Failure("\(bench.schema): \(signUps) sign-ups made \(after - before) rows of \(table)")
            }
        }
    }
}
