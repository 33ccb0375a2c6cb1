/// What holds for a target during an interval. A rule is never edited: it is voided and replaced, so that what held
/// last month, as it was known then, can be asked. The rules of a target that are not voided never overlap.
public struct AccessRule: Equatable, Sendable {
    /// Its identity.
    public let id: Identifier<AccessRule>
    /// What it is for.
    public let target: RuleTarget
    /// What it says.
    public let content: Content
    /// During which time it holds.
    public let interval: Interval
    /// Who wrote it down.
    public let actor: Actor
    /// Why, in the words of whoever did.
    public let reason: String?
    /// When it was written down.
    public let recordedAt: Timestamp
    /// When it was taken away or replaced, and by whom; nil while it stands.
    public let voiding: Voiding?
    /// When it was taken away or replaced; nil while it stands.
    public var voidedAt: Timestamp? { voiding?.at }

    /// Makes a rule.
    public init(
        id: Identifier<AccessRule>, target: RuleTarget, content: Content, interval: Interval, actor: Actor = .unnamed,
        reason: String? = nil, recordedAt: Timestamp, voiding: Voiding? = nil
    ) {
        self.id = id
        self.target = target
        self.content = content
        self.interval = interval
        self.actor = actor
        self.reason = reason
        self.recordedAt = recordedAt
        self.voiding = voiding
    }

    /// How a rule came to an end in the books.
    public struct Voiding: Equatable, Sendable {
        /// When.
        public let at: Timestamp
        /// Who did it; nil when that was before it was kept.
        public let actor: Actor?
        /// Why, in the words of whoever did.
        public let reason: String?

        /// Makes the end of a rule.
        public init(at: Timestamp, actor: Actor?, reason: String? = nil) {
            self.at = at
            self.actor = actor
            self.reason = reason
        }
    }

    /// What a rule says, if that can be understood.
    public enum Content: Hashable, Sendable {
        /// What it says.
        case settings(RuleSettings)
        /// It cannot be understood, and why. Nobody reads what it is for.
        case unreadable(String)
    }

    /// What it says; nil when that cannot be understood.
    public var settings: RuleSettings? {
        if case .settings(let settings) = content { settings } else { nil }
    }

    /// The rule as one that cannot be understood.
    func unreadable(_ why: String) -> AccessRule {
        AccessRule(
            id: id, target: target, content: .unreadable(why), interval: interval, actor: actor, reason: reason,
            recordedAt: recordedAt, voiding: voiding)
    }

    /// The rule as it stood in the books at a moment: not voided yet, when that came later. Nil before it was written.
    package func asKnown(at moment: Timestamp) -> AccessRule? {
        guard recordedAt <= moment, voidedAt.map({ moment < $0 }) ?? true else { return nil }
        return AccessRule(
            id: id, target: target, content: content, interval: interval, actor: actor, reason: reason,
            recordedAt: recordedAt)
    }
}

extension AccessRule: IdentifiedKind {
    /// `rule_…`
    public static let identifierPrefix = "rule"
}
