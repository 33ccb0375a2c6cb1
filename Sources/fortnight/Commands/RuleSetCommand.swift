import ArgumentParser
import Membership
import MembershipService

struct RuleSetCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Say who may read something; only what is given changes.",
        discussion: """
            Times are RFC 3339 with their zone, lengths of time 30d, 24h or 90m. none takes a setting away.

            Example:
              fortnight rule set title:golem metered --free-after 30d --anonymous 2 --registered 5
              fortnight rule set section:golem/sport free --until 2026-12-01T00:00:00Z --reason "The cup"
              fortnight rule set article:golem/the-bridge --embargo-until 2026-11-02T06:00:00Z
              fortnight rule set article:golem/the-bridge --withdrawn --reason "Court order"
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var time: RuleEditOptions

    @Argument(help: "default, title:SLUG, section:TITLE/SECTION or article:TITLE/SLUG.")
    var target: String

    @Argument(help: "free, registered, metered or premium.")
    var access: String?

    @Flag(help: "Say no more of how far it is open, when it is free and what opens it: the next target says so.")
    var noAccess = false

    @Option(help: ArgumentHelp("Free for so long after its publication, or none.", valueName: "24h"))
    var freeFor: String?

    @Option(help: ArgumentHelp("Free from so long after its publication on, or none.", valueName: "30d"))
    var freeAfter: String?

    @Option(
        help: ArgumentHelp(
            "What opens it; repeat it for each, any one is enough. usual: all-titles and its title's.",
            valueName: "entitlement"))
    var requires: [String] = []

    @Option(help: ArgumentHelp("Nobody reads it before this time, or none.", valueName: "time"))
    var embargoUntil: String?

    @Flag(inversion: .prefixedNo, exclusivity: .exclusive, help: "Nobody reads it at all.")
    var withdrawn: Bool?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of a title or default: metered articles a month for a visitor who is known by an id.", valueName: "n"))
    var anonymous: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of a title or default: metered articles a month for a reader with an account.", valueName: "n"))
    var registered: Int?

    @Flag(help: "Of a title or default: no meter of its own any more.")
    var noMeter = false

    @Option(
        help: ArgumentHelp(
            "Of a title or default: what those see who may not read on: \"2 paragraphs\", 20%, or none to say nothing of "
                + "it.", valueName: "length"))
    var teaser: String?

    func validate() throws {
        if noMeter, anonymous != nil || registered != nil {
            throw ValidationError("--no-meter excludes --anonymous and --registered.")
        }
        if noAccess, access != nil || freeFor != nil || freeAfter != nil || !requires.isEmpty {
            throw ValidationError("--no-access excludes an access, --free-for, --free-after and --requires.")
        }
        if requires.contains(RuleSetCommand.usual), requires.count > 1 {
            throw ValidationError("--requires usual stands alone.")
        }
    }

    func perform() async throws {
        let target = try RuleTarget(parsing: target)
        let rules = try await global.services().rules.set(target, change(), time.edit())
        if global.json {
            for rule in rules { try global.console.document(RuleView(rule), onOneLine: true) }
        } else if rules.isEmpty {
            global.console.note("\(target) has no rule any more.")
        } else {
            global.console.line(RuleView.table(rules).text)
        }
    }

    private static let usual = "usual"

    private func change() throws -> RuleChange {
        var change = RuleChange()
        change.access = try access.map(AccessLevel.init(parsing:))
        change.removesAccess = noAccess
        change.freeFor = try setting(freeFor) { text throws(MembershipError) in try TimeSpan(parsing: text) }
        change.freeAfter = try setting(freeAfter) { text throws(MembershipError) in try TimeSpan(parsing: text) }
        if !requires.isEmpty {
            change.requires =
                requires == [RuleSetCommand.usual] ? [] : try requires.map(Entitlement.init(parsing:))
        }
        change.embargoUntil = try setting(embargoUntil) { text throws(MembershipError) in
            try Timestamp(rfc3339: text)
        }
        change.isWithdrawn = withdrawn
        (change.anonymousAllowance, change.registeredAllowance) = (anonymous, registered)
        change.removesMeter = noMeter
        change.teaser = try setting(teaser) { text throws(MembershipError) in try TeaserLength(parsing: text) }
        return change
    }

    /// `none` takes it away; nothing leaves it.
    private func setting<Value>(
        _ text: String?, _ parse: (String) throws(MembershipError) -> Value
    ) throws(MembershipError) -> SettingChange<Value> {
        guard let text else { return .keep }
        return text == "none" ? .remove : .set(try parse(text))
    }
}
