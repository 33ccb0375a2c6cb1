import ArgumentParser
import Membership
import MembershipService

struct RuleApplyCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make the rules what a YAML file says, all or none.",
        discussion: """
            What is in the file is from now on as the file says; what held before stays. What is not in it is left. \
            docs/rules.md has the keys.

            Example:
              fortnight rule apply rules.yml --dry-run
              fortnight rule apply rules.yml
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The file; - is standard input.", valueName: "file"))
    var file: String

    @Flag(help: "Only show the difference.")
    var dryRun = false

    @Option(help: ArgumentHelp("Why; it is kept with each rule that is written.", valueName: "text"))
    var reason: String?

    /// So many that are not in the file are named to people.
    private static let mostNamed = 20

    func perform() async throws {
        let report = try await global.services().rules.apply(path: file, reason: reason, dryRun: dryRun)
        if global.json {
            try global.console.document(RuleReportView(report, isDryRun: dryRun))
            return
        }
        for target in report.targets {
            global.console.line(
                "\(target.target): \(target.difference.isEmpty ? "unchanged" : dryRun ? "would change" : "changed")")
            for change in target.difference.changes { global.console.line("  " + change.sentence(at: report.at)) }
        }
        for target in report.missing.prefix(RuleApplyCommand.mostNamed) {
            global.console.line("\(target): not in the file, left as it is")
        }
        if report.missing.count > RuleApplyCommand.mostNamed {
            global.console.line("and \(report.missing.count - RuleApplyCommand.mostNamed) more; --json names them all")
        }
        if report.isUnchanged {
            global.console.note("The file says what there is. Nothing was changed.")
        } else {
            global.console.note(dryRun ? "Nothing was changed." : "Applied.")
        }
    }
}

extension RuleDifference.Change {
    /// `from now until 2026-12-01T00:00:00Z: premium → free`
    fileprivate func sentence(at now: Timestamp) -> String {
        let start = interval.startsAt == now ? "now" : interval.startsAt.rfc3339
        let end = interval.endsAt.map { "until \($0)" } ?? "on"
        return "from \(start) \(end): \(before?.sentence ?? "no rule") → \(after?.description ?? "no rule")"
    }
}

private struct RuleReportView: Encodable {
    struct Target: Encodable {
        let target: String
        let changes: [Change]
    }

    struct Change: Encodable {
        let startsAt: Timestamp
        @ExplicitNull var endsAt: Timestamp?
        @ExplicitNull var before: String?
        @ExplicitNull var after: String?
    }

    let dryRun: Bool
    let changed: Bool
    let at: Timestamp
    let targets: [Target]
    let missing: [String]

    init(_ report: RuleReport, isDryRun: Bool) {
        dryRun = isDryRun
        changed = !isDryRun && !report.isUnchanged
        at = report.at
        targets = report.targets.map { target in
            Target(
                target: target.target.name,
                changes: target.difference.changes.map { change in
                    Change(
                        startsAt: change.interval.startsAt, endsAt: change.interval.endsAt,
                        before: change.before?.sentence, after: change.after?.description)
                })
        }
        missing = report.missing.map(\.name)
    }
}
