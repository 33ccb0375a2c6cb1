public import Membership
import MembershipStore

extension TrialService {
    /// Whether a person could begin the one trial now, and whom that is about.
    public struct EligibilityAnswer: Equatable, Sendable {
        /// The account that has the address; nil when there is none yet.
        public let account: Identifier<Account>?
        /// The answer, and every reason against.
        public let eligibility: TrialEligibility
        /// The time for which it holds.
        public let at: Timestamp
    }

    /// Says whether a person could begin the one trial now. She need not have an account. Nothing is written.
    ///
    /// - Parameter device: what the app knows the device by, when a device is to have one trial too.
    /// - Throws: ``MembershipError`` with code `key_missing` or `key_mismatch` until the key has been read once; a
    ///   refusal is not an error.
    public func eligibility(of email: EmailAddress, device: DeviceID? = nil) async throws -> EligibilityAnswer {
        let key = try ledgerKey.load()
        return try await store.read { tx in
            let id = try tx.accountID(of: email)
            let account = try id.map { try tx.account(.id($0)) }
            var obstacles: [TrialEligibility.Obstacle] = []
            let open = try id.flatMap { try tx.openSubscription(of: $0) }?.advanced(to: tx.now)
            if let id, let open, !open.status.isFinal { obstacles.append(.subscribed(id, open.status)) }
            let emails = try Set((id.map { try tx.canonicalEmails(of: $0) } ?? []) + [email.canonical])
            let identities = emails.map { key.identity(ofCanonicalEmail: $0) }
            if let since = try tx.trialStart(identityHMACs: identities) { obstacles.append(.hadTrial(since: since)) }
            if let device, let since = try tx.trialStart(identityHMACs: [key.identity(ofDevice: device)]) {
                obstacles.append(.deviceHadTrial(since: since))
            }
            let current = try account.map { try EmailAddress(parsing: $0.email) } ?? email
            if let domain = try tx.askDisposable(current.domain).first() { obstacles.append(.disposableDomain(domain)) }
            let offered = try tx.publishedVersion(ofPlan: DefaultPlan.name)
            if offered.map({ $0.terms.trialDays == 0 || $0.terms.entitlements.isEmpty }) ?? true {
                obstacles.append(.notOffered(plan: DefaultPlan.name))
            }
            return EligibilityAnswer(account: id, eligibility: TrialEligibility(obstacles: obstacles), at: tx.now)
        }
    }
}
