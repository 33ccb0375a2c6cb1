public import Membership
import MembershipStore

extension AccountService {
    /// What making two accounts one led to.
    public struct Merge: Equatable, Sendable {
        /// The account that is left.
        public let overview: Overview
        /// The account that has become part of it.
        public let merged: Identifier<Account>
        /// What became of the subscription of the account that was merged.
        public let subscription: Outcome
        /// The grants that the remaining account has from it, those given by hand and those for what was left.
        public let grants: [Grant]

        /// What became of a subscription.
        public enum Outcome: String, Sendable {
            /// There was none that had not ended.
            case none
            /// The remaining account has it now.
            case moved
            /// The remaining account has one of its own; this one has ended, and what was left of it became grants.
            case ended
        }
    }

    /// Makes one account of two that belong to one person. The first becomes part of the second: its addresses lead
    /// there, and so does what was given to it or paid for. Its payments stay where they are recorded. If the person
    /// has had a trial by one address, she has had it by each.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when both are the same account, `account_erased` when
    ///   one was erased or merged before, `unknown_account`; `key_missing` and `key_mismatch` until the key has been
    ///   read once.
    public func merge(
        _ reference: AccountReference, into otherReference: AccountReference, reason: String
    ) async throws -> Merge {
        let reason = try PlainText.reason(reason)
        let key = try ledgerKey.load()
        return try await store.write { tx in
            let (account, other) = (try tx.account(reference), try tx.account(otherReference))
            try tx.requirePresent(account)
            try tx.requirePresent(other)
            guard account.id != other.id else {
                throw MembershipError(
                    .invalidInput, "‘\(reference)’ and ‘\(otherReference)’ are one account already: \(account.id).",
                    remedy: "Name two accounts.")
            }
            let given = try tx.moveGrants(from: account, to: other, reason: reason)
            let (outcome, carried, moved) = try tx.moveSubscription(from: account, to: other, reason: reason)
            try tx.moveSuspension(from: account, to: other)
            try tx.shareTrial(account, other, key)
            try tx.mergeAccount(account.id, into: other.id)
            var (left, right) = (JSONText(), JSONText())
            left.add("into", other.id.description)
            right.add("merged_from", account.id.description)
            if let moved { right.add("subscription", moved.subscription.snapshot) }
            try tx.record([
                NewEvent(.accountMerged, account: account.id, reason: reason, data: left.text),
                NewEvent(
                    .accountMerged, account: other.id, subscription: moved?.subscription.id, reason: reason,
                    data: right.text, message: moved?.message),
            ])
            return Merge(
                overview: try tx.overview(of: tx.account(.id(other.id))), merged: account.id, subscription: outcome,
                grants: given + carried)
        }
    }
}

extension WriteTransaction {
    /// Moves the grants given by hand that have not ended: voided here, written there for the same time.
    fileprivate func moveGrants(from account: Account, to other: Account, reason: String) throws -> [Grant] {
        let byHand = try grants(of: account.id).filter {
            !$0.source.followsFromSubscription && !$0.interval.hasEnded(by: now)
        }
        for grant in byHand { try voidGrant(grant.id, of: account.id) }
        try record(
            byHand.map { NewEvent(.grantVoided, account: account.id, reason: reason, data: $0.json.text) })
        return try give(
            byHand.map { grant in
                (
                    PromisedAccess(entitlement: grant.entitlement, source: grant.source, interval: grant.interval),
                    grant.reason ?? reason
                )
            }, to: other, reason: reason)
    }

    private func give(
        _ promises: [(promise: PromisedAccess, why: String)], to account: Account, reason: String
    ) throws -> [Grant] {
        let given = try promises.map {
            try insertGrant(to: account.id, $0.promise, subscription: nil, reason: $0.why)
        }
        try record(given.map { NewEvent(.grantAdded, account: account.id, reason: reason, data: $0.json.text) })
        return given
    }

    /// Moves the subscription that has not ended, or what is left of it when the other account has one too.
    fileprivate func moveSubscription(
        from account: Account, to other: Account, reason: String
    ) throws -> (AccountService.Merge.Outcome, [Grant], (subscription: Subscription, message: Message?)?) {
        try closeOverdueSubscription(of: account, isTold: true)
        guard let recorded = try openSubscription(of: account.id) else {
            try closeOverdueSubscription(of: other, isTold: true)
            return (.none, [], nil)
        }
        try closeOverdueSubscription(of: other, isTold: false)
        var life = SubscriptionLife(recorded)
        life.advance(to: now)
        let subscription = life.subscription
        try life.cancel(now: true, at: now)
        var json = JSONText()
        json.add("merged_into", other.id.description)
        // She is not told of an end that is none.
        try record([life], reason: reason, data: json, isTold: false)
        if let own = try openSubscription(of: other.id) {
            let rest = recorded.carriedAccess(into: own, beside: try grants(of: other.id), at: now)
            return (.ended, try give(rest.map { ($0, reason) }, to: other, reason: reason), nil)
        }
        var moved = subscription.moved(to: other.id, as: newSubscriptionIdentifier(), at: now)
        // A reminder or a warning that has not left goes with what it was of.
        if try isWaiting(.trialEnding, to: account.id) { moved.remindedAt = nil }
        let hasJustFallenDue = life.steps.contains { $0.transition.rule.message == .paymentOverdue }
        let isUnwarned =
            try moved.status == .pastDue && (hasJustFallenDue || isWaiting(.paymentOverdue, to: account.id))
        try insert(moved)
        for promise in moved.promisedAccess {
            // The other account has had nothing of it up to now.
            let interval = Interval(from: max(promise.interval.startsAt, now), until: promise.interval.endsAt)
            _ = try insertGrant(
                to: other.id,
                PromisedAccess(entitlement: promise.entitlement, source: promise.source, interval: interval),
                subscription: moved.id)
        }
        return (.moved, [], (moved, isUnwarned ? .paymentOverdue : nil))
    }

    /// There is one trial for a person, whichever of her addresses she signs up with next.
    fileprivate func shareTrial(_ account: Account, _ other: Account, _ key: LedgerKey) throws {
        let emails = try canonicalEmails(of: account.id) + canonicalEmails(of: other.id)
        let identities = emails.map { key.identity(ofCanonicalEmail: $0) }
        guard let since = try trialStart(identityHMACs: identities) else { return }
        for identity in identities { try insertTrialLedgerEntry(identityHMAC: identity, since: since) }
    }

    /// Who was kept out with one account is kept out with the other.
    fileprivate func moveSuspension(from account: Account, to other: Account) throws {
        guard let suspension = try openSuspension(of: account.id) else { return }
        try endSuspension(of: account.id)
        guard try openSuspension(of: other.id) == nil else { return }
        try insertSuspension(of: other.id, reason: suspension.reason)
        try record(.accountSuspended, account: other.id, reason: suspension.reason)
    }
}
