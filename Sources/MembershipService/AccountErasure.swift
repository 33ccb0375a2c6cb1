import Foundation
public import Membership
import MembershipMail
import MembershipStore

extension AccountService {
    /// What erasing an account led to.
    public struct Erasure: Equatable, Sendable {
        /// The account, then those that had become part of it.
        public let accounts: [Identifier<Account>]
        /// How many letters to it were removed from folders.
        public let lettersRemoved: Int
        /// When.
        public let erasedAt: Timestamp
        /// Whether the engine's own log was cleared at once; false when others were reading meanwhile, nil where that
        /// is not in our hands: a PostgreSQL server clears old rows and its log in its own time.
        public let isLogCleared: Bool?
    }

    /// Removes everything that names a person, from the account and those merged into it, and from the folders that
    /// letters to it were delivered into. What is left is that there was somebody, what happened when, what was paid,
    /// and the ledger's hash of the address.
    ///
    /// - Parameter reason: why; only a salted digest of it is kept, as of every reason of the account.
    /// - Throws: ``MembershipError`` with code `account_erased` when that was done before, `unreadable_file` when a
    ///   letter cannot be removed, `job_running` while a letter is on its way, `unknown_account`, `invalid_input`.
    public func erase(_ reference: AccountReference, reason: String) async throws -> Erasure {
        let reason = try PlainText.reason(reason)
        var removed: Set<String> = []
        // Between looking and erasing another letter may have been delivered.
        for _ in 0..<5 {
            let traces = try await traces(of: reference)
            let (id, known) = (traces.id, Set(traces.files))
            removed.formUnion(try known.filter(removeLetter))
            try await store.claim { tx in try tx.removeFromJobRuns(traces.emails) }
            let erased = try await store.write { tx in try tx.erase(id, knownFiles: known, reason: reason) }
            guard let erased else { continue }
            // An article that she was opening meanwhile has been recorded behind what the erasure saw.
            try await store.claim { tx in try tx.removeClientKeys(of: erased.accounts) }
            return Erasure(
                accounts: erased.accounts, lettersRemoved: removed.count, erasedAt: erased.at,
                isLogCleared: await isLogCleared())
        }
        throw MembershipError(
            .jobRunning, "Letters to ‘\(reference)’ are being delivered one after another.",
            remedy: "Try again when the job is through.")
    }

    /// What is outside her own rows: letters in folders, and what jobs have written down.
    private struct Traces: Sendable {
        let id: Identifier<Account>
        let files: [String]
        let emails: [String]
    }

    private func traces(of reference: AccountReference) async throws -> Traces {
        do {
            return try await store.read { tx in
                let account = try tx.account(reference)
                try tx.requirePresent(account)
                let accounts = try tx.accountsOfPerson(account.id)
                return Traces(
                    id: account.id, files: try tx.letterFiles(of: accounts),
                    emails: try tx.emailsInMessages(of: accounts))
            }
        } catch let error as MembershipError where error.code == .accountErased {
            // What could not be done then, or was kept from being cleared by others, is done now.
            try await store.claim { tx in
                let account = try tx.account(reference)
                try tx.removeClientKeys(of: tx.accountsOfPerson(account.id))
            }
            guard await isLogCleared() == false else { throw error }
            throw MembershipError(
                .databaseBusy, error.message + " What is left of it in the log could not be cleared: others read.",
                remedy: "End what reads for long, such as fortnight backup --to-dir, and run the command again.")
        }
    }

    /// - Returns: false when it was not there any more, and in a copy, where what is named is not its own.
    private func removeLetter(_ path: String) throws -> Bool {
        guard store.deployment.delivers else { return false }
        do {
            return try LetterFile.remove(path)
        } catch {
            throw MembershipError(
                .unreadableFile, error.text,
                remedy: "Nothing was erased from the database. Make the file removable, and erase again.")
        }
    }

    /// The erasure stands whatever becomes of this.
    private func isLogCleared() async -> Bool? {
        do {
            return try await store.engine.scrub()
        } catch {
            return false
        }
    }
}

extension ReadTransaction {
    /// An account and those merged into it.
    fileprivate func accountsOfPerson(_ id: Identifier<Account>) throws -> [Identifier<Account>] {
        try [id] + accounts(mergedInto: id).map(\.id)
    }
}

extension WriteTransaction {
    /// Erases an account and those merged into it.
    ///
    /// - Parameter knownFiles: the files of letters that have been removed.
    /// - Returns: nil, with nothing done, when there are other files.
    fileprivate func erase(
        _ id: Identifier<Account>, knownFiles: Set<String>, reason: String
    ) throws -> (accounts: [Identifier<Account>], at: Timestamp)? {
        let account = try account(.id(id))
        try requirePresent(account)
        let accounts = try accountsOfPerson(id)
        guard try !isDelivering(to: accounts) else {
            throw MembershipError(
                .jobRunning, "A letter to \(id) is being delivered at this moment.", remedy: "Try again in a minute.")
        }
        guard try knownFiles.isSuperset(of: letterFiles(of: accounts)) else { return nil }
        if let open = try openSubscription(of: id) {
            var life = SubscriptionLife(open)
            life.advance(to: now)
            if !life.subscription.status.isFinal { try life.cancel(now: true, at: now) }
            try record([life], isTold: false)
        }
        try voidGrants(of: accounts)
        // The reason goes with the others; that there was one stays in the chain.
        try record(accounts.map { NewEvent(.accountErased, account: $0, reason: reason) })
        try removePerson(of: accounts)
        return (accounts, now)
    }
}
