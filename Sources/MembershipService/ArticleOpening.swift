public import Membership
import MembershipStore

extension AccessService {
    /// What came of opening an article.
    public struct Opening: Equatable, Sendable {
        /// The decision, and whom and what it is about.
        public let answer: Answer
        /// The read that is recorded; nil when the reader was not let in.
        public let read: ArticleRead?
        /// Whether it had been recorded before, under the same client key.
        public let isRetry: Bool
        /// What the article says: all of it when the reader was let in.
        public let content: Content

        /// What the reader gets to see.
        public enum Content: Equatable, Sendable {
            /// The whole article.
            case whole(ArticleContent)
            /// Its beginning.
            case teaser(Teaser)
            /// Nothing: it is not out yet, or has been taken away.
            case nothing
        }
    }

    /// Opens an article for a reader: decides, records the read and spends the meter, or gives what she may see of it.
    ///
    /// Asking again under the same client key within ``ClientKey/lifetime`` is the same read: it is decided anew, and
    /// neither recorded nor counted again. Only where it is the meter that lets the reader in now, which had nothing to
    /// do with it before, it is another read, without the key.
    ///
    /// - Parameters:
    ///   - clientKey: what the reader's app calls this opening; nil makes every call a read of its own.
    ///   - seconds: how long the reader stayed, 0 to ``ArticleRead/mostSeconds``; a retry may say it later.
    /// - Throws: ``MembershipError`` with code `unknown_account`, `unknown_article`, `account_erased`,
    ///   `client_key_reused`, `invalid_input` for a reader of whom nothing is known, or seconds that are none; a denial
    ///   is not an error.
    public func open(
        reader: ReaderReference, article: ArticleReference, clientKey: ClientKey? = nil, seconds: Int? = nil
    ) async throws -> Opening {
        if let seconds, !(0...ArticleRead.mostSeconds).contains(seconds) {
            throw MembershipError(
                .invalidInput, "‘\(seconds)’ is not a number of seconds that somebody reads.",
                remedy: "Give 0 to \(ArticleRead.mostSeconds), a day.")
        }
        guard reader != .anonymous else { throw OpeningRequest.ofNobody }
        let request = OpeningRequest(reader: reader, article: article, clientKey: clientKey, seconds: seconds)
        let decided = try await key.whenNeeded { ledger in
            // Where others who write would have to wait for it, it is decided before, and nothing is written of a
            // denial.
            let first = store.engine.hasOneWriter ? try await store.read { tx in try tx.decide(request, ledger) } : nil
            if let first, !first.isToBeWritten { return first }
            return try await store.claim(.addition) { tx in try tx.open(request, decidedAs: first, ledger) }
        }
        let answer = decided.answer
        // What is cut is cut when no other writer waits for it.
        return Opening(
            answer: answer, read: decided.read, isRetry: decided.isRetry,
            content: answer.decision.allowed
                ? .whole(decided.known.content)
                : answer.decision.reason.showsTeaser
                    ? .teaser(Teaser(of: answer.article, decided.known.content, length: decided.teaser)) : .nothing)
    }
}

/// What is asked for.
private struct OpeningRequest: Sendable {
    let reader: ReaderReference
    let article: ArticleReference
    let clientKey: ClientKey?
    let seconds: Int?

    static let ofNobody = MembershipError(
        .invalidInput, "Nobody knows who ‘anonymous’ is, so that nothing can be recorded.",
        remedy: "Name the reader, or a visitor by an id.")
}

/// What is decided about an opening, and what came of it as far as the database knows.
private struct DecidedOpening: Sendable {
    var answer: AccessService.Answer
    let holder: ReadHolder
    /// What the article says.
    let known: KnownContent
    let teaser: TeaserLength
    /// The read that is recorded; nil while it is not, and when the reader is not let in.
    var read: ArticleRead?
    /// Whether that had been recorded before, under the same client key.
    var isRetry: Bool
    /// Whether it is known by now that the reader stayed longer.
    let isLonger: Bool
    /// What the read is recorded under; nil when that is another read's.
    let clientKey: ClientKey?
    /// What it was decided in, for a transaction that comes later.
    let state: SeenState?

    /// Whether there is something to write down.
    var isToBeWritten: Bool { answer.decision.allowed && (read == nil || isLonger) }

    /// Whether it would be decided alike in a transaction that comes later. What the meter has to do with is
    /// decided again: additions spend it.
    func stands(in tx: WriteTransaction) -> Bool {
        let decision = answer.decision
        guard !isRetry, decision.at <= tx.now, decision.nextChangeAt.map({ tx.now < $0 }) ?? true, let state
        else { return false }
        return decision.verdict.row.needsNoOffer && tx.sql.stillStands(state)
    }
}

extension ReadTransaction {
    /// Decides about an opening. In a transaction that writes, nothing happens to the reader, and nothing else is
    /// opened by her, before that is over.
    ///
    /// - Parameter known: what the article was known to say before.
    fileprivate func decide(
        _ request: OpeningRequest, _ ledger: LedgerAccess, known: KnownContent? = nil
    ) throws -> DecidedOpening {
        let reader = try held(request.reader)
        var (facts, owner) = try accessFacts(reader: reader, article: request.article, isFromNow: true)
        try requirePresent(owner, at: .now)
        guard let holder = ReadHolder(owner.facts) else { throw OpeningRequest.ofNobody }
        let answer = try judge(reader, owner.account, &facts, .now, ledger)
        var earlier: ArticleRead?
        if let clientKey = request.clientKey {
            earlier = try read(of: holder, clientKey: clientKey)
            if let earlier { try requireSame(earlier, answer.article, clientKey) }
            if !answer.decision.allowed { earlier = nil }
        }
        // What the meter has counted this month lets her in as opened before.
        let spendsMeter = earlier != nil && answer.decision.verdict.row == .metered
        if spendsMeter { earlier = nil }
        return DecidedOpening(
            answer: answer.asked(by: request.reader, at: now), holder: holder,
            known: try content(of: answer.article.id, known: known),
            teaser: facts.ruled.access(at: now).teaser, read: earlier, isRetry: earlier != nil,
            isLonger: isLonger(request.seconds, than: earlier), clientKey: spendsMeter ? nil : request.clientKey,
            state: sql.seenState)
    }

    fileprivate func isLonger(_ seconds: Int?, than read: ArticleRead?) -> Bool {
        guard let seconds, let read else { return false }
        return seconds > read.seconds ?? -1
    }

    /// By what the reader is found until this transaction ends. Of two devices that open the last one at once, the
    /// second sees that it is gone.
    private func held(_ reader: ReaderReference) throws -> ReaderReference {
        switch reader {
        case .anonymous: return reader
        case .visitor(let id, _):
            try takeTurn(of: id)
            return reader
        case .account(let name): return .account(try held(name))
        }
    }

    fileprivate func requireSame(_ read: ArticleRead, _ article: Article, _ key: ClientKey) throws {
        guard read.article == article.id else {
            throw MembershipError(
                .clientKeyReused,
                "The client key ‘\(key.text)’ was used at \(read.openedAt) for another article, "
                    + "\(read.article).", remedy: "Use a new key for each opening.")
        }
        guard now - read.openedAt < ClientKey.lifetime else {
            throw MembershipError(
                .clientKeyReused, "The client key ‘\(key.text)’ was used at \(read.openedAt) for this article.",
                remedy: "A key is for one opening and its retries within \(ClientKey.lifetime); use a new one.")
        }
    }
}

extension WriteTransaction {
    /// Records the read, or how long it lasted.
    ///
    /// - Parameter first: what was decided before this transaction; nil when nothing was.
    fileprivate func open(
        _ request: OpeningRequest, decidedAs first: DecidedOpening?, _ ledger: LedgerAccess
    ) throws -> DecidedOpening {
        var decided: DecidedOpening
        if let first, first.stands(in: self) {
            decided = first
            decided.answer = first.answer.asked(by: request.reader, at: now)
        } else {
            decided = try decide(request, ledger, known: first?.known)
        }
        guard decided.isToBeWritten else { return decided }
        if let earlier = decided.read {
            decided.read = try lengthened(earlier, of: decided.holder, request.seconds)
            return decided
        }
        decided.read = try insertRead(
            of: decided.holder, decided.answer.article, by: decided.answer.decision.verdict,
            clientKey: decided.clientKey, seconds: request.seconds)
        guard decided.read == nil, let clientKey = decided.clientKey else { return decided }
        // The same client has asked twice at once.
        guard let earlier = try read(of: decided.holder, clientKey: clientKey) else { return decided }
        try requireSame(earlier, decided.answer.article, clientKey)
        decided.read = try lengthened(earlier, of: decided.holder, request.seconds)
        decided.isRetry = true
        return decided
    }

    /// A retry may know better how long the reader stayed.
    private func lengthened(_ read: ArticleRead, of holder: ReadHolder, _ seconds: Int?) throws -> ArticleRead {
        guard let seconds, isLonger(seconds, than: read) else { return read }
        try update(read, of: holder, seconds: seconds)
        return ArticleRead(
            id: read.id, article: read.article, admittedBy: read.admittedBy, source: read.source, meter: read.meter,
            clientKey: read.clientKey, seconds: seconds, openedAt: read.openedAt)
    }
}
