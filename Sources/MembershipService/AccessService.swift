public import Membership
import MembershipStore

/// Who may read what, and why.
public struct AccessService: Sendable {
    let store: Store
    let key: KeptLedgerKey

    /// A decision, and whom and what it is about.
    public struct Answer: Sendable {
        /// The decision.
        public let decision: AccessDecision
        /// Who asked.
        public let reader: ReaderReference
        /// The reader's account; nil for a visitor who has not signed in.
        public let account: Identifier<Account>?
        /// The article asked for.
        public var article: Article { ruled.article }

        fileprivate let ruled: RuledArticle

        /// The same for whoever asked under another name of hers, up to when it changes.
        func asked(by reader: ReaderReference, at moment: Timestamp) -> Answer {
            Answer(decision: decision.asked(at: moment), reader: reader, account: account, ruled: ruled)
        }
    }

    /// The time that is asked about, and the state of knowledge.
    public struct Moment: Hashable, Sendable {
        /// The time asked about; nil for now, or for ``knownAt`` when that is given.
        public let at: Timestamp?
        /// What was known then counts, and nothing that was recorded later; nil for what is known now.
        public let knownAt: Timestamp?

        /// Names a time.
        public init(at: Timestamp? = nil, knownAt: Timestamp? = nil) {
            self.at = at
            self.knownAt = knownAt
        }

        /// Now, as it is known.
        public static let now = Moment()

        /// Whether it is now or later, as it is known now.
        func isFrom(_ now: Timestamp) -> Bool { knownAt == nil && at.map { $0 >= now } ?? true }
    }

    /// Decides whether a reader may open an article. Nothing is written, and nothing is spent.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account` or `unknown_article`, `account_erased` when the
    ///   account was erased or merged by the time asked about, `invalid_input` for knowledge of a time ahead; a denial
    ///   is not an error.
    public func check(
        reader: ReaderReference, article: ArticleReference, _ moment: Moment = .now
    ) async throws -> Answer {
        try await key.whenNeeded { ledger in
            try await store.read { tx in try tx.judge(reader, article, moment, ledger).answer }
        }
    }

    /// As ``check(reader:article:_:)``, with every rule, grant and count that was looked at.
    ///
    /// - Throws: ``MembershipError`` as ``check(reader:article:_:)``.
    public func explain(
        reader: ReaderReference, article: ArticleReference, _ moment: Moment = .now
    ) async throws -> (answer: Answer, explanation: AccessExplanation) {
        try await key.whenNeeded { ledger in
            try await store.read { tx in
                var (answer, facts) = try tx.judge(reader, article, moment, ledger)
                let at = answer.decision.at
                if facts.offer == nil { facts.offer = try tx.offer(for: facts, at: at, moment, ledger) }
                return (answer, AccessExplanation(facts, at: at))
            }
        }
    }
}

extension AccessService.Answer: Equatable {
    /// By the decision, the reader and the article, whatever rules it was come to by.
    public static func == (left: Self, right: Self) -> Bool {
        left.decision == right.decision && left.reader == right.reader && left.account == right.account
            && left.article == right.article
    }
}

extension ReadTransaction {
    /// A decision, and the facts that it was made of.
    func judge(
        _ reader: ReaderReference, _ article: ArticleReference, _ moment: AccessService.Moment, _ ledger: LedgerAccess
    ) throws -> (answer: AccessService.Answer, facts: AccessFacts) {
        if let known = moment.knownAt { try requireKnowable(known) }
        var (facts, known) = try accessFacts(
            reader: reader, article: article, isFromNow: moment.isFrom(now), asKnownAt: moment.knownAt)
        try requirePresent(known, at: moment)
        return (try judge(reader, known.account, &facts, moment, ledger), facts)
    }

    /// Makes sure that whoever asks about now or later has an account that is one still. What held before is answered
    /// for ever.
    ///
    /// - Throws: ``MembershipError`` with code `account_erased`.
    func requirePresent(_ known: KnownReader, at moment: AccessService.Moment) throws {
        guard known.isGone, let id = known.account, moment.isFrom(now) else { return }
        try requirePresent(account(.id(id)))
    }

    /// A decision by facts that may lack what is offered, and have it afterwards if it was needed.
    ///
    /// - Parameter isBatch: whether what is offered is to do for other articles too.
    func judge(
        _ reader: ReaderReference, _ account: Identifier<Account>?, _ facts: inout AccessFacts,
        _ moment: AccessService.Moment, _ ledger: LedgerAccess, isBatch: Bool = false
    ) throws -> AccessService.Answer {
        let at = moment.at ?? moment.knownAt ?? now
        let decision = try AccessRules.decide(
            &facts, at: at,
            spent: { facts in
                try isBatch || !facts.canBeMetered ? nil : spent(by: facts, at: at, moment)
            },
            offer: { facts in try offer(for: facts, at: at, moment, ledger, isBatch: isBatch) })
        return AccessService.Answer(decision: decision, reader: reader, account: account, ruled: facts.ruled)
    }

    /// What a reader has spent of meters.
    private func spent(by facts: AccessFacts, at moment: Timestamp, _ asked: AccessService.Moment) throws -> OfferFacts
    {
        func reads(of holder: ReadHolder, in zone: Zone) throws -> OfferFacts {
            let month = zone.month(containing: moment)
            guard asked == .now else {
                let known = asked.knownAt ?? now
                return OfferFacts(
                    zone: zone, reads: try meteredReads(of: holder, in: month, upTo: moment, knownAt: known))
            }
            let reads = try meteredReads(of: holder, in: month, upTo: nil, knownAt: nil).map { read in
                MeteredRead(article: read.article, meter: read.meter, openedAt: min(read.openedAt, moment))
            }
            return OfferFacts(zone: zone, reads: reads)
        }
        return switch facts.reader {
        case .anonymous: .nothing
        case .visitor(let visitor, let zone): try reads(of: .visitor(visitor), in: zone)
        case .account(let account):
            try reads(
                of: .account(account.id), in: Zone(stored: account.timeZone ?? timeZone(of: account.id)))
        }
    }

    /// What a reader has spent, unless that has been gathered, and what she could have.
    fileprivate func offer(
        for facts: AccessFacts, at moment: Timestamp, _ asked: AccessService.Moment, _ ledger: LedgerAccess,
        isBatch: Bool = false
    ) throws -> OfferFacts {
        let known = asked.knownAt ?? now
        let spent =
            try facts.offer
            ?? (facts.canBeMetered || isBatch ? spent(by: facts, at: moment, asked) : .nothing)
        guard case .account(let account) = facts.reader else {
            return OfferFacts(
                zone: spent.zone, reads: spent.reads,
                trialDays: try trialDaysOnOffer(plan: DefaultPlan.name, at: known))
        }
        return OfferFacts(
            zone: spent.zone, reads: spent.reads, subscription: try subscription(of: account.id, at: moment, asked),
            trialDays: try account.createdAt > moment
                // Before she signed up she had the plan's to come.
                ? trialDaysOnOffer(plan: DefaultPlan.name, at: known) : trialDays(for: account, at: known, ledger),
            plans: try planOffers(at: known))
    }

    /// The free days that the owner of an account could begin.
    private func trialDays(for account: AccountFacts, at moment: Timestamp, _ ledger: LedgerAccess) throws -> Int {
        if account.grants.contains(where: { $0.source == .trial }) { return 0 }
        let days = try trialDaysOnOffer(plan: DefaultPlan.name, at: moment)
        return try days > 0 && hasLeftTrial(account.id, at: moment, ledger) ? days : 0
    }

    /// The subscription that had not ended: as it is recorded, or as events tell it of another time.
    private func subscription(
        of account: Identifier<Account>, at moment: Timestamp, _ asked: AccessService.Moment
    ) throws -> Subscription? {
        if asked.knownAt == nil, moment >= now { return try openSubscription(of: account) }
        let past = try PastSubscription(
            events: events(of: account), at: moment, knownAt: asked.knownAt ?? now,
            version: { try version($1, ofPlan: $0) })
        guard case .known(let subscription) = past else { return nil }
        return subscription.status.isFinal ? nil : subscription
    }

    /// Whether the one trial of a person is still to be had. Nobody is promised one while the ledger cannot be asked.
    private func hasLeftTrial(_ id: Identifier<Account>, at moment: Timestamp, _ ledger: LedgerAccess) throws -> Bool {
        guard let key = try ledger.key() else { return false }
        let account = try account(.id(id))
        let identities = try canonicalEmails(of: id).map { key.identity(ofCanonicalEmail: $0) }
        if let since = try trialStart(identityHMACs: identities), since <= moment { return false }
        // An account that was erased or merged has no address, and nothing to begin.
        guard let email = try? EmailAddress(parsing: account.email) else { return false }
        return try askDisposable(email.domain).first() == nil
    }
}
