public import Membership
import MembershipStore

/// People: signing up, their one trial, suspensions.
public struct AccountService: Sendable {
    let store: Store
    let ledgerKey: KeptLedgerKey

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
            /// Somebody has had one on this device before.
            case deviceTaken = "device_taken"
            /// The address is of a domain for throwaway addresses.
            case disposable
            /// The plan offers none.
            case notOffered = "not_offered"
        }
    }

    /// Makes an account, and starts its trial unless the person has had one or does not want it yet.
    ///
    /// - Parameters:
    ///   - name: what the person wants to be called.
    ///   - timeZone: an IANA time zone; nil for UTC.
    ///   - language: what the person is written to in.
    ///   - device: what the app knows the device by, when a device is to have one trial too.
    ///   - visitor: what the site knew the person by before: what she has spent of this month's allowance stays spent.
    /// - Throws: ``MembershipError`` with code `account_exists` when the person has an account under any spelling of
    ///   the address, `invalid_input` for a name or time zone that is none, `unknown_plan` when there is no
    ///   plan to try, `key_missing` or `key_mismatch` until the key has been read once.
    public func signUp(
        email: EmailAddress, name: String? = nil, timeZone: String? = nil, language: Language = .english,
        device: DeviceID? = nil, visitor: VisitorID? = nil, wantsTrial: Bool = true
    ) async throws -> SignUp {
        let name = try name.map { try PlainText.checked($0, as: "a name", longest: 200) }
        let zone = try timeZone.map { try Zone(parsing: $0) } ?? .utc
        let key = wantsTrial ? try ledgerKey.load() : nil
        // Worked out where no other writer waits for it.
        let identity = key?.identity(ofCanonicalEmail: email.canonical)
        return try await store.write(.addition) { tx in
            // What the visitor is opening now is opened before she has signed up, or behind.
            if let visitor { try tx.takeTurn(of: visitor) }
            let account = try tx.insertAccount(email: email, name: name, timeZone: zone.name, language: language)
            if let visitor { try tx.link(visitor, to: account.id) }
            let created = NewEvent(.accountCreated, account: account.id, message: .welcome)
            func withoutTrial(_ why: SignUp.Trial) throws -> SignUp {
                try tx.record([created], isNewAccount: true)
                return SignUp(account: account, subscription: nil, trial: why)
            }
            guard let key, let identity else { return try withoutTrial(.notWanted) }
            // Asked before the plan is, and answered with it: on a server that costs no journey of its own.
            let disposable = try tx.askDisposable(email.domain)
            let deviceTrial = try device.map { try tx.askTrialStart(identityHMAC: key.identity(ofDevice: $0)) }
            let version = try tx.trialVersion()
            guard version.terms.trialDays > 0 else { return try withoutTrial(.notOffered) }
            guard try disposable.first() == nil else { return try withoutTrial(.disposable) }
            if try deviceTrial?.first() != nil {
                let hadOne = try tx.askTrialStart(identityHMAC: identity).first() != nil
                return try withoutTrial(hadOne ? .taken : .deviceTaken)
            }
            guard try tx.insertTrialLedgerEntry(identityHMAC: identity) else { return try withoutTrial(.taken) }
            if let device { try tx.insertTrialLedgerEntry(identityHMAC: key.identity(ofDevice: device)) }
            let life = try tx.newTrial(of: account, to: version)
            try tx.recordBeginning(life, before: [created], isNewAccount: true)
            return SignUp(account: account, subscription: life.subscription, trial: .started)
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

        /// What holds now: gone before suspended, and that before anything else.
        public var status: AccountStatus {
            if account.erasedAt != nil { return .erased }
            if account.mergedInto != nil { return .merged }
            if suspension != nil { return .suspended }
            guard let newest = subscriptions.first else { return .unsubscribed }
            return AccountStatus(newest.advanced(to: at).status)
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
            var found: [Overview] = []
            var last = after?.last
            while true {
                // One more than wanted tells whether there is a next page.
                let wanted = limit.count + 1 - found.count
                let accounts = try tx.accounts(status: status, after: last, limit: wanted)
                found += try accounts.map(tx.overview(of:)).filter { status == nil || $0.status == status }
                last = accounts.last?.id
                if accounts.count < wanted || found.count > limit.count { break }
            }
            let page = Array(found.prefix(limit.count))
            return Page(
                accounts: page, next: found.count > limit.count ? page.last.map { Cursor(after: $0.account.id) } : nil)
        }
    }

    /// Keeps an account from reading anything that needs one.
    ///
    /// - Throws: ``MembershipError`` with code `already_suspended`, `unknown_account`, `account_erased`,
    ///   `invalid_input`.
    public func suspend(_ reference: AccountReference, reason: String) async throws -> Overview {
        let reason = try PlainText.reason(reason)
        return try await store.write { tx in
            let account = try tx.account(reference)
            try tx.requirePresent(account)
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
    /// - Throws: ``MembershipError`` with code `not_suspended`, `unknown_account`, `account_erased`, `invalid_input`.
    public func reinstate(_ reference: AccountReference, reason: String) async throws -> Overview {
        let reason = try PlainText.reason(reason)
        return try await store.write { tx in
            let account = try tx.account(reference)
            try tx.requirePresent(account)
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
    func overview(of account: Account) throws -> AccountService.Overview {
        AccountService.Overview(
            account: account, subscriptions: try subscriptions(of: account.id), grants: try grants(of: account.id),
            suspension: try openSuspension(of: account.id), at: now)
    }

    func openSuspension(of account: Identifier<Account>) throws -> Suspension? {
        try suspensions(of: account).first { $0.interval.endsAt == nil }
    }
}
