import ArgumentParser
import Membership
import MembershipService

struct InitCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a database, or finish one; changes nothing when it is all there.",
        discussion: """
            Beside the database a key file is made, with .key behind its name: keep both in your backups. The plan
            ‘membership’ is made with it, a month at a time with 7 grace days; fortnight plan changes it later.

            Example:
              fortnight init --sandbox --trial-days 14 --price 9.99 --currency USD
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Give the database a clock of its own, which can be moved.")
    var sandbox = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How many times 24 hours a trial lasts (default: 14).", valueName: "days"))
    var trialDays: Int?

    @Option(help: ArgumentHelp("What a month costs, such as 9.99; goes with --currency.", valueName: "amount"))
    var price: String?

    @Option(help: ArgumentHelp("The ISO 4217 code of the price's currency.", valueName: "code"))
    var currency: String?

    func validate() throws {
        guard (price == nil) == (currency == nil) else {
            throw ValidationError("--price and --currency go together: --price 9.99 --currency USD")
        }
    }

    func perform() async throws {
        var wishes = DatabaseSetup.Wishes(sandbox: sandbox, trialDays: trialDays)
        if let price, let currency {
            wishes.price = try Money(parsing: price, currency: Currency(parsing: currency))
        }
        let location = try global.location()
        let report = try await DatabaseSetup(location).initialize(wishes)
        if global.json {
            try global.console.document(SchemaView(database: location.name, report: report))
        } else if report.changed {
            global.console.line(
                "Made \(location.name)\(sandbox ? ", a sandbox" : ""), at schema version \(report.version).")
            global.console.line("Keep \(location.keyPath) with it in your backups.")
        } else {
            global.console.line(
                "\(location.name) is up to date, at schema version \(report.version); nothing was changed.")
        }
    }
}

struct MigrateCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring an older database forward to this version's schema.",
        discussion: """
            A database from a newer version is refused. Make a backup before.

            Example:
              fortnight migrate --dry-run
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Only say what would be done.")
    var dryRun = false

    func perform() async throws {
        let location = try global.location()
        let report = try await DatabaseSetup(location).migrate(dryRun: dryRun)
        if global.json {
            try global.console.document(SchemaView(database: location.name, report: report))
        } else if report.migrations.isEmpty {
            global.console.line(
                "\(location.name) is up to date, at schema version \(report.version); nothing was changed.")
        } else {
            for name in report.migrations { global.console.line("\(dryRun ? "Would take" : "Took") \(name).") }
            global.console.line(
                dryRun
                    ? "Nothing was changed."
                    : "\(location.name) is up to date now, at schema version \(report.version).")
        }
    }
}

private struct SchemaView: Encodable {
    let database: String
    let schemaVersion: Int
    let migrations: [String]
    let changed: Bool

    init(database: String, report: DatabaseSetup.Report) {
        self.database = database
        schemaVersion = report.version
        migrations = report.migrations
        changed = report.changed
    }
}
