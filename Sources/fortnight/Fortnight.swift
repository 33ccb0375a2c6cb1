import ArgumentParser
import Foundation
import Membership

/// The command line. Each command parses, calls one service method and renders what comes back.
struct Fortnight: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "fortnight",
        abstract: "The membership backend of a news aggregator: accounts, trials, and who may read what.",
        discussion: """
            The database is an SQLite file or a PostgreSQL server, named by --database or FORTNIGHT_DATABASE; without \
            either it is fortnight.db. FORTNIGHT_KEY_FILE names the key of the trial ledger, FORTNIGHT_LOCK_WAIT how \
            long to wait for others (5s), FORTNIGHT_CONNECTIONS how many connections to a server there are at most (8).

            Results go to standard output, everything else to standard error. Exit status: 0 done or allowed, 1 denied \
            or something is wrong, 64 usage, 65 bad data, 66 not found, 69 database unavailable, 75 busy, try again.

            Example:
              fortnight init --sandbox
              fortnight article import feed.xml
              fortnight signup ada@example.com
              fortnight check ada@example.com golem/the-bridge
            """,
        version: version,
        subcommands: [
            SignUpCommand.self, CheckCommand.self, OpenCommand.self, InitCommand.self, MigrateCommand.self,
            DoctorCommand.self, BackupCommand.self, RestoreCommand.self, DemoCommand.self, TitleCommand.self,
            ArticleCommand.self, AccountCommand.self, TrialCommand.self, SubscriptionCommand.self, PlanCommand.self,
            RuleCommand.self, PaymentCommand.self, GrantCommand.self, ReadsCommand.self, EventsCommand.self,
            JobsCommand.self, OutboxCommand.self, ServeCommand.self, ClockCommand.self, SandboxCommand.self,
        ])
}

/// A command that does something. Unlike ArgumentParser's own asynchronous commands it runs where it is called, on the
/// main thread: starting another would cost a check a tenth of its time.
protocol AsyncCommand: ParsableCommand {
    func perform() async throws
}

@main
enum Main {
    /// The command, the most questions of a batch, and some options.
    private static let mostArguments = 1100

    static func main() async {
        let console = Console(isJSON: CommandLine.arguments.contains("--json"))
        do {
            // The parser takes seconds for thousands of them.
            guard CommandLine.arguments.count <= Main.mostArguments else {
                throw MembershipError(
                    .invalidInput, "\(CommandLine.arguments.count - 1) arguments are too many for one command.",
                    remedy: "Give at most \(Main.mostArguments - 1); check takes more questions with --stdin.")
            }
            var command = try Fortnight.parseAsRoot()
            if let command = command as? any AsyncCommand {
                try await command.perform()
            } else {
                try command.run()
            }
        } catch let error as MembershipError {
            console.report(error)
            exit(ExitStatus.of(error.code))
        } catch let error as ExitCode {
            exit(error.rawValue)
        } catch {
            let code = Fortnight.exitCode(for: error)
            if code == .validationFailure, console.isJSON {
                console.report(MembershipError(.invalidInput, Fortnight.message(for: error)))
                exit(code.rawValue)
            }
            if code == .failure {
                console.report(MembershipError(.unforeseen, "\(error)", remedy: "Report this as a bug."))
                exit(ExitStatus.of(.unforeseen))
            }
            Fortnight.exit(withError: error)
        }
    }
}
