import Membership
import MembershipService

/// A decision as JSON.
struct DecisionView: Encodable {
    let allowed: Bool
    let reason: String
    @ExplicitNull var source: String?
    @ExplicitNull var grant: String?
    @ExplicitNull var until: Timestamp?
    @ExplicitNull var since: Timestamp?
    @ExplicitNull var publishedAt: Timestamp?
    @ExplicitNull var trialDays: Int?
    @ExplicitNull var meter: MeterView?
    let missing: [String]
    let plans: [String]
    let actions: [String]
    @ExplicitNull var waitUntil: Timestamp?
    @ExplicitNull var nextChangeAt: Timestamp?
    let at: Timestamp
    let reader: String
    let article: String

    init(_ answer: AccessService.Answer) {
        let (decision, verdict) = (answer.decision, answer.decision.verdict)
        allowed = decision.allowed
        reason = decision.reason.rawValue
        source = verdict.source?.rawValue
        grant = verdict.grant?.description
        until = verdict.until
        since = verdict.since
        publishedAt = verdict.publishedAt
        trialDays = verdict.trialDaysOnOffer
        meter = verdict.meter.map(MeterView.init)
        missing = verdict.missing.map(\.name)
        plans = verdict.plans.map(\.text)
        actions = decision.actions.map(\.rawValue)
        waitUntil = decision.waitUntil
        nextChangeAt = decision.nextChangeAt
        at = decision.at
        reader = answer.account?.description ?? answer.reader.description
        article = answer.article.key.description
    }
}

/// How a reader stands with a meter, as JSON.
struct MeterView: Encodable {
    let meter: String
    let allowance: Int
    let spent: Int
    let left: Int
    let resetsAt: Timestamp
    let timeZone: String

    init(_ state: MeterState) {
        meter = state.meter.name
        allowance = state.allowance
        spent = state.spent
        left = state.left
        resetsAt = state.resetsAt
        timeZone = state.timeZone
    }
}

extension AccessService.Answer {
    /// The answer in a sentence, and what the reader can do in another.
    var sentence: String {
        let verdict = decision.verdict
        let start = "\(decision.allowed ? "Allowed" : "Denied") (\(decision.reason.rawValue)): \(why)"
        guard !decision.allowed, !decision.actions.isEmpty else { return start }
        let steps = decision.actions.map { action in
            switch action {
            case .waitUntil: "wait until \(decision.waitUntil?.rfc3339 ?? "")"
            case .subscribe, .changePlan:
                action.phrase + (verdict.plans.isEmpty ? "" : " (\(verdict.plans.map(\.text).joined(separator: ", ")))")
            default: action.phrase
            }
        }
        return start + " The reader can: " + steps.joined(separator: ", ") + "."
    }

    private var why: String {
        let verdict = decision.verdict
        let key = article.key.description
        let since = verdict.since?.rfc3339 ?? ""
        return switch decision.reason {
        case .free: "\(key) is open to everyone."
        case .registered: "\(key) is open to everyone who has signed up."
        case .entitled:
            "the \(verdict.source?.rawValue ?? "grant") covers \(key)" + (verdict.until.map { " until \($0)." } ?? ".")
        case .openedBefore:
            "\(key) was opened before in this month, and stays open until \(verdict.until?.rfc3339 ?? "")."
        case .metered:
            "\(key) is metered, and \(verdict.meter?.left ?? 0) of \(verdict.meter?.allowance ?? 0) articles are left until "
                + "\(verdict.meter?.resetsAt.rfc3339 ?? "")."
        case .meterExhausted:
            "all \(verdict.meter?.allowance ?? 0) metered articles of this month are used up; the next begins at "
                + "\(verdict.meter?.resetsAt.rfc3339 ?? "")."
        case .signUpRequired:
            "sign up to read \(key)"
                + (verdict.trialDaysOnOffer.map { $0 > 0 ? "; the first \($0) days are free." : "." } ?? ".")
        case .trialEnded: "the trial ended at \(since), and nothing else covers \(key)."
        case .paymentOverdue:
            "nobody paid for the last period, whose grace ended at \(since), and nothing else covers \(key)."
        case .subscriptionLapsed: "the subscription's access ended at \(since), and nothing else covers \(key)."
        case .entitlementMissing:
            "\(key) takes \(verdict.missing.map(\.name).joined(separator: " or ")), which the reader does not have."
        case .subscriptionRequired:
            verdict.steps == [.resume]
                ? "the subscription that would open \(key) is paused." : "a subscription is needed to read \(key)."
        case .accountSuspended: "the account has been suspended since \(since)."
        case .notPublished: "\(key) comes out at \(verdict.publishedAt?.rfc3339 ?? "")."
        case .withdrawn: "\(key) has been withdrawn."
        case .ruleUnreadable: "a rule for \(key) cannot be understood; fortnight doctor names it."
        }
    }
}

extension AccessDecision.Action {
    /// For people.
    fileprivate var phrase: String { rawValue.split(separator: "_").joined(separator: " ") }
}
