import ArgumentParser
import Membership
import MembershipService

struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Databases to try things in, with a clock of their own.",
        discussion: "Example:\n  fortnight sandbox fork fortnight.db /tmp/try.db",
        subcommands: [Fork.self])

    struct Fork: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "fork", abstract: "Copy a database, or a few accounts of it, into a sandbox.",
            discussion: """
                The copy is of one moment, at which its clock stands, and delivers no message. The key of the trial ledger is \
                copied beside it. Either may be an SQLite file or a postgres:// address; a file must not exist, and a \
                schema must be empty. The copy holds addresses and names like the original.

                Example:
                  fortnight sandbox fork fortnight.db /tmp/ada.db --account ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The database to copy.")
        var from: String

        @Argument(help: "The sandbox to make.")
        var to: String

        @Option(
            name: .customLong("account"), parsing: .upToNextOption,
            help: ArgumentHelp("Only these accounts, by address or id (default: all).", valueName: "account"))
        var accounts: [String] = []

        func validate() throws {
            guard global.database == nil else {
                throw ValidationError("fork is told its two databases; leave --database out.")
            }
        }

        func perform() async throws {
            let (source, target) = (try global.location(from), try global.location(to))
            let report = try await DatabaseFork(from: source, to: target).make(
                accounts: accounts.map(AccountReference.init(parsing:)))
            if let missingKey = report.missingKey {
                global.console.note("The sandbox has no key for its trial ledger: \(missingKey)")
            }
            if global.json {
                try global.console.document(ForkView(report, database: target.name))
                return
            }
            var table = Table("TABLE", "ROWS")
            for entry in report.tables where entry.rows > 0 { table.add(entry.name, String(entry.rows)) }
            global.console.line("Made \(target.name), a sandbox whose clock stands at \(report.now).")
            global.console.line(table.text)
        }
    }
}

private struct ForkView: Encodable {
    let database: String
    let now: Timestamp
    let key: Bool
    let rows: [String: Int]

    init(_ report: DatabaseFork.Report, database: String) {
        self.database = database
        now = report.now
        key = report.missingKey == nil
        rows = Dictionary(report.tables.map { ($0.name, $0.rows) }) { first, _ in first }
    }
}
