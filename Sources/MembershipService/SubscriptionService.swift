public import Membership
import MembershipStore

/// Subscriptions: what an operator may do with one. Every method first does what the clock has done meanwhile.
public struct SubscriptionService: Sendable {
    let store: Store

    /// Why a subscription is changed, and which state of it that is meant for.
    public struct Edit: Sendable {
        /// Kept with the event.
        public let reason: String?
        /// The revision the change is meant for; nil for whichever there is.
        public let revision: Int?

        /// Makes a change known.
        ///
        /// - Throws: ``MembershipError`` with code `invalid_input` for a reason that may not be kept.
        public init(reason: String? = nil, revision: Int? = nil) throws {
            self.reason = try reason.map { try PlainText.reason($0) }
            self.revision = revision
        }
    }

    /// The newest subscription of an account as it is now, whether or not a job has recorded that.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`, `unknown_subscription`.
    public func show(_ reference: AccountReference) async throws -> Subscription {
        try await store.read { tx in try tx.newestSubscription(of: tx.account(reference)).advanced(to: tx.now) }
    }

    /// What beginning a subscription led to.
    public struct Receipt: Equatable, Sendable {
        /// The subscription as it is now.
        public let subscription: Subscription
        /// Whether it had been begun before with the same payment, so that nothing was done.
        public let wasKnown: Bool
    }

    /// Begins a subscription whose first period begins now.
    ///
    /// - Parameter payment: what was paid for it; nil when nothing has been, so that it is past due unless it is free.
    /// - Throws: ``MembershipError`` with code `already_subscribed`, `unknown_plan`, `plan_retired`,
    ///   `amount_mismatch`, `reference_reused`, `transition_forbidden` when the plan has no price, `invalid_input` when
    ///   it would be paid for beyond 2099, `unknown_account`, `account_erased`.
    public func start(
        _ reference: AccountReference, plan: Slug, payment: NewPayment? = nil, reason: String? = nil
    ) async throws -> Receipt {
        let reason = try reason.map { try PlainText.reason($0) }
        return try await store.write { tx in
            let account = try tx.account(reference)
            if let payment, let earlier = try tx.earlierPayment(payment, of: account) {
                // The same command again; anything else would begin nothing and look as if it had.
                let begun = try tx.newestSubscription(of: account).advanced(to: tx.now)
                guard begun.id == earlier.subscriptionID, begun.createdAt == earlier.recordedAt, begun.plan == plan,
                    !begun.status.isFinal
                else {
                    throw MembershipError(
                        .referenceReused,
                        "Reference ‘\(payment.reference)’ was recorded at \(earlier.recordedAt) for subscription "
                            + "\(earlier.subscriptionID).",
                        remedy: "Nothing was begun. Give a new payment a reference of its own.")
                }
                return Receipt(subscription: begun, wasKnown: true)
            }
            try tx.closeOverdueSubscription(of: account, isTold: false)
            try tx.requireNoOpenSubscription(of: account)
            let version = try tx.versionOnOffer(plan)
            guard !version.terms.prices.isEmpty else {
                throw MembershipError(
                    .transitionForbidden, "\(version) has no price, so that nobody can subscribe to it.",
                    remedy: "Publish a version with a price: fortnight plan add, then fortnight plan publish.")
            }
            let unpaid = Subscription.started(
                id: tx.newSubscriptionIdentifier(), of: account.id, to: version,
                zone: try Zone(stored: account.timeZone),
                paidPeriods: 0, at: tx.now)
            var life = SubscriptionLife(beginning: unpaid, by: .start)
            guard let payment else {
                try tx.recordBeginning(life, reason: reason)
                return Receipt(subscription: unpaid.advanced(to: tx.now), wasKnown: false)
            }
            try payment.requireAmount(for: unpaid)
            try life.payWithBeginning(forPeriods: payment.periods)
            let id = tx.newPaymentIdentifier()
            try tx.recordBeginning(life, reason: reason, data: payment.json(id))
            _ = try tx.insertPayment(id, payment, for: life.subscription)
            return Receipt(subscription: life.subscription, wasKnown: false)
        }
    }

    /// Settles the current period without a payment, or the first one after a trial that ends with it.
    ///
    /// - Throws: ``MembershipError`` with code `transition_forbidden`, `edit_conflict`, `unknown_subscription`,
    ///   `unknown_account`, `account_erased`.
    public func activate(_ reference: AccountReference, _ edit: Edit) async throws -> Subscription {
        try await store.change(reference, edit) { life, now in try life.activate(at: now) }
    }

    /// Does for one subscription what the jobs do for all: whatever is due.
    ///
    /// - Throws: ``MembershipError`` with code `transition_forbidden` when nothing is due, and others as
    ///   ``activate(_:_:)``.
    public func renew(_ reference: AccountReference, _ edit: Edit) async throws -> Subscription {
        try await store.change(reference, edit) { life, now in try life.renew(at: now) }
    }

    /// Cancels a subscription: with the end of what was paid for or promised, or now.
    ///
    /// - Throws: ``MembershipError`` as ``activate(_:_:)``.
    public func cancel(
        _ reference: AccountReference, now immediately: Bool, _ edit: Edit
    ) async throws -> Subscription {
        try await store.change(reference, edit) { life, now in try life.cancel(now: immediately, at: now) }
    }

    /// Lets a paused subscription go on, or takes back a cancellation that has not taken effect.
    ///
    /// - Throws: ``MembershipError`` as ``activate(_:_:)``.
    public func resume(_ reference: AccountReference, _ edit: Edit) async throws -> Subscription {
        try await store.change(reference, edit) { life, now in try life.resume(at: now) }
    }

    /// Lets a subscription stand still, until it is resumed or until a moment. What is left of its period is kept.
    ///
    /// - Throws: ``MembershipError`` as ``activate(_:_:)``, and with code `invalid_input` for an end that is not ahead.
    public func pause(
        _ reference: AccountReference, until end: Timestamp?, _ edit: Edit
    ) async throws -> Subscription {
        try await store.change(reference, edit) { life, now in try life.pause(until: end, at: now) }
    }

    /// Changes the plan: now, or with the first period that is not paid for. To the plan that it has, while it is to
    /// change to another: stays as it is, whether or not that is still on offer.
    ///
    /// - Throws: ``MembershipError`` as ``activate(_:_:)``, and with code `unknown_plan`, `plan_retired`.
    public func changePlan(
        _ reference: AccountReference, to plan: Slug, now immediately: Bool, _ edit: Edit
    ) async throws -> Subscription {
        try await store.change(reference, edit) { tx, life in
            let subscription = life.subscription.advanced(to: tx.now)
            let isBack =
                !immediately && subscription.version.plan == plan
                && subscription.nextVersion.map { $0.version.plan != plan } ?? false
            try life.changePlan(
                to: isBack ? subscription.version : tx.versionOnOffer(plan), now: immediately, at: tx.now)
        }
    }
}

extension Store {
    /// Takes an account's subscription through a command, and writes down what became of it.
    func change(
        _ reference: AccountReference, _ edit: SubscriptionService.Edit,
        _ command: @escaping @Sendable (inout SubscriptionLife, Timestamp) throws -> Void
    ) async throws -> Subscription {
        try await change(reference, edit) { tx, life in try command(&life, tx.now) }
    }

    func change(
        _ reference: AccountReference, _ edit: SubscriptionService.Edit,
        _ command: @escaping @Sendable (WriteTransaction, inout SubscriptionLife) throws -> Void
    ) async throws -> Subscription {
        try await write { tx in
            let account = try tx.account(reference)
            try tx.requirePresent(account)
            let subscription = try tx.newestSubscription(of: account)
            // As it is shown, whether or not a job has recorded what the clock has done.
            let revision = subscription.advanced(to: tx.now).revision
            if let wanted = edit.revision, wanted != revision {
                throw MembershipError(
                    .editConflict,
                    "Subscription \(subscription.id) was changed meanwhile: it is at revision \(revision), and this "
                        + "change was meant for \(wanted).",
                    remedy: "Look at it again with fortnight subscription show, and decide anew.")
            }
            var life = SubscriptionLife(subscription)
            try command(tx, &life)
            try tx.record([life], reason: edit.reason)
            return life.subscription
        }
    }
}

extension ReadTransaction {
    /// An account's newest subscription, as it was last recorded.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_subscription`.
    func newestSubscription(of account: Account) throws -> Subscription {
        guard let subscription = try subscriptions(of: account.id).first else {
            throw MembershipError(
                .unknownSubscription, "\(account.label) has no subscription.",
                remedy: "Begin one with fortnight subscription start, or a trial with fortnight trial start.")
        }
        return subscription
    }

    /// The version of a plan that a new subscriber gets.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_plan`, `plan_retired`.
    func versionOnOffer(_ name: Slug) throws -> PlanVersion {
        let plan = try requirePlan(name)
        if let retiredAt = plan.retiredAt {
            throw MembershipError(
                .planRetired, "The plan ‘\(name)’ was retired at \(retiredAt); nobody can subscribe to it any more.",
                remedy: "fortnight plan list shows the plans there are.")
        }
        guard let version = plan.published else {
            throw MembershipError(
                .unknownPlan, "The plan ‘\(name)’ has not been published.", remedy: "fortnight plan publish \(name)")
        }
        return version
    }
}

extension WriteTransaction {
    /// Records the end of a subscription that the clock has ended, so that another may begin.
    ///
    /// - Parameter isTold: whether the reader is told; not when another begins right then.
    func closeOverdueSubscription(of account: Account, isTold: Bool) throws {
        guard let open = try openSubscription(of: account.id) else { return }
        var life = SubscriptionLife(open)
        life.advance(to: now)
        if life.subscription.status.isFinal { try record([life], isTold: isTold) }
    }
}
