/// Moving the subscribers of one version of a plan to another: what becomes of each.
public struct PlanMigration: Hashable, Sendable {
    /// The version that its subscribers leave.
    public let from: PlanVersion
    /// The version that they are moved to.
    public let to: PlanVersion
    /// When.
    public let moment: Moment

    /// When a subscriber is moved.
    public enum Moment: String, CaseIterable, Sendable {
        /// With the first period that is not paid for; in a trial at once, as no period has begun.
        case renewal
        /// At once, where no periods are paid ahead.
        case now
    }

    /// Checks a move.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` for a version that was not published, or the same
    ///   version now.
    public init(from: PlanVersion, to: PlanVersion, at moment: Moment) throws(MembershipError) {
        for version in [from, to] where version.publishedAt == nil {
            throw MembershipError(
                .invalidInput, "\(version) is a draft, which nobody can be on.",
                remedy: "Publish it first: fortnight plan publish \(version.plan)")
        }
        guard from != to || moment == .renewal else {
            throw MembershipError(
                .invalidInput, "The subscribers of \(from) are on version \(to.version) already.",
                remedy: "Name two versions, or with --at renewal the same to take back changes that are to come.")
        }
        self.from = from
        self.to = to
        self.moment = moment
    }

    /// What a subscriber is entitled to afterwards, and was not before.
    public var gained: [Entitlement] { to.terms.entitlements.filter { !from.terms.entitlements.contains($0) } }
    /// What a subscriber was entitled to before, and is not afterwards.
    public var lost: [Entitlement] { from.terms.entitlements.filter { !to.terms.entitlements.contains($0) } }

    /// What becomes of a subscription.
    public enum Outcome: Equatable, Sendable {
        /// It is moved, with effect from a moment.
        case moves(at: Timestamp)
        /// It stays as it is, because it cannot be moved.
        case stays(because: MembershipError)
        /// It was moved before.
        case wasMoved
        /// It is not one of those to be moved any more: the clock has ended it, or moved it on.
        case isGone
    }

    /// Moves a subscription, which was last recorded as one to ``from``.
    ///
    /// A reader's own wish for another plan is not overruled; an earlier move within the plan is.
    package func move(_ life: inout SubscriptionLife, at now: Timestamp) -> Outcome {
        let recorded = life
        life.advance(to: now)
        let subscription = life.subscription
        guard !subscription.status.isFinal, subscription.version == from else {
            life = recorded
            return .isGone
        }
        // One that is on its way is brought forward when it is wanted now.
        let isOnItsWay = subscription.nextVersion?.version == to && moment == .renewal
        if isOnItsWay || subscription.nextVersion == nil && subscription.version == to {
            life = recorded
            return .wasMoved
        }
        do {
            try requireNoOtherWish(subscription)
            let immediately = moment == .now || subscription.status == .trialing
            try life.changePlan(to: to, now: immediately, at: now)
        } catch {
            life = recorded
            return .stays(because: error)
        }
        // A change that was taken back takes effect with its being taken back.
        let next = life.subscription.nextVersion
        return .moves(at: next.map { life.subscription.boundary($0.fromIndex) } ?? life.subscription.updatedAt)
    }

    private func requireNoOtherWish(_ subscription: Subscription) throws(MembershipError) {
        guard let next = subscription.nextVersion, next.version.plan != to.plan else { return }
        throw MembershipError(
            .transitionForbidden,
            "Subscription \(subscription.id) changes to \(next.version) at "
                + "\(subscription.boundary(next.fromIndex)) already.",
            remedy: "Change it by itself with fortnight subscription change-plan, if it should not.")
    }
}
