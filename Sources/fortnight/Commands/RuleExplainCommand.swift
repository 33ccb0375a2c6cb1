import ArgumentParser
import Membership
import MembershipService

struct RuleExplainCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show what the rules make of an article, and which of them counts.",
        discussion: """
            Example:
              fortnight rule explain golem/the-bridge --at 2026-12-24T00:00:00Z
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The article as title/slug, or its id.")
    var article: String

    @Option(help: ArgumentHelp("At another time (default: now).", valueName: "time"))
    var at: String?

    @Option(help: ArgumentHelp("By the rules that were known then (default: now).", valueName: "time"))
    var knownAt: String?

    func perform() async throws {
        let explanation = try await global.services().rules.explain(
            ArticleReference(parsing: article), at: at.map(Timestamp.init(rfc3339:)),
            knownAt: knownAt.map(Timestamp.init(rfc3339:)))
        if global.json {
            try global.console.document(RuleExplanationView(explanation))
            return
        }
        for line in explanation.lines { global.console.line(line) }
        global.console.line()
        global.console.line(RuleUseView.table(explanation.rules).text)
        global.console.line()
        global.console.line(
            explanation.nextChangeAt.map { "Next change by itself: \($0)" } ?? "Nothing changes by itself.")
    }
}

extension RuleService.Explanation {
    /// For people.
    fileprivate var lines: [String] {
        var lines: [String] = []
        if let target = access.unreadable {
            lines.append("Nobody may read \(article.key) at \(at): the rule of \(target) cannot be understood.")
        } else if let target = access.withdrawnBy {
            lines.append("Nobody may read \(article.key) at \(at): \(target) withdraws it.")
        } else if !access.isOut {
            lines.append("Nobody may read \(article.key) at \(at): its time comes at \(access.publishedAt).")
        } else {
            lines.append("\(article.key) is \(access.level.rawValue) at \(at).")
        }
        let isSaid = rules.contains { $0.target == access.origin && $0.rule?.settings?.terms != nil }
        lines.append("Access: \(access.terms), \(isSaid ? "by \(access.origin)" : "because no rule says so")")
        lines.append("To be read from: \(access.publishedAt)")
        switch access.level {
        // Until its time comes nobody is asked for anything.
        case .free where !access.isOut: break
        case .free: lines.append("Opened by: nothing is needed")
        case .registered: lines.append("Opened by: an account")
        case .metered, .premium: lines.append("Opened by: " + access.opening.map(\.name).joined(separator: " or "))
        }
        lines.append("Meter: \(access.allowance), of \(access.meter)")
        lines.append("Teaser: \(access.teaser)")
        return lines
    }
}

/// What the rules make of an article, as JSON.
private struct RuleExplanationView: Encodable {
    struct Meter: Encodable {
        let meter: String
        let anonymous: Int
        let registered: Int
    }

    let article: String
    let at: Timestamp
    let level: String
    let access: String
    @ExplicitNull var freeFor: String?
    @ExplicitNull var freeAfter: String?
    let origin: String
    let publishedAt: Timestamp
    @ExplicitNull var withdrawnBy: String?
    @ExplicitNull var unreadable: String?
    let openedBy: [String]
    let meter: Meter
    let teaser: String
    let rules: [RuleUseView]
    @ExplicitNull var nextChangeAt: Timestamp?

    init(_ explanation: RuleService.Explanation) {
        let access = explanation.access
        article = explanation.article.key.description
        at = explanation.at
        level = access.level.rawValue
        self.access = access.terms.access.rawValue
        freeFor = access.terms.freeFor?.description
        freeAfter = access.terms.freeAfter?.description
        origin = access.origin.name
        publishedAt = access.publishedAt
        withdrawnBy = access.withdrawnBy?.name
        unreadable = access.unreadable?.name
        openedBy = access.opening.map(\.name)
        meter = Meter(
            meter: access.meter.name, anonymous: access.allowance.anonymous, registered: access.allowance.registered)
        teaser = access.teaser.description
        rules = explanation.rules.map(RuleUseView.init)
        nextChangeAt = explanation.nextChangeAt
    }
}
