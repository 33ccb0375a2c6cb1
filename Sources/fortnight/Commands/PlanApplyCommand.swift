import ArgumentParser
import Membership
import MembershipService

struct PlanApplyCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make the plans what a YAML file says, all or none.",
        discussion: """
            A plan whose terms differ from its newest published version gets a new version; one that is the same is left, \
            and so is one that is not in the file. docs/plans.md has the keys.

            Example:
              fortnight plan apply catalog.yml --dry-run
              fortnight plan apply catalog.yml
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The file; - is standard input.", valueName: "file"))
    var file: String

    @Flag(help: "Only show the difference.")
    var dryRun = false

    func perform() async throws {
        let report = try await global.services().plans.applyCatalog(path: file, dryRun: dryRun)
        if global.json {
            try global.console.document(CatalogView(report, isDryRun: dryRun))
            return
        }
        for plan in report.plans {
            global.console.line("\(plan.plan): \(plan.sentence)")
            for line in plan.difference?.lines ?? [] { global.console.line(line) }
        }
        for name in report.missing { global.console.line("\(name): not in the file, left as it is") }
        for plan in report.plans where plan.openSubscriptionsBefore > 0 {
            let verb = plan.openSubscriptionsBefore == 1 ? "subscription stays" : "subscriptions stay"
            global.console.note(
                "\(plan.openSubscriptionsBefore) \(verb) on earlier versions of \(plan.plan) until fortnight plan "
                    + "migrate moves them.")
        }
        if report.isUnchanged {
            global.console.note("The file says what there is. Nothing was changed.")
        } else {
            global.console.note(dryRun ? "Nothing was changed." : "Applied.")
        }
    }
}

extension CatalogReport.PlanChange {
    fileprivate var sentence: String {
        var parts: [String] = []
        if publishes, let after { parts.append("version \(after)" + (before == nil ? ", the first" : "")) }
        if replacesDraft { parts.append("in place of a draft") }
        if retires { parts.append("retired") }
        return parts.isEmpty ? "unchanged" : parts.joined(separator: ", ")
    }
}

private struct CatalogView: Encodable {
    struct Plan: Encodable {
        let plan: String
        let isNew: Bool
        @ExplicitNull var versionBefore: Int?
        @ExplicitNull var versionAfter: Int?
        let publishes: Bool
        let changes: [PlanChangeView]
        let replacesDraft: Bool
        let retires: Bool
        let openSubscriptionsBefore: Int
    }

    let dryRun: Bool
    let changed: Bool
    let plans: [Plan]
    let missing: [String]

    init(_ report: CatalogReport, isDryRun: Bool) {
        dryRun = isDryRun
        changed = !isDryRun && !report.isUnchanged
        plans = report.plans.map { plan in
            Plan(
                plan: plan.plan.text, isNew: plan.isNew, versionBefore: plan.before, versionAfter: plan.after,
                publishes: plan.publishes, changes: plan.difference?.changes.map(PlanChangeView.init) ?? [],
                replacesDraft: plan.replacesDraft, retires: plan.retires,
                openSubscriptionsBefore: plan.openSubscriptionsBefore)
        }
        missing = report.missing.map(\.text)
    }
}
