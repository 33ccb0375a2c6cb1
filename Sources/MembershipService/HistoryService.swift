public import Membership
import MembershipStore

/// One account in the past and in the time ahead.
public struct HistoryService: Sendable {
    let store: Store
    let options: Services.Options

    /// What happened to an account, what it was given, what it paid and what its owner was told, in the order in which
    /// it was written down.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    public func timeline(_ reference: AccountReference) async throws -> [TimelineEntry] {
        try await store.read { tx in
            let account = try tx.account(reference).id
            return TimelineEntry.timeline(
                events: try tx.events(of: account), grants: try tx.allGrants(of: account),
                payments: try tx.payments(of: account), messages: try tx.sentMessages(to: account))
        }
    }

    /// An account at a moment, as it was known at another.
    public struct State: Equatable, Sendable {
        /// The account as it is now.
        public let account: Account
        /// The moment.
        public let at: Timestamp
        /// When it was known so.
        public let knownAt: Timestamp
        /// Whether there was such an account at either moment; when not, nothing else is said.
        public let existed: Bool
        /// The suspension in force; nil when there was none.
        public let suspension: Suspension?
        /// The subscription.
        public let subscription: PastSubscription
        /// What it was entitled to, oldest first.
        public let grants: [Grant]
    }

    /// What an account was at a moment, as it was known at another: what had been recorded by then, and nothing that
    /// was recorded later. A moment after that is answered by the clock, as if nobody had done anything since.
    ///
    /// - Parameter known: nil for now.
    /// - Throws: ``MembershipError`` with code `unknown_account`, `invalid_input` when `known` lies ahead.
    public func state(
        of reference: AccountReference, at moment: Timestamp, knownAt known: Timestamp? = nil
    ) async throws -> State {
        try await store.read { tx in
            let account = try tx.account(reference)
            let known = known ?? tx.now
            try tx.requireKnowable(known)
            guard account.createdAt <= min(moment, known) else {
                return State(
                    account: account, at: moment, knownAt: known, existed: false, suspension: nil, subscription: .none,
                    grants: [])
            }
            return State(
                account: account, at: moment, knownAt: known, existed: true,
                suspension: try tx.suspensions(of: account.id).compactMap { $0.asKnown(at: known) }
                    .first { $0.interval.contains(moment) },
                subscription: try PastSubscription(
                    events: tx.events(of: account.id), at: moment, knownAt: known,
                    version: { try tx.version($1, ofPlan: $0) }),
                grants: try tx.allGrants(of: account.id).filter {
                    $0.wasKnown(at: known) && $0.interval.contains(moment)
                }.map { $0.asKnown(at: known) })
        }
    }
}
