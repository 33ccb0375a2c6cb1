public import Membership
import MembershipStore

extension AccountService {
    /// What a change of address led to.
    public struct EmailChange: Equatable, Sendable {
        /// The account as it is now.
        public let overview: Overview
        /// What was changed.
        public let extent: Extent

        /// How much a new address changes.
        public enum Extent: String, Sendable {
            /// Another address.
            case address
            /// Another spelling of the same.
            case spelling
            /// Nothing: it was that already.
            case nothing
        }
    }

    /// Gives an account another address. If the person has had a trial, the new address has had it too; the old one has
    /// had it still, whoever signs up with it next.
    ///
    /// - Throws: ``MembershipError`` with code `account_exists` when another account has the address,
    ///   `unknown_account`, `account_erased`, `invalid_input` for a reason that may not be kept; `key_missing` and
    ///   `key_mismatch` until the key has been read once.
    public func changeEmail(
        _ reference: AccountReference, to email: EmailAddress, reason: String? = nil
    ) async throws -> EmailChange {
        let reason = try reason.map { try PlainText.reason($0) }
        let key = try ledgerKey.load()
        return try await store.write { tx in
            let account = try tx.account(reference)
            try tx.requirePresent(account)
            if let owner = try tx.accountID(of: email), owner != account.id {
                throw MembershipError(
                    .accountExists, "‘\(email.typed)’ belongs to another account: \(owner).",
                    remedy: "If both are one person, fortnight account merge makes them one account.")
            }
            guard account.email != email.typed else {
                return EmailChange(overview: try tx.overview(of: account), extent: .nothing)
            }
            let before = try EmailAddress(parsing: account.email)
            let identities = try tx.canonicalEmails(of: account.id).map { key.identity(ofCanonicalEmail: $0) }
            try tx.changeEmail(of: account, to: email, from: before.canonical)
            if let since = try tx.trialStart(identityHMACs: identities) {
                try tx.insertTrialLedgerEntry(
                    identityHMAC: key.identity(ofCanonicalEmail: email.canonical), since: since)
            }
            let extent: EmailChange.Extent = before == email ? .spelling : .address
            var json = JSONText()
            json.add("extent", extent.rawValue)
            try tx.record(.emailChanged, account: account.id, reason: reason, data: json.text)
            return EmailChange(overview: try tx.overview(of: tx.account(.id(account.id))), extent: extent)
        }
    }
}
