public import Membership
import MembershipStore

/// Rights that are given by hand, beside those that follow from a subscription.
public struct GrantService: Sendable {
    let store: Store

    /// A right to be given.
    public struct NewGrant: Sendable {
        /// What.
        public let entitlement: Entitlement
        /// By whom.
        public let source: Grant.Source
        /// From when; nil for now.
        public let startsAt: Timestamp?
        /// The first moment after it; nil for ever.
        public let endsAt: Timestamp?
        /// Why.
        public let reason: String

        /// Checks a right.
        ///
        /// - Throws: ``MembershipError`` with code `invalid_input` for a source that follows from a subscription, a
        ///   time that cannot be written, or a reason that may not be kept.
        public init(
            entitlement: Entitlement, source: Grant.Source, from startsAt: Timestamp?, until endsAt: Timestamp?,
            reason: String
        ) throws {
            guard !source.followsFromSubscription else {
                let others = Grant.Source.allCases.filter { !$0.followsFromSubscription }.map(\.rawValue)
                throw MembershipError(
                    .invalidInput, "A grant with the source ‘\(source.rawValue)’ follows from a subscription.",
                    remedy: "Give one of \(others.joined(separator: ", ")).")
            }
            try startsAt?.requireWritable()
            try endsAt?.requireWritable()
            self.entitlement = entitlement
            self.source = source
            self.startsAt = startsAt
            self.endsAt = endsAt
            self.reason = try PlainText.reason(reason)
        }
    }

    /// Gives a right.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when it ends before it starts, `unknown_title`,
    ///   `unknown_account`, `account_erased`.
    public func add(_ reference: AccountReference, _ new: NewGrant) async throws -> Grant {
        try await store.write { tx in
            let account = try tx.account(reference)
            try tx.requirePresent(account)
            try tx.requireKnown([new.entitlement])
            let start = new.startsAt ?? tx.now
            if let end = new.endsAt, end <= start {
                throw MembershipError(
                    .invalidInput, "The grant would end at \(end), and starts at \(start).",
                    remedy: "Give an end that is later, or none.")
            }
            let promise = PromisedAccess(
                entitlement: new.entitlement, source: new.source, interval: Interval(from: start, until: new.endsAt))
            let grant = try tx.insertGrant(to: account.id, promise, subscription: nil, reason: new.reason)
            try tx.record(.grantAdded, account: account.id, reason: new.reason, data: grant.json.text)
            return grant
        }
    }

    /// Whether a right opens anything by the rules there are, now or later. Any can be given before a rule asks for it.
    public func opensAnything(_ entitlement: Entitlement) async throws -> Bool {
        try await store.read { tx in
            let rules = try tx.rules().filter { !$0.interval.hasEnded(by: tx.now) && $0.settings?.terms != nil }
            func requires(_ rule: AccessRule) -> [Entitlement] { rule.settings?.terms?.requires ?? [] }
            if entitlement == .allTitles || rules.contains(where: { requires($0).contains(entitlement) }) {
                return true
            }
            // Where nothing else is asked for, a title's right opens it.
            guard entitlement.section == nil, let title = entitlement.title else { return false }
            if rules.contains(where: { $0.target.title == title && requires($0).isEmpty }) { return true }
            // What the title does not always say is what is said of everything.
            let isSaid = rules.contains {
                $0.target == .title(title) && $0.interval.contains(tx.now) && $0.interval.endsAt == nil
            }
            let all = rules.filter { $0.target == .everything }
            return !isSaid && (all.contains { requires($0).isEmpty } || !all.contains { $0.interval.endsAt == nil })
        }
    }

    /// Notes that a right given by hand was not one. What was read by it was read.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`, `account_erased`, `unknown_grant`, `grant_voided`,
    ///   `invalid_input` for one that follows from a subscription or a reason that may not be kept.
    public func void(
        _ reference: AccountReference, grant id: Identifier<Grant>, reason: String
    ) async throws -> Grant {
        let reason = try PlainText.reason(reason)
        return try await store.write { tx in
            let account = try tx.account(reference)
            try tx.requirePresent(account)
            guard let grant = try tx.allGrants(of: account.id).first(where: { $0.id == id }) else {
                throw MembershipError(
                    .unknownGrant, "\(account.label) has no grant \(id).",
                    remedy: "fortnight grant list \(account.id) shows those there are.")
            }
            if let voidedAt = grant.voidedAt {
                throw MembershipError(
                    .grantVoided, "Grant \(id) was voided at \(voidedAt).", remedy: "Nothing needs to be done.")
            }
            guard !grant.source.followsFromSubscription else {
                throw MembershipError(
                    .invalidInput, "Grant \(id) follows from a subscription (\(grant.source.rawValue)).",
                    remedy: "Change the subscription instead: fortnight subscription cancel, or fortnight trial end.")
            }
            try tx.voidGrant(id, of: account.id)
            try tx.record(.grantVoided, account: account.id, reason: reason, data: grant.json.text)
            return Grant(
                id: id, entitlement: grant.entitlement, source: grant.source, subscription: grant.subscription,
                interval: grant.interval, recordedAt: grant.recordedAt, voidedAt: tx.now, reason: grant.reason)
        }
    }

    /// An account's grants, oldest first: all there ever were, with those that were voided, unless one time or the
    /// other is asked about.
    ///
    /// - Parameters:
    ///   - moment: only those that hold at it; nil for all.
    ///   - known: as they were known then; nil for what is known now.
    /// - Throws: ``MembershipError`` with code `unknown_account`, `invalid_input` when `known` lies ahead.
    public func list(
        _ reference: AccountReference, at moment: Timestamp? = nil, knownAt known: Timestamp? = nil
    ) async throws -> [Grant] {
        try await store.read { tx in
            if let known { try tx.requireKnowable(known) }
            let all = try tx.allGrants(of: tx.account(reference).id)
            guard moment != nil || known != nil else { return all }
            return all.filter { grant in
                grant.wasKnown(at: known ?? tx.now) && (moment.map(grant.interval.contains) ?? true)
            }.map { $0.asKnown(at: known ?? tx.now) }
        }
    }
}

extension ReadTransaction {
    /// Makes sure that the titles which entitlements are for exist.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_title`.
    func requireKnown(_ entitlements: [Entitlement]) throws {
        for slug in entitlements.compactMap(\.title) where try title(slug) == nil {
            throw MembershipError(
                .unknownTitle, "There is no title ‘\(slug)’ to be entitled to.",
                remedy: "fortnight title list shows the titles there are.")
        }
    }
}

extension Grant {
    /// What an event says of it.
    var json: JSONText {
        var json = JSONText()
        json.add("grant", id.description)
        json.add("entitlement", entitlement.name)
        json.add("source", source.rawValue)
        json.add("starts_at", interval.startsAt)
        json.add("ends_at", interval.endsAt)
        return json
    }
}
