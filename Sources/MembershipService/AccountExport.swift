public import Membership
import MembershipStore

/// Everything that is held about a person.
public struct AccountExport: Equatable, Sendable {
    /// The account.
    public let account: Account
    /// What its addresses are compared by, and when a trial was begun with each.
    public let addresses: [Address]
    /// Oldest first.
    public let suspensions: [Suspension]
    /// Newest first, as they were last recorded.
    public let subscriptions: [Subscription]
    /// Oldest first, with those that were voided.
    public let grants: [Grant]
    /// Oldest first.
    public let payments: [Payment]
    /// In order.
    public let events: [Event]
    /// What the person was told, or is to be.
    public let messages: [OutboxMessage]
    /// What the person opened, oldest first.
    public let reads: [ArticleReadRecord]
    /// What the site knew the person by before she signed up.
    public let visitors: [Visitor]
    /// Jobs that have failed with the account.
    public let failures: [JobFailure]
    /// The same about the accounts that have become part of this one.
    public let merged: [AccountExport]
    /// The time for which this holds.
    public let at: Timestamp

    /// An address.
    public struct Address: Equatable, Sendable {
        /// What two spellings of it have in common.
        public let canonical: String
        /// When the one trial of the person was begun, as the ledger has it; nil when it was not.
        public let trialStartedAt: Timestamp?
    }

    /// A visitor that the person was.
    public struct Visitor: Equatable, Sendable {
        /// Which, and until when.
        public let visitor: LinkedVisitor
        /// What she opened by then, oldest first.
        public let reads: [ArticleReadRecord]
    }
}

extension AccountService {
    /// Everything that is held about a person, of one moment.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`, `account_erased`; `key_missing` and
    ///   `key_mismatch` until the key has been read once.
    public func export(_ reference: AccountReference) async throws -> AccountExport {
        let key = try ledgerKey.load()
        return try await store.read { tx in
            let account = try tx.account(reference)
            try tx.requirePresent(account)
            return try tx.export(
                account, merged: tx.accounts(mergedInto: account.id).map { try tx.export($0, merged: [], key) }, key)
        }
    }
}

extension ReadTransaction {
    fileprivate func export(_ account: Account, merged: [AccountExport], _ key: LedgerKey) throws -> AccountExport {
        let addresses = try canonicalEmails(of: account.id).map { email in
            AccountExport.Address(
                canonical: email, trialStartedAt: try trialStart(identityHMACs: [key.identity(ofCanonicalEmail: email)])
            )
        }
        let visitors = try visitors(of: account.id).map {
            AccountExport.Visitor(visitor: $0, reads: try allReads(of: $0))
        }
        return AccountExport(
            account: account, addresses: addresses, suspensions: try suspensions(of: account.id),
            subscriptions: try subscriptions(of: account.id), grants: try allGrants(of: account.id),
            payments: try payments(of: account.id), events: try events(of: account.id),
            messages: try outboxMessages(to: account.id), reads: try allReads(of: account.id), visitors: visitors,
            failures: try jobFailures(of: account.id), merged: merged, at: now)
    }
}
