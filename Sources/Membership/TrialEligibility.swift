/// Whether a person could begin the one free trial now, and everything that stands in the way.
public struct TrialEligibility: Equatable, Sendable {
    /// What stands in the way; empty when nothing does.
    public let obstacles: [Obstacle]

    /// Makes an answer.
    public init(obstacles: [Obstacle]) {
        self.obstacles = obstacles
    }

    /// Whether a trial would begin.
    public var isEligible: Bool { obstacles.isEmpty }

    /// A reason why there is no trial.
    public enum Obstacle: Hashable, Sendable {
        /// The person has had one.
        case hadTrial(since: Timestamp)
        /// Somebody has had one on this device.
        case deviceHadTrial(since: Timestamp)
        /// The address is of a domain for throwaway addresses.
        case disposableDomain(EmailDomain)
        /// The plan offers none, or there is no plan.
        case notOffered(plan: Slug)
        /// The person has a subscription now, perhaps in its trial.
        case subscribed(Identifier<Account>, Subscription.Status)

        /// Its name for programs.
        public var code: String {
            switch self {
            case .hadTrial: "trial_taken"
            case .deviceHadTrial: "device_taken"
            case .disposableDomain: "disposable"
            case .notOffered: "not_offered"
            case .subscribed: "already_subscribed"
            }
        }
    }
}
