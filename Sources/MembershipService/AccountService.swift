import Foundation
public import Membership
import MembershipStore

/// People: signing up, their one trial, suspensions.
public struct AccountService: Sendable {
    let store: Store
    let ledgerKey: LedgerKeyFile

    /// What signing up led to.
    public struct SignUp: Equatable, Sendable {
        /// The new account.
        public let account: Account
        /// The subscription in its free days; nil when no trial was started.
        public let subscription: Subscription?
        /// Whether a trial was started, and if not, why.
        public let trial: Trial

        /// What became of the trial.
        public enum Trial: String, Sendable {
            /// It runs.
            case started
            /// The person did not want it yet.
            case notWanted = "not_wanted"
            /// This person has had it before.
            case taken
            /// The plan offers none.
            case notOffered = "not_offered"
        }
    }

    /// Makes an account, and starts its trial unless the person has had one or does not want it yet.
    ///
    /// - Parameters:
    ///   - name: what the person wants to be called.
    ///   - timeZone: an IANA time zone; nil for UTC.
    /// - Throws: ``MembershipError`` with code `account_exists` when the person has an account under any spelling of
    ///   the address, `invalid_input` for a name or time zone that is none, `key_missing` or `key_mismatch`.
    public func signUp(
        email: EmailAddress, name: String? = nil, timeZone: String? = nil, wantsTrial: Bool = true
    ) async throws -> SignUp {
        let name = try name.map { try PlainText.checked($0, as: "a name", longest: 200) }
        let zone = timeZone ?? "UTC"
        guard TimeZone(identifier: zone) != nil else {
            throw MembershipError(
                .invalidInput, "‘\(zone)’ is not a time zone.", remedy: "Give an IANA name: Europe/Berlin, UTC.")
        }
        let key = wantsTrial ? try ledgerKey.load(matching: store.deployment.keyFingerprint) : nil
        return try await store.write { tx in
            let account = try tx.insertAccount(email: email, name: name, timeZone: zone)
            try tx.record(.accountCreated, account: account.id, message: .welcome)
            guard let key else { return SignUp(account: account, subscription: nil, trial: .notWanted) }
            let plan = try tx.trialPlan()
            guard plan.trialDays > 0 else { return SignUp(account: account, subscription: nil, trial: .notOffered) }
            let subscription = try tx.startTrial(
                of: account.id, plan: plan, identityHMAC: key.identity(ofCanonicalEmail: email.canonical))
            return SignUp(account: account, subscription: subscription, trial: subscription == nil ? .taken : .started)
        }
    }

    /// Starts the one trial of a person who signed up without it.
    ///
    /// - Throws: ``MembershipError`` with code `trial_taken`, `already_subscribed`, `unknown_account`.
    public func startTrial(_ reference: AccountReference) async throws -> Subscription {
        let key = try ledgerKey.load(matching: store.deployment.keyFingerprint)
        return try await store.write { tx in
            let account = try tx.account(reference)
            if let subscription = try tx.subscriptions(of: account.id).first,
                subscription.status(at: tx.now) == .trialing
            {
                throw MembershipError(
                    .alreadySubscribed, "\(account.email) is on trial until \(subscription.trialEnd) already.",
                    remedy: "Nothing needs to be done.")
            }
            let plan = try tx.trialPlan()
            guard plan.trialDays > 0 else {
                throw MembershipError(.trialTaken, "The plan ‘\(plan.plan)’ offers no trial.")
            }
            let identity = key.identity(ofCanonicalEmail: try tx.canonicalEmail(of: account.id))
            guard let subscription = try tx.startTrial(of: account.id, plan: plan, identityHMAC: identity) else {
                throw MembershipError(
                    .trialTaken, "\(account.email) has had the one trial there is for a person.",
                    remedy: "A trial counts once for every spelling of an address, also after an account was erased.")
            }
            return subscription
        }
    }

    /// An account with all that hangs on it.
    public struct Overview: Equatable, Sendable {
        /// The account.
        public let account: Account
        /// Newest first.
        public let subscriptions: [Subscription]
        /// Those that have not been voided, oldest first.
        public let grants: [Grant]
        /// The suspension in force; nil when there is none.
        public let suspension: Suspension?
        /// The time for which this holds.
        public let at: Timestamp

        /// What holds now: suspended before anything else.
        public var status: AccountStatus {
            if suspension != nil { return .suspended }
            guard let newest = subscriptions.first else { return .unsubscribed }
            return newest.status(at: at) == .trialing ? .trialing : .expired
        }
    }

    /// Everything about one account.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    public func overview(_ reference: AccountReference) async throws -> Overview {
        try await store.read { tx in try tx.overview(of: tx.account(reference)) }
    }

    /// A page of a list.
    public struct Page: Equatable, Sendable {
        /// In the order in which the accounts were made.
        public let accounts: [Overview]
        /// Where the next page begins; nil on the last.
        public let next: Cursor<Account>?
    }

    /// Accounts in the order in which they were made, to the millisecond.
    public func list(status: AccountStatus? = nil, after: Cursor<Account>? = nil, limit: PageLimit) async throws -> Page
    {
        try await store.read { tx in
            // One more than wanted tells whether there is a next page.
            let accounts = try tx.accounts(status: status, after: after?.last, limit: limit.count + 1)
            let page = accounts.prefix(limit.count)
            return Page(
                accounts: try page.map(tx.overview(of:)),
                next: accounts.count > limit.count ? page.last.map { Cursor(after: $0.id) } : nil)
        }
    }

    /// Keeps an account from reading anything that needs one.
    ///
    /// - Throws: ``MembershipError`` with code `already_suspended`, `unknown_account`, `invalid_input`.
    public func suspend(_ reference: AccountReference, reason: String) async throws -> Overview {
        let reason = try PlainText.checked(reason, as: "a reason", longest: 500)
        return try await store.write { tx in
            let account = try tx.account(reference)
            if let suspension = try tx.openSuspension(of: account.id) {
                throw MembershipError(
                    .alreadySuspended,
                    "\(account.email) has been suspended since \(suspension.interval.startsAt): \(suspension.reason)",
                    remedy: "Nothing needs to be done.")
            }
            try tx.insertSuspension(of: account.id, reason: reason)
            try tx.record(.accountSuspended, account: account.id, reason: reason)
            return try tx.overview(of: account)
        }
    }

    /// Ends a suspension. What the account was entitled to meanwhile has not stood still.
    ///
    /// - Throws: ``MembershipError`` with code `not_suspended`, `unknown_account`, `invalid_input`.
    public func reinstate(_ reference: AccountReference, reason: String) async throws -> Overview {
        let reason = try PlainText.checked(reason, as: "a reason", longest: 500)
        return try await store.write { tx in
            let account = try tx.account(reference)
            guard try tx.openSuspension(of: account.id) != nil else {
                throw MembershipError(
                    .notSuspended, "\(account.email) is not suspended.", remedy: "Nothing needs to be done.")
            }
            try tx.endSuspension(of: account.id)
            try tx.record(.accountReinstated, account: account.id, reason: reason)
            return try tx.overview(of: account)
        }
    }
}

extension ReadTransaction {
    fileprivate func overview(of account: Account) throws -> AccountService.Overview {
        AccountService.Overview(
            account: account, subscriptions: try subscriptions(of: account.id), grants: try grants(of: account.id),
            suspension: try openSuspension(of: account.id), at: now)
    }

    fileprivate func openSuspension(of account: Identifier<Account>) throws -> Suspension? {
        try suspensions(of: account).first { $0.interval.endsAt == nil }
    }

    fileprivate func trialPlan() throws -> PlanVersion {
        guard let plan = try newestVersion(ofPlan: DefaultPlan.name) else {
            throw MembershipError(
                .unknownPlan, "There is no plan ‘\(DefaultPlan.name)’.", remedy: "Run fortnight doctor.")
        }
        // A trial that opens nothing would use up the one there is.
        guard !plan.entitlements.isEmpty else {
            throw MembershipError(
                .unknownPlan, "The plan ‘\(plan.plan)’ entitles to nothing.", remedy: "Run fortnight doctor.")
        }
        return plan
    }
}

extension WriteTransaction {
    /// Ledger, subscription, grants and event of a trial that starts now; nil, with nothing written, when the person
    /// has had one.
    fileprivate func startTrial(
        of account: Identifier<Account>, plan: PlanVersion, identityHMAC: String
    ) throws -> Subscription? {
        guard try insertTrialLedgerEntry(identityHMAC: identityHMAC) else { return nil }
        let subscription = try insertTrialingSubscription(of: account, to: plan)
        for entitlement in plan.entitlements {
            _ = try insertGrant(
                to: account, entitlement: entitlement, source: .trial, subscription: subscription.id,
                interval: Interval(from: subscription.trialStart, until: subscription.trialEnd))
        }
        try record(.trialStarted, account: account, subscription: subscription.id)
        return subscription
    }
}
