import Foundation
import Membership

/// `fortnight check` as a whole process, from nothing to its answer, beside the sqlite3 shell that fetches the same
/// facts from the same file.
struct ColdStart {
    let fortnight: String
    let bench: SQLiteBench
    let size: BenchSize

    static let name = "cold start of check"
    private static let runs = 20

    func measure() async throws -> [Measurement] {
        var draw = CheckDraw(bench, seed: 7)
        for _ in 0..<3 { try compareAnswers(question(&draw)) }
        var rounds: [(ours: Double, reference: Double)] = []
        for _ in 0..<size.rounds {
            func half() throws -> [Question] { try (0..<ColdStart.runs / 2).map { _ in try question(&draw) } }
            rounds.append(
                try await Measurement.pair(
                    (try half(), try half()), ours: { try milliseconds($0.map(\.ours)) },
                    reference: { try milliseconds($0.map(\.theirs)) }))
        }
        return [Measurement(ColdStart.name, unit: "ms", rounds: rounds, atMost: 4)]
    }

    /// A reader by her address and a premium article by its key, as both commands ask for them.
    private struct Question {
        let account: BenchAccount
        let article: BenchArticle
        let ours: [String]
        let theirs: [String]
    }

    private func question(_ draw: inout CheckDraw) throws -> Question {
        guard let (account, article) = draw.entitled() else { throw Failure("nobody is entitled") }
        let key = "\(article.title)/\(article.slug)"
        let reader = "SELECT account_id FROM account_emails WHERE canonical_email = '\(account.email)'"
        let values = [
            "?1": "'\(article.title)'", "?2": "'\(article.slug)'", "?3": "'article:\(key)'",
            "?4": "'title:\(article.title)'", "?5": "(SELECT account_id FROM reader)",
        ]
        let sameFacts = values.reduce(
            "WITH reader AS MATERIALIZED (\(reader)) " + ReferenceCheck.sql(.entitled)
        ) { sql, value in
            sql.replacingOccurrences(of: value.key, with: value.value)
        }
        return Question(
            account: account, article: article,
            ours: [fortnight, "check", account.email, key, "--json", "--database", bench.path],
            theirs: ["/usr/bin/sqlite3", bench.path, sameFacts])
    }

    /// Both must find the reader's grant and the article.
    private func compareAnswers(_ question: Question) throws {
        let (ours, theirs) = (try run(question.ours, capture: true), try run(question.theirs, capture: true))
        let (account, article) = (question.account, question.article)
        guard ours.contains("\"entitled\""), ours.contains("\"\(account.grant)\""), ours.contains(article.slug),
            theirs.contains("|\(account.grant.rawValue)|"), theirs.contains("\(article.id.rawValue)|")
        else { throw Failure("the two do not find the same facts:\n\(ours)\n\(theirs)") }
    }

    /// The mean of what they take, one after the other.
    private func milliseconds(_ commands: [[String]]) throws -> Double {
        let elapsed = try ContinuousClock().measure { for command in commands { _ = try run(command, capture: false) } }
        return elapsed / .milliseconds(1) / Double(commands.count)
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
