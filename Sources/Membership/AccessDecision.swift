/// Whether a reader may open an article at a moment, why, what would change it, and when it changes by itself.
public struct AccessDecision: Equatable, Sendable {
    /// What is decided, without the time that was asked about.
    public struct Verdict: Equatable, Sendable {
        /// The row of the table that decided.
        public let row: AccessRow
        private let detail: Detail

        init(_ row: AccessRow, _ detail: Detail = .none) {
            self.row = row
            self.detail = detail
        }

        /// What a row says beside its reason. An answer is copied often: what few need stands elsewhere.
        enum Detail: Equatable, Sendable {
            case none
            case entitled(source: Grant.Source, grant: Identifier<Grant>, until: Timestamp?)
            case suspended(since: Timestamp?)
            case notPublished(publishedAt: Timestamp)
            indirect case letInByMeter(MeterState?)
            indirect case keptOut(since: Timestamp?, meter: MeterState?, Help)
        }

        /// What would let a reader in.
        struct Help: Equatable, Sendable {
            var missing: [Entitlement] = []
            var plans: [Slug] = []
            var trialDaysOnOffer: Int?
            var steps: [Action] = []
        }

        /// Where the right comes from, when the reader is entitled.
        public var source: Grant.Source? {
            if case .entitled(let source, _, _) = detail { source } else { nil }
        }
        /// The grant that lasts longest, when the reader is entitled.
        public var grant: Identifier<Grant>? {
            if case .entitled(_, let grant, _) = detail { grant } else { nil }
        }
        /// When the right to read ends: that of the grant, or that to open the article again by the meter.
        public var until: Timestamp? {
            switch detail {
            case .entitled(_, _, let until): until
            case .letInByMeter(let meter): row == .openedBefore ? meter?.resetsAt : nil
            case .none, .suspended, .notPublished, .keptOut: nil
            }
        }
        /// Since when the reader is kept out: the end of the trial or of what was paid for, the start of the suspension.
        public var since: Timestamp? {
            switch detail {
            case .suspended(let since), .keptOut(let since, _, _): since
            case .none, .entitled, .notPublished, .letInByMeter: nil
            }
        }
        /// When the article comes out, when it has not.
        public var publishedAt: Timestamp? {
            if case .notPublished(let publishedAt) = detail { publishedAt } else { nil }
        }
        /// How the reader stands with the meter, when the article is metered and the meter was asked.
        public var meter: MeterState? {
            switch detail {
            case .letInByMeter(let meter), .keptOut(_, let meter, _): meter
            case .none, .entitled, .suspended, .notPublished: nil
            }
        }
        /// Any one of these would open the article, when the reader has an account and none of them.
        public var missing: [Entitlement] { help?.missing ?? [] }
        /// The plans that give one of them, and that one can subscribe to.
        public var plans: [Slug] { help?.plans ?? [] }
        /// The free days that the reader could begin, when that would help.
        public var trialDaysOnOffer: Int? { help?.trialDaysOnOffer }
        /// What the reader can do, most helpful first, but for waiting.
        public var steps: [Action] { help?.steps ?? [] }

        private var help: Help? {
            if case .keptOut(_, _, let help) = detail { help } else { nil }
        }
    }

    /// What is decided.
    public let verdict: Verdict
    /// The moment that was asked about.
    public let at: Timestamp
    /// The earliest later moment at which the answer changes with no one doing anything; nil when it never does.
    public let nextChangeAt: Timestamp?
    /// The earliest later moment at which the reader may open the article with no one doing anything, when she may not
    /// now; nil when there is none.
    public let waitUntil: Timestamp?

    /// Makes a decision.
    package init(verdict: Verdict, at: Timestamp, nextChangeAt: Timestamp?, waitUntil: Timestamp?) {
        self.verdict = verdict
        self.at = at
        self.nextChangeAt = nextChangeAt
        self.waitUntil = waitUntil
    }

    /// The same at a later moment, before it changes.
    package func asked(at moment: Timestamp) -> AccessDecision {
        AccessDecision(verdict: verdict, at: moment, nextChangeAt: nextChangeAt, waitUntil: waitUntil)
    }

    /// Why.
    public var reason: Reason { verdict.row.reason }
    /// Whether the reader may open the article.
    public var allowed: Bool { reason.allows }
    /// What the reader can do, most helpful first; nothing when she may open it.
    public var actions: [Action] { verdict.steps + (waitUntil == nil ? [] : [.waitUntil]) }

    /// Why a reader may, or may not.
    public enum Reason: String, CaseIterable, Sendable {
        /// The article is open to everyone.
        case free
        /// The article is open to everyone who has signed up.
        case registered
        /// A live grant covers the article.
        case entitled
        /// The reader opened the article by the meter in this month.
        case openedBefore = "opened_before"
        /// Some of the month's allowance is left.
        case metered
        /// The month's allowance is used up.
        case meterExhausted = "meter_exhausted"
        /// An account is needed.
        case signUpRequired = "sign_up_required"
        /// The free days are over.
        case trialEnded = "trial_ended"
        /// A period began that nobody paid for, and its grace is over.
        case paymentOverdue = "payment_overdue"
        /// What was paid for is over.
        case subscriptionLapsed = "subscription_lapsed"
        /// What the reader holds does not cover the article.
        case entitlementMissing = "entitlement_missing"
        /// The reader holds nothing, and held nothing from a trial or a subscription that covers the article.
        case subscriptionRequired = "subscription_required"
        /// An operator has suspended the account.
        case accountSuspended = "account_suspended"
        /// The article's time has not come.
        case notPublished = "not_published"
        /// The article, its section or its title has been taken away.
        case withdrawn
        /// A rule cannot be understood.
        case ruleUnreadable = "rule_unreadable"

        /// Whether this reason lets the reader in.
        public var allows: Bool {
            switch self {
            case .free, .registered, .entitled, .openedBefore, .metered: true
            case .meterExhausted, .signUpRequired, .trialEnded, .paymentOverdue, .subscriptionLapsed,
                .entitlementMissing, .subscriptionRequired, .accountSuspended, .notPublished, .withdrawn,
                .ruleUnreadable:
                false
            }
        }

        /// Whether a reader who is kept out for it may still see how the article begins.
        public var showsTeaser: Bool {
            switch self {
            case .meterExhausted, .signUpRequired, .trialEnded, .paymentOverdue, .subscriptionLapsed,
                .entitlementMissing, .subscriptionRequired, .accountSuspended:
                true
            case .notPublished, .withdrawn, .ruleUnreadable: false
            // Whoever is let in is not kept out.
            case .free, .registered, .entitled, .openedBefore, .metered: false
            }
        }
    }

    /// What a reader can do to be let in.
    public enum Action: String, CaseIterable, Sendable {
        /// Make an account.
        case signUp = "sign_up"
        /// Say who she is.
        case signIn = "sign_in"
        /// Begin the free days.
        case startTrial = "start_trial"
        /// Subscribe to one of the plans named.
        case subscribe
        /// Change her subscription to one of the plans named.
        case changePlan = "change_plan"
        /// Let her subscription go on.
        case resume
        /// Wait until the time named.
        case waitUntil = "wait_until"
    }
}
