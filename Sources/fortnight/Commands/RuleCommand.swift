import ArgumentParser
import Membership
import MembershipService

struct RuleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rule", abstract: "The rules of access: who may read what, from when and until when.",
        discussion: """
            A rule is for an article, a section, a title or everything; the nearest one that says something decides it. \
            One is never edited: it is replaced, and what held before can be asked. docs/rules.md has the rest.

            Example:
              fortnight rule set default premium --registered 5 --teaser "2 paragraphs"
              fortnight rule set title:golem metered --free-after 30d
              fortnight rule explain golem/the-bridge
              fortnight rule apply rules.yml --dry-run
            """,
        subcommands: [
            List.self, RuleSetCommand.self, Unset.self, RuleExplainCommand.self, RuleApplyCommand.self,
        ])

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the rules, by what they are for and by time.",
            discussion: """
                Example:
                  fortnight rule list --title golem --at 2026-05-03T00:00:00Z --known-at 2026-05-03T00:00:00Z
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Only those of this title, its sections and articles.", valueName: "slug"))
        var title: String?

        @Option(help: ArgumentHelp("Only those that hold at this time (default: all).", valueName: "time"))
        var at: String?

        @Option(help: ArgumentHelp("As they were known then (default: now).", valueName: "time"))
        var knownAt: String?

        @Flag(help: "Those too that were taken away or replaced: when, by whom and why.")
        var voided = false

        func validate() throws {
            if voided && knownAt != nil { throw ValidationError("--voided shows what --known-at leaves out.") }
        }

        func perform() async throws {
            let rules = try await global.services().rules.list(
                title: title.map(Slug.init(parsing:)), at: at.map(Timestamp.init(rfc3339:)),
                knownAt: knownAt.map(Timestamp.init(rfc3339:)), withVoided: voided)
            if global.json {
                for rule in rules { try global.console.document(RuleView(rule), onOneLine: true) }
                return
            }
            guard !rules.isEmpty else {
                let isFiltered = title != nil || at != nil || knownAt != nil
                global.console.note(
                    "There are no \(isFiltered ? "such " : "")rules. What no rule speaks of is premium, with all-titles "
                        + "or its title's entitlement, and its teaser is 2 paragraphs.")
                return
            }
            global.console.line(RuleView.table(rules, withVoided: voided).text)
        }
    }

    struct Unset: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "unset", abstract: "Take away what a target says, for a time or for good.",
            discussion: """
                What it said before is kept, and can be asked with --known-at; rule list --voided shows who took it \
                away, and why.

                Example:
                  fortnight rule unset article:golem/the-bridge --reason "Back to the title's"
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var time: RuleEditOptions

        @Argument(help: "default, title:SLUG, section:TITLE/SECTION or article:TITLE/SLUG.")
        var target: String

        func perform() async throws {
            let target = try RuleTarget(parsing: target)
            let (removed, rules) = try await global.services().rules.unset(target, time.edit())
            if global.json {
                try global.console.document(
                    UnsetView(
                        target: target.name, removed: removed.map(RuleView.init), rules: rules.map(RuleView.init)))
                return
            }
            guard !removed.isEmpty else {
                global.console.note("\(target) has no rule of that time. Nothing was changed.")
                return
            }
            for rule in removed {
                let sentence = rule.content.sentence
                global.console.line("Took away from \(target): \(sentence)\(sentence.hasSuffix(".") ? "" : ".")")
            }
            if rules.isEmpty {
                global.console.note("It has no rule any more.")
            } else {
                global.console.line("What is left:")
                global.console.line(RuleView.table(rules).text)
            }
        }
    }
}

/// For when a change of a rule is, and why.
struct RuleEditOptions: ParsableArguments {
    @Option(help: ArgumentHelp("From when (default: now); an earlier time corrects the past.", valueName: "time"))
    var from: String?

    @Option(help: ArgumentHelp("Until when, exclusive (default: for ever).", valueName: "time"))
    var until: String?

    @Option(help: ArgumentHelp("Why; it is kept with each rule that is written or replaced.", valueName: "text"))
    var reason: String?

    func edit() throws -> RuleService.Edit {
        try RuleService.Edit(
            from: from.map(Timestamp.init(rfc3339:)), until: until.map(Timestamp.init(rfc3339:)), reason: reason)
    }
}

private struct UnsetView: Encodable {
    let target: String
    let removed: [RuleView]
    let rules: [RuleView]
}
