public import Membership
import MembershipStore

/// The one trial of a person: its start, and what an operator may do with it. It stays one subscription throughout.
public struct TrialService: Sendable {
    let store: Store
    let ledgerKey: KeptLedgerKey

    /// Starts the one trial of a person who signed up without it.
    ///
    /// - Parameter device: what the app knows the device by, when a device is to have one trial too.
    /// - Throws: ``MembershipError`` with code `trial_taken`, `disposable_domain`, `already_subscribed`,
    ///   `unknown_account`, `account_erased`, `unknown_plan`; `key_missing` and `key_mismatch` until the key has been
    ///   read once.
    public func start(
        _ reference: AccountReference, device: DeviceID? = nil, reason: String? = nil
    ) async throws -> Subscription {
        let reason = try reason.map { try PlainText.reason($0) }
        let key = try ledgerKey.load()
        return try await store.write { tx in
            let account = try tx.account(reference)
            try tx.closeOverdueSubscription(of: account, isTold: false)
            try tx.requireNoOpenSubscription(of: account)
            let version = try tx.trialVersion()
            guard version.terms.trialDays > 0 else {
                throw MembershipError(.trialTaken, "The plan ‘\(version.plan)’ offers no trial.")
            }
            if let domain = try tx.askDisposable(EmailAddress(parsing: account.email).domain).first() {
                throw MembershipError(
                    .disposableDomain,
                    "\(account.label) gets no trial: ‘\(domain)’ is a domain for throwaway addresses.",
                    remedy: "Ask for another address and use fortnight account change-email, or take the domain off "
                        + "the list with fortnight trial domains remove.")
            }
            for email in try tx.canonicalEmails(of: account.id) {
                guard try tx.insertTrialLedgerEntry(identityHMAC: key.identity(ofCanonicalEmail: email)) else {
                    throw MembershipError(
                        .trialTaken, "\(account.label) has had the one trial there is for a person.",
                        remedy:
                            "A trial counts once for every spelling of an address, also after an account was erased.")
                }
            }
            if let device, try !tx.insertTrialLedgerEntry(identityHMAC: key.identity(ofDevice: device)) {
                throw MembershipError(
                    .trialTaken, "Somebody has had the one trial there is for this device.",
                    remedy: "Leave --device out to start one all the same.")
            }
            let life = try tx.newTrial(of: account, to: version)
            try tx.recordBeginning(life, reason: reason)
            return life.subscription
        }
    }

    /// Makes a running trial longer by so many times twenty-four hours.
    ///
    /// - Throws: ``MembershipError`` with code `transition_forbidden`, `edit_conflict`, `invalid_input`,
    ///   `unknown_account`, `account_erased`, `unknown_subscription`.
    public func extend(_ reference: AccountReference, byDays days: Int, _ edit: SubscriptionService.Edit) async throws
        -> Subscription
    {
        try await store.change(reference, edit) { life, now in try life.extendTrial(byDays: days, at: now) }
    }

    /// Ends a running trial now. A period that is paid for, or that was agreed to, begins at once.
    ///
    /// - Throws: ``MembershipError`` as ``extend(_:byDays:_:)``.
    public func end(_ reference: AccountReference, _ edit: SubscriptionService.Edit) async throws -> Subscription {
        try await store.change(reference, edit) { life, now in try life.endTrial(at: now) }
    }

    /// Makes the first period follow the trial, when it ends or now.
    ///
    /// - Throws: ``MembershipError`` as ``extend(_:byDays:_:)``; also when the plan has no price.
    public func convert(
        _ reference: AccountReference, now immediately: Bool, _ edit: SubscriptionService.Edit
    ) async throws -> Subscription {
        try await store.change(reference, edit) { life, now in try life.convertTrial(now: immediately, at: now) }
    }
}

extension ReadTransaction {
    /// The version of a plan that trials are of.
    func trialVersion() throws -> PlanVersion {
        guard let version = try publishedVersion(ofPlan: DefaultPlan.name) else {
            throw MembershipError(
                .unknownPlan, "There is no plan ‘\(DefaultPlan.name)’ to have a trial of.",
                remedy: "Publish one with fortnight plan add and fortnight plan publish.")
        }
        // A trial that opens nothing would use up the one there is.
        guard !version.terms.entitlements.isEmpty else {
            throw MembershipError(
                .unknownPlan, "The plan ‘\(version.plan)’ entitles to nothing.", remedy: "Run fortnight doctor.")
        }
        return version
    }

    /// Makes sure that an account may begin a subscription.
    ///
    /// - Throws: ``MembershipError`` with code `already_subscribed`, `account_erased`.
    func requireNoOpenSubscription(of account: Account) throws {
        try requirePresent(account)
        guard let open = try openSubscription(of: account.id)?.advanced(to: now), !open.status.isFinal else { return }
        throw MembershipError(
            .alreadySubscribed,
            "\(account.email) has a subscription to \(open.version) already, which is "
                + "\(open.status.rawValue).",
            remedy: "fortnight subscription show \(account.id) shows it.")
    }

    /// Makes sure that an account is still one.
    ///
    /// - Throws: ``MembershipError`` with code `account_erased`.
    func requirePresent(_ account: Account) throws {
        if let other = account.mergedInto {
            throw MembershipError(
                .accountErased, "Account \(account.id) has become part of \(other).", remedy: "Use that account.")
        }
        if let erasedAt = account.erasedAt {
            throw MembershipError(.accountErased, "Account \(account.id) was erased at \(erasedAt).")
        }
    }
}

extension WriteTransaction {
    /// A trial that begins now.
    func newTrial(of account: Account, to version: PlanVersion) throws -> SubscriptionLife {
        SubscriptionLife(
            beginning: .trial(
                id: newSubscriptionIdentifier(), of: account.id, to: version, zone: try Zone(stored: account.timeZone),
                at: now),
            by: .startTrial)
    }
}
