/// What can happen to a subscription, and what follows from it. This is the one table of the state machine;
/// docs/lifecycle.md shows it.
public enum SubscriptionTransition: String, CaseIterable, Sendable {
    /// The free days of an account begin.
    case startTrial = "start_trial"
    /// It begins with its first period, without free days.
    case start
    /// The free days become more.
    case extendTrial = "extend_trial"
    /// A first period is to follow the free days.
    case convertTrial = "convert_trial"
    /// The free days are over, and the first period begins, which is settled.
    case trialConverts = "trial_converts"
    /// The free days are over, and the first period begins, for which nobody has paid.
    case trialFallsDue = "trial_falls_due"
    /// The free days are over, and nothing follows.
    case trialExpires = "trial_expires"
    /// A period is settled without a payment.
    case activate
    /// Periods are paid for.
    case pay
    /// A period is over, and the next begins, which is settled.
    case renew
    /// A period is over, and the next begins, for which nobody has paid.
    case fallDue = "fall_due"
    /// It is over, because nobody has paid within the grace.
    case expire
    /// It is to end with what is paid for or promised.
    case scheduleCancel = "schedule_cancel"
    /// It goes on after all.
    case withdrawCancel = "withdraw_cancel"
    /// It is over, because it was cancelled.
    case end
    /// It stands still.
    case pause
    /// It goes on where it stood still.
    case resume
    /// It is to change to another version, or stays as it is after all.
    case schedulePlanChange = "schedule_plan_change"
    /// It changes to another version.
    case changePlan = "change_plan"

    /// When it may happen, and what is written down then.
    public struct Rule: Equatable, Sendable {
        /// From which states; none for the beginning of a subscription.
        public let from: [Subscription.Status]
        /// To which states.
        public let to: [Subscription.Status]
        /// What is recorded.
        public let event: Event.Kind
        /// What the reader is told.
        public let message: Message?
        /// Whether the clock makes it happen.
        public let byClock: Bool
        /// The commands that make it happen.
        public let commands: [String]
    }

    /// The rule.
    public var rule: Rule { SubscriptionTransition.rules[self] ?? written }

    /// Made once: jobs ask for it several times for each of a million subscriptions.
    private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.written) })

    private var written: Rule {
        switch self {
        case .startTrial:
            Rule([], [.trialing], .trialStarted, commands: ["signup", "trial start"])
        case .start:
            Rule([], [.active, .pastDue], .subscriptionStarted, commands: ["subscription start"])
        case .extendTrial:
            Rule([.trialing], [.trialing], .trialExtended, commands: ["trial extend"])
        case .convertTrial:
            Rule([.trialing], [.trialing], .trialConversionScheduled, commands: ["trial convert"])
        case .trialConverts:
            Rule(
                [.trialing], [.active], .trialConverted, .renewal, byClock: true,
                commands: ["trial convert --now", "trial end", "subscription activate"])
        case .trialFallsDue:
            Rule(
                [.trialing], [.pastDue], .subscriptionPastDue, .paymentOverdue, byClock: true,
                commands: ["trial convert --now", "trial end"])
        case .trialExpires:
            Rule([.trialing], [.expired], .trialEnded, .trialEnded, byClock: true, commands: ["trial end"])
        case .activate:
            Rule([.pastDue], [.active], .subscriptionActivated, commands: ["subscription activate"])
        case .pay:
            Rule(
                [.trialing, .active, .pastDue, .paused], [.trialing, .active, .paused], .paymentRecorded,
                commands: ["payment record"])
        case .renew:
            Rule([.active], [.active], .subscriptionRenewed, .renewal, byClock: true, commands: ["subscription renew"])
        case .fallDue:
            Rule(
                [.active], [.pastDue], .subscriptionPastDue, .paymentOverdue, byClock: true,
                commands: ["subscription renew"])
        case .expire:
            Rule([.pastDue], [.expired], .subscriptionExpired, .accessEnded, byClock: true, commands: [])
        case .scheduleCancel:
            Rule(
                [.trialing, .active, .pastDue, .paused], [.trialing, .active, .pastDue, .paused],
                .cancelScheduled, .cancelScheduled, commands: ["subscription cancel"])
        case .withdrawCancel:
            Rule(
                [.trialing, .active, .pastDue], [.trialing, .active, .pastDue], .cancelWithdrawn,
                commands: ["subscription resume"])
        case .end:
            Rule(
                [.trialing, .active, .pastDue, .paused], [.canceled], .accessEnded, .accessEnded, byClock: true,
                commands: ["subscription cancel --now", "trial end"])
        case .pause:
            Rule([.active], [.paused], .subscriptionPaused, commands: ["subscription pause"])
        case .resume:
            Rule([.paused], [.active], .subscriptionResumed, byClock: true, commands: ["subscription resume"])
        case .schedulePlanChange:
            Rule(
                [.active, .pastDue], [.active, .pastDue], .planChangeScheduled,
                commands: ["subscription change-plan --at-renewal", "plan migrate --at renewal"])
        case .changePlan:
            Rule(
                [.trialing, .active], [.trialing, .active], .planChanged, byClock: true,
                commands: ["subscription change-plan --now", "plan migrate"])
        }
    }

    /// What somebody who wants this is told it is.
    var infinitive: String {
        switch self {
        case .startTrial, .start: "be started"
        case .extendTrial: "have its trial extended"
        case .convertTrial: "have its trial converted"
        case .trialConverts, .trialFallsDue, .trialExpires: "have its trial ended"
        case .activate: "be activated"
        case .pay: "be paid for"
        case .renew, .fallDue: "be renewed"
        case .expire: "expire"
        case .scheduleCancel, .end: "be cancelled"
        case .withdrawCancel, .resume: "be resumed"
        case .pause: "be paused"
        case .schedulePlanChange, .changePlan: "change its plan"
        }
    }
}

extension SubscriptionTransition.Rule {
    fileprivate init(
        _ from: [Subscription.Status], _ to: [Subscription.Status], _ event: Event.Kind, _ message: Message? = nil,
        byClock: Bool = false, commands: [String]
    ) {
        self.init(from: from, to: to, event: event, message: message, byClock: byClock, commands: commands)
    }
}
