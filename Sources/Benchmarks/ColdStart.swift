import Foundation
import Membership
import MembershipService

/// `fortnight check` as a whole process, from nothing to its answer, beside the sqlite3 shell that fetches the same
/// facts from the same file.
struct ColdStart {
    let fortnight: String

    func measure(rounds: Int) async throws -> Measurement {
        try await withTemporaryDirectory { directory in
            let database = directory + "/bench.db"
            try await prepare(database, in: directory)

            let ours = [fortnight, "check", "r500@example.com", "bench/the-bridge", "--database", database]
            let theirs = ["/usr/bin/sqlite3", database, ColdStart.sameFacts]
            try compareAnswers(ours, theirs)
            let pairs = try (0..<rounds).map { _ in
                (ours: try milliseconds(ours), reference: try milliseconds(theirs))
            }
            return Measurement("cold start of check", unit: "ms", rounds: pairs, atMost: 4)
        }
    }

    private func prepare(_ database: String, in directory: String) async throws {
        _ = try await DatabaseSetup(DatabaseLocation(database)).initialize(.init(sandbox: true))
        let services = try await Services.open(DatabaseLocation(database))
        let feed = directory + "/feed.json"
        try Data(ColdStart.feed.utf8).write(to: URL(filePath: feed))
        _ = try await services.articles.importFeed(path: feed, options: .init())
        try await ruleBenchPremium(services)
        for number in 0..<1000 {
            _ = try await services.accounts.signUp(email: EmailAddress(parsing: "r\(number)@example.com"))
        }
    }

    /// The reader by her address, her grants and suspensions, the article by its key, and its rules.
    private static let sameFacts = """
        SELECT a.account_id, g.entitlement, g.starts_at, g.ends_at, p.starts_at, r.article_id, r.section_slug,
            r.published_at, u.target, u.access, u.requires, u.starts_at, u.ends_at
        FROM account_emails AS e
        JOIN accounts AS a ON a.account_id = e.account_id
        LEFT JOIN grants AS g ON g.account_id = a.account_id AND g.voided_at IS NULL
        LEFT JOIN account_suspensions AS p ON p.account_id = a.account_id
        CROSS JOIN titles AS t JOIN articles AS r ON r.title_id = t.title_id
        LEFT JOIN access_rules AS u
            ON u.voided_at IS NULL AND u.target IN ('article:bench/the-bridge', 'title:bench', 'default')
        WHERE e.canonical_email = 'r500@example.com' AND t.slug = 'bench' AND r.slug = 'the-bridge'
        """

    private static let feed = """
        {"version": "https://jsonfeed.org/version/1.1", "title": "Bench", "items": [
            {"id": "1", "title": "The bridge", "date_published": "2026-01-01T00:00:00Z",
             "content_text": "The bridge closes. It opens again in May, if the weather holds and the steel arrives."}
        ]}
        """

    /// A run counts only when both find the reader entitled.
    private func compareAnswers(_ ours: [String], _ theirs: [String]) throws {
        guard try run(ours, capture: true).contains("(entitled)"), try run(theirs, capture: true).contains("all-titles")
        else { throw Failure("the two do not find the same facts") }
    }

    /// The mean over twenty runs, one after the other.
    private func milliseconds(_ command: [String]) throws -> Double {
        let runs = 20
        let elapsed = try ContinuousClock().measure { for _ in 0..<runs { _ = try run(command, capture: false) } }
        return elapsed / .milliseconds(1) / Double(runs)
    }

    /// Starts the process with as little as the system allows, and waits for it.
    private func run(_ command: [String], capture: Bool) throws -> String {
        let output = NSTemporaryDirectory() + "fortnight-bench-output-\(getpid())"
        defer { if capture { unlink(output) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, capture ? output : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        guard posix_spawn(&process, command[0], &actions, nil, &arguments, environ) == 0 else {
            throw Failure("\(command[0]) cannot be started")
        }
        var status: Int32 = 0
        guard waitpid(process, &status, 0) == process, status == 0 else { throw Failure("\(command) failed") }
        return capture ? try String(contentsOfFile: output, encoding: .utf8) : ""
    }
}
