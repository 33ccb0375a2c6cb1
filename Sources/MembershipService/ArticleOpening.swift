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
    /// neither recorded nor counted again.
    ///
    /// - Parameters:
    ///   - clientKey: what the reader's app calls this opening; nil makes every call a read of its own.
    ///   - seconds: how long the reader stayed, 0 to ``ArticleRead/mostSeconds``; a retry may say it later.
    /// - Throws: ``MembershipError`` with code `unknown_account`, `unknown_article`, `account_erased`, `client_key_reused`,
    ///   `invalid_input` for a reader of whom nothing is known, or seconds that are none; a denial is not an error.
    public func open(
        reader: ReaderReference, article: ArticleReference, clientKey: ClientKey? = nil, seconds: Int? = nil
    ) async throws -> Opening {
        if let seconds, !(0...ArticleRead.mostSeconds).contains(seconds) {
            throw MembershipError(
                .invalidInput, "‘\(seconds)’ is not a number of seconds that somebody reads.",
                remedy: "Give 0 to \(ArticleRead.mostSeconds), a day.")
        }
        // What is long is read before others who write would have to wait for it.
        let content = store.engine.hasOneWriter ? try await store.read { tx in try tx.knownContent(of: article) } : nil
        let opened = try await key.whenNeeded { ledger in
            try await store.claim { tx in
                try tx.open(reader, article, content, clientKey: clientKey, seconds: seconds, ledger)
            }
        }
        // What is cut is cut when no other writer waits for it.
        return Opening(
            answer: opened.answer, read: opened.read, isRetry: opened.isRetry,
            content: opened.answer.decision.allowed
                ? .whole(opened.content)
                : opened.answer.decision.reason.showsTeaser
                    ? .teaser(Teaser(of: opened.answer.article, opened.content, length: opened.teaser)) : .nothing)
    }
}

/// What came of opening an article, as far as the database knows.
private struct Opened: Sendable {
    let answer: AccessService.Answer
    let read: ArticleRead?
    let isRetry: Bool
    let content: ArticleContent
    let teaser: TeaserLength
}

extension WriteTransaction {
    fileprivate func open(
        _ asked: ReaderReference, _ reference: ArticleReference, _ known: KnownContent?, clientKey: ClientKey?,
        seconds: Int?, _ ledger: LedgerAccess
    ) throws -> Opened {
        let holder = try holder(asked)
        // By the account that is held, whoever has its address by now.
        let reader = if case .account(let id) = holder { ReaderReference.account(.id(id)) } else { asked }
        var (answer, facts) = try judge(reader, reference, .now, ledger)
        // Of two devices that open the last one at once, the second sees that it is gone.
        if answer.decision.reason == .metered, try takeTurnAtMeter(of: holder) {
            (answer, facts) = try judge(reader, reference, .now, ledger)
        }
        let content = try content(of: answer.article.id, known: known)
        let teaser = facts.ruled.access(at: now).teaser
        func opened(_ read: ArticleRead?, isRetry: Bool = false) -> Opened {
            Opened(
                answer: answer.asked(by: asked), read: read, isRetry: isRetry, content: content, teaser: teaser)
        }
        if let clientKey, let earlier = try read(of: holder, clientKey: clientKey) {
            try requireSame(earlier, answer.article, clientKey)
            guard answer.decision.allowed else { return opened(nil) }
            return opened(try lengthened(earlier, of: holder, seconds), isRetry: true)
        }
        guard answer.decision.allowed else { return opened(nil) }
        if let read = try insertRead(
            of: holder, answer.article, by: answer.decision.verdict, clientKey: clientKey, seconds: seconds)
        {
            return opened(read)
        }
        // The same client has asked twice at once.
        guard let clientKey, let earlier = try read(of: holder, clientKey: clientKey) else { return opened(nil) }
        try requireSame(earlier, answer.article, clientKey)
        return opened(try lengthened(earlier, of: holder, seconds), isRetry: true)
    }

    /// Whom the read will be of, an account that nobody takes away meanwhile.
    private func holder(_ reader: ReaderReference) throws -> ReadHolder {
        switch reader {
        case .visitor(let id, _): return .visitor(id)
        case .account(let name):
            let account = try heldAccount(name)
            try requirePresent(account)
            return .account(account.id)
        case .anonymous:
            throw MembershipError(
                .invalidInput, "Nobody knows who ‘anonymous’ is, so that nothing can be recorded.",
                remedy: "Name the reader, or a visitor by an id.")
        }
    }

    private func requireSame(_ read: ArticleRead, _ article: Article, _ key: ClientKey) throws {
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

    /// A retry may know better how long the reader stayed.
    private func lengthened(_ read: ArticleRead, of holder: ReadHolder, _ seconds: Int?) throws -> ArticleRead {
        guard let seconds, seconds > read.seconds ?? -1 else { return read }
        try update(read, of: holder, seconds: seconds)
        return ArticleRead(
            id: read.id, article: read.article, admittedBy: read.admittedBy, source: read.source, meter: read.meter,
            clientKey: read.clientKey, seconds: seconds, openedAt: read.openedAt)
    }
}
