import ArgumentParser
import Membership
import MembershipService

struct PlanMigrateCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Move the subscribers of one version of a plan to another.",
        discussion: """
            At the renewal each is moved with the first period that is not paid for; in a trial, at once, and its end stays. \
            Now, the current period stays as long as it is, and what it gives changes at once; who has paid ahead stays. \
            Each is listed, with why it stays if it does. A second run does nothing twice. With --from and --to the same, \
            moves that are to come are taken back.

            Example:
              fortnight plan migrate membership --from 1 --to 2 --dry-run
              fortnight plan migrate membership --from 1 --to 2 --reason "New price, announced in May"
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The plan's name.")
    var name: String

    @Option(parsing: .unconditional, help: ArgumentHelp("The version to leave.", valueName: "n"))
    var from: Int

    @Option(parsing: .unconditional, help: ArgumentHelp("The version to move to.", valueName: "n"))
    var to: Int

    @Option(help: ArgumentHelp("renewal or now (default: renewal).", valueName: "moment"))
    var at = PlanMigration.Moment.renewal.rawValue

    @Option(help: ArgumentHelp("Why; it is kept with the events.", valueName: "text"))
    var reason: String?

    @Flag(help: "Only list what would become of them.")
    var dryRun = false

    func perform() async throws {
        guard let moment = PlanMigration.Moment(rawValue: at) else {
            throw MembershipError(.invalidInput, "‘\(at)’ is not a time to move at.", remedy: "Give renewal or now.")
        }
        var isFirst = true
        let report = try await global.services().plans.migrate(
            Slug(parsing: name), from: from, to: to, at: moment, dryRun: dryRun, reason: reason
        ) { migration, items in
            try show(migration, items, isFirst: isFirst)
            isFirst = false
        }
        if !global.json {
            let verb = dryRun ? "would be moved" : "moved"
            let earlier = report.alreadyMoved > 0 ? ", \(report.alreadyMoved) moved before" : ""
            global.console.note(
                "\(report.migration.from) to \(report.migration.to): \(report.moved) \(verb), \(report.refused) "
                    + "\(dryRun ? "would stay" : "stay")\(earlier)." + (dryRun ? " Nothing was changed." : ""))
        }
        // Some may have to stay; when all do, it has failed.
        if report.refused > 0, report.moved + report.alreadyMoved == 0 {
            throw ExitCode(ExitStatus.of(.transitionForbidden))
        }
    }

    /// Shows some of the subscriptions, as they are moved.
    private func show(_ migration: PlanMigration, _ items: [MigratedSubscription], isFirst: Bool) throws {
        if global.json {
            for item in items { try global.console.document(MigratedView(item, migration), onOneLine: true) }
            return
        }
        let price = "\(migration.from.terms.priceList) → \(migration.to.terms.priceList)"
        let (gained, lost) = (migration.gained.list, migration.lost.list)
        var table =
            isFirst ? Table("ACCOUNT", "STATUS", "TAKES EFFECT", "PRICE", "GAINS", "LOSES", "STAYS BECAUSE") : Table()
        for item in items {
            let stays = item.takesEffectAt == nil
            table.add(
                item.account.description, item.status.rawValue, item.takesEffectAt?.rfc3339 ?? "stays",
                stays ? "-" : price, stays ? "-" : gained, stays ? "-" : lost, item.refusal?.message ?? "")
        }
        global.console.line(table.text)
    }
}

extension [Entitlement] {
    fileprivate var list: String { isEmpty ? "-" : map(\.name).joined(separator: ", ") }
}

private struct MigratedView: Encodable {
    let account: String
    let subscription: String
    let status: String
    let moves: Bool
    @ExplicitNull var takesEffectAt: Timestamp?
    let from: Int
    let to: Int
    let pricesBefore: [PriceView]
    let pricesAfter: [PriceView]
    let gains: [String]
    let loses: [String]
    @ExplicitNull var staysBecause: String?

    init(_ item: MigratedSubscription, _ migration: PlanMigration) {
        account = item.account.description
        subscription = item.subscription.description
        status = item.status.rawValue
        moves = item.takesEffectAt != nil
        takesEffectAt = item.takesEffectAt
        from = migration.from.version
        to = migration.to.version
        pricesBefore = migration.from.terms.prices.map(PriceView.init)
        pricesAfter = migration.to.terms.prices.map(PriceView.init)
        gains = migration.gained.map(\.name)
        loses = migration.lost.map(\.name)
        staysBecause = item.refusal?.message
    }
}
