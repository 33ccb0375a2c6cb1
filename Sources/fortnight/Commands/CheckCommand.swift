import ArgumentParser
import Membership
import MembershipService

struct CheckCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say whether a reader may open an article, and why.",
        discussion: """
            Exit status 0 is allowed, 1 denied, 66 an unknown account or article. Nothing is written.

            Example:
              fortnight check ada@example.com golem/the-bridge --at 2026-05-03T10:00:00Z
              fortnight check --anonymous golem/the-bridge
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: ArgumentHelp("The reader's address or id, then title/slug or the article's id.", valueName: "names"))
    var names: [String]

    @Flag(help: "Ask for a visitor who has not signed in.")
    var anonymous = false

    @Option(help: ArgumentHelp("Ask about another time, RFC 3339 with its zone.", valueName: "time"))
    var at: String?

    func validate() throws {
        let wanted = anonymous ? 1 : 2
        guard names.count == wanted else {
            throw ValidationError(
                anonymous
                    ? "--anonymous goes with an article alone: fortnight check --anonymous golem/the-bridge"
                    : "Name a reader and an article: fortnight check ada@example.com golem/the-bridge")
        }
    }

    func perform() async throws {
        let reader = anonymous ? nil : try AccountReference(parsing: names[0])
        let article = try ArticleReference(parsing: names[names.count - 1])
        let moment = try at.map { try Timestamp(rfc3339: $0) }
        let answer = try await global.services().access.check(reader: reader, article: article, at: moment)
        if global.json {
            try global.console.document(DecisionView(answer))
        } else {
            global.console.line(sentence(answer))
        }
        guard answer.decision.allowed else { throw ExitCode(ExitStatus.denied) }
    }

    private func sentence(_ answer: AccessService.Answer) -> String {
        let decision = answer.decision
        let key = answer.article.key.description
        let why =
            switch decision.reason {
            case .free: "\(key) is open to everyone."
            case .registered: "\(key) is open to everyone who has signed up."
            case .entitled:
                "the \(decision.source?.rawValue ?? "grant") covers \(key)"
                    + (decision.until.map { " until \($0)." } ?? ".")
            case .signUpRequired:
                "sign up to read \(key)"
                    + (decision.trialDaysOnOffer.map { $0 > 0 ? "; the first \($0) days are free." : "." } ?? ".")
            case .trialEnded: "the trial ended at \(decision.since?.rfc3339 ?? ""), and nothing else covers \(key)."
            case .subscriptionLapsed:
                "the subscription's access ended at \(decision.since?.rfc3339 ?? ""), and nothing else covers \(key)."
            case .subscriptionRequired: "a subscription is needed to read \(key)."
            case .accountSuspended: "the account has been suspended since \(decision.since?.rfc3339 ?? "")."
            case .notPublished: "\(key) is to be published at \(answer.article.publishedAt)."
            }
        return "\(decision.allowed ? "Allowed" : "Denied") (\(decision.reason.rawValue)): \(why)"
    }
}

private struct DecisionView: Encodable {
    let allowed: Bool
    let reason: String
    @ExplicitNull var source: String?
    @ExplicitNull var until: Timestamp?
    @ExplicitNull var since: Timestamp?
    @ExplicitNull var nextChangeAt: Timestamp?
    @ExplicitNull var trialDays: Int?
    let at: Timestamp
    let reader: String
    let article: String

    init(_ answer: AccessService.Answer) {
        let decision = answer.decision
        allowed = decision.allowed
        reason = decision.reason.rawValue
        source = decision.source?.rawValue
        until = decision.until
        since = decision.since
        nextChangeAt = decision.nextChangeAt
        trialDays = decision.trialDaysOnOffer
        at = decision.at
        reader = answer.reader?.description ?? "anonymous"
        article = answer.article.key.description
    }
}
