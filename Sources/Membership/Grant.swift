/// A holder has an entitlement during an interval. Grants are the truth about access; they are never edited, but
/// voided and replaced.
public struct Grant: Equatable, Sendable {
    /// Its identity, within its account.
    public let id: Identifier<Grant>
    /// What it gives.
    public let entitlement: Entitlement
    /// Where it comes from.
    public let source: Source
    /// The subscription it follows from; nil when it was given by itself.
    public let subscription: Identifier<Subscription>?
    /// During which time it holds.
    public let interval: Interval
    /// When it was written down.
    public let recordedAt: Timestamp
    /// When it was found not to be true; nil while it is.
    public let voidedAt: Timestamp?
    /// Why it was given, in the words of whoever gave it.
    public let reason: String?

    /// Makes a grant.
    public init(
        id: Identifier<Grant>, entitlement: Entitlement, source: Source, subscription: Identifier<Subscription>? = nil,
        interval: Interval, recordedAt: Timestamp, voidedAt: Timestamp? = nil, reason: String? = nil
    ) {
        self.id = id
        self.entitlement = entitlement
        self.source = source
        self.subscription = subscription
        self.interval = interval
        self.recordedAt = recordedAt
        self.voidedAt = voidedAt
        self.reason = reason
    }

    /// Whether it was believed to be true at a moment.
    public func wasKnown(at moment: Timestamp) -> Bool {
        recordedAt <= moment && voidedAt.map { moment < $0 } ?? true
    }

    /// The grant as it stood in the books at a moment: not voided yet, when that came later.
    package func asKnown(at moment: Timestamp) -> Grant {
        Grant(
            id: id, entitlement: entitlement, source: source, subscription: subscription, interval: interval,
            recordedAt: recordedAt, voidedAt: voidedAt.flatMap { $0 <= moment ? $0 : nil }, reason: reason)
    }

    /// As it holds by a clock that is behind the one it was written down by: what had begun or ended by then has begun or
    /// ended.
    package func caughtUp(at now: Timestamp) -> Grant {
        Grant(
            id: id, entitlement: entitlement, source: source, subscription: subscription,
            interval: interval.caughtUp(to: recordedAt, at: now), recordedAt: recordedAt, voidedAt: voidedAt,
            reason: reason)
    }

    /// Where a grant comes from.
    public enum Source: String, CaseIterable, Sendable {
        /// The free days.
        case trial
        /// A period that is paid for.
        case subscription
        /// The days after a period that is paid for.
        case grace
        /// Another reader gave it.
        case gift
        /// The house gave it.
        case complimentary
        /// The reader belongs to a group that has it.
        case group
        /// Bought by itself, without a subscription.
        case purchase

        /// Whether it follows from a subscription, and is never written by hand.
        public var followsFromSubscription: Bool {
            switch self {
            case .trial, .subscription, .grace: true
            case .gift, .complimentary, .group, .purchase: false
            }
        }
    }
}

extension Grant: IdentifiedKind {
    /// `grant_…`
    public static let identifierPrefix = "grant"
}
