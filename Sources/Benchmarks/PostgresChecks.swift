import Membership
import MembershipService

/// Checks per second through the service, beside pgbench with the same statements.
struct PostgresChecks {
    let server: PostgresServer

    func measure(rounds: Int) async throws -> Measurement {
        try await withTemporaryDirectory { directory in
            let bench = try await PostgresBench.make("bench_checks", on: server, in: directory)
            try await compareWork(bench)
            let services = bench.services
            // Connections are made and statements prepared before anything is measured.
            _ = try await PostgresBench.rate { try await PostgresChecks.check(services) }
            var pairs: [(ours: Double, reference: Double)] = []
            for _ in 0..<rounds {
                let ours = try await PostgresBench.rate { try await PostgresChecks.check(services) }
                let theirs = try pgbench(
                    PostgresChecks.script, ["-T", "\(PostgresServer.roundSeconds)", "-c", "\(PostgresServer.clients)"],
                    bench)
                guard ours.givenUp + theirs.givenUp == 0 else { throw Failure("a check was given up") }
                pairs.append((ours: ours.rate, reference: theirs.rate))
            }
            return Measurement(
                "PostgreSQL: checks, \(PostgresServer.clients) clients", unit: "/s", rounds: pairs, atLeast: 0.7)
        }
    }

    /// Any reader, any article. Everyone is on trial, so that any other answer is wrong.
    private static func check(_ services: Services) async throws {
        let reader = Identifier<Account>(rawValue: .random(in: 1...Int64(PostgresBench.readers)))
        let article = ArticleKey(
            title: try Slug(parsing: "bench"), slug: try Slug(parsing: "\(Int.random(in: PostgresBench.articles))"))
        let answer = try await services.access.check(reader: .account(.id(reader)), article: .key(article))
        guard answer.decision.reason == .entitled, answer.article.key == article else {
            throw Failure("\(reader) is not entitled to \(article): \(answer.decision)")
        }
    }

    /// What a check sends, as ``compareWork(_:)`` makes sure.
    private static let script = """
        \\set account random(1, \(PostgresBench.readers))
        \\set article random(\(PostgresBench.articles.lowerBound), \(PostgresBench.articles.upperBound))
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
        SELECT account_id, time_zone, created_at,
            CASE WHEN EXISTS (SELECT 1 FROM account_suspensions AS s WHERE s.account_id = accounts.account_id)
                THEN 1 ELSE 0 END,
            CASE WHEN erased_at IS NULL AND merged_into IS NULL THEN 0 ELSE 1 END FROM accounts
            WHERE account_id = :account;
        SELECT grant_id, entitlement, source, subscription_id, starts_at, ends_at, recorded_at, voided_at, account_id,
            reason FROM grants
            WHERE account_id = :account AND voided_at IS NULL ORDER BY grant_id;
        SELECT article_id, titles.slug, articles.slug, headline, articles.section, section_slug, published_at,
            updated_at, imported_at
            FROM articles JOIN titles ON titles.title_id = articles.title_id
            WHERE titles.slug = :title AND articles.slug = :article;
        SELECT rule_id, target, access, free_for, free_after, requires, embargo_until, withdrawn, meter_anonymous,
            meter_registered, teaser, starts_at, ends_at, actor, reason, recorded_at, voided_at FROM access_rules
            WHERE voided_at IS NULL AND (target IN (CAST(:articlerule AS TEXT) || CAST(:article AS TEXT), :titlerule, :default)
                OR (target >= :firstsection AND target < :lastsection));
        COMMIT;
        """

    private func compareWork(_ bench: PostgresBench) async throws {
        let logged = try await bench.logged()
        let ours = try await server.statements { try await PostgresChecks.check(logged) }
        let theirs = try await server.statements {
            _ = try pgbench(PostgresChecks.script, ["-t", "1"], bench, logging: true)
        }
        try PostgresBench.compare(ours, theirs)
        // \gset fails unless there is exactly one row: a reader, a grant and an article are found every time.
        let insistent = PostgresChecks.script.split(separator: "\n").map { line in
            let wantsRow = [":account;", "ORDER BY grant_id;", ":article;", ":lastsection));"].contains {
                line.hasSuffix($0)
            }
            return wantsRow ? line.dropLast() + " \\gset found_" : line
        }.joined(separator: "\n")
        guard try pgbench(insistent, ["-t", "200"], bench).done == 200 else {
            throw Failure("pgbench does not find what a check finds")
        }
    }

    private func pgbench(
        _ script: String, _ length: [String], _ bench: PostgresBench, logging: Bool = false
    ) throws -> Tally {
        try server.pgbench(
            script + "\n",
            variables: [
                "title": "bench", "articlerule": "article:bench/", "titlerule": "title:bench", "default": "default",
                "firstsection": "section:bench/",
                "lastsection": "section:bench0",
            ], length: length, in: bench.schema, logging: logging)
    }
}
