public import Membership
import MembershipStore

/// Articles as operators and editors see them. How they come in is in `FeedImport.swift`.
public struct ArticleService: Sendable {
    let store: Store

    /// An article, and what the rules make of it.
    public struct Listing: Equatable, Sendable {
        /// The article.
        public let article: Article
        /// What the rules make of it now.
        public let access: ArticleAccess
    }

    /// The newest articles.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_title`.
    public func list(title: Slug? = nil, section: String? = nil, limit: PageLimit) async throws -> [Listing] {
        try await store.read { tx in
            if let title, try tx.title(title) == nil { throw unknownTitle(title) }
            let articles = try tx.articles(title: title, section: section, limit: limit.count)
            let rules = try tx.rules(of: articles)
            return articles.map { Listing(article: $0, access: ArticleAccess(of: $0, rules: rules, at: tx.now)) }
        }
    }

    /// An article and what it says.
    public struct Entry: Equatable, Sendable {
        /// The article.
        public let article: Article
        /// What the rules make of it now.
        public let access: ArticleAccess
        /// What it says.
        public let content: ArticleContent
    }

    /// One article.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_article`.
    public func entry(_ reference: ArticleReference) async throws -> Entry {
        try await store.read { tx in try tx.entry(of: tx.article(reference)) }
    }

    /// Gives an article a rule of its own from now on; what its rule said of an embargo stays.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_article`.
    public func setAccess(_ reference: ArticleReference, to access: AccessLevel) async throws -> Listing {
        var change = RuleChange()
        change.access = access
        return try await store.write { [change] tx in
            let article = try tx.article(reference)
            try tx.setRule(
                for: .article(article.key), during: Interval(from: tx.now, until: nil), reason: nil
            ) { before in try change.applied(to: before) }
            return Listing(
                article: article, access: ArticleAccess(of: article, rules: try tx.rules(of: [article]), at: tx.now))
        }
    }

    /// Puts an editor's words before the feed's, which an import then leaves alone.
    ///
    /// - Parameters:
    ///   - summary: nil leaves it as it is; empty lets the feed's show again.
    ///   - keyPoints: nil leaves them as they are; empty lets the feed's show again.
    /// - Throws: ``MembershipError`` with code `unknown_article` or `invalid_input`.
    public func edit(
        _ reference: ArticleReference, summary: String? = nil, keyPoints: [String]? = nil
    ) async throws -> Entry {
        if let keyPoints, keyPoints.count > 20 {
            throw MembershipError(
                .invalidInput, "\(keyPoints.count) key points are too many.", remedy: "Give at most 20.")
        }
        let summary = try summary.map { $0.isEmpty ? nil : try PlainText.checked($0, as: "a summary", longest: 2000) }
        let points = try keyPoints?.map { try PlainText.checked($0, as: "a key point", longest: 500) }
        return try await store.write { tx in
            let article = try tx.article(reference)
            if let summary { try tx.setEditedSummary(of: article.id, to: summary) }
            if let points { try tx.setEditedKeyPoints(of: article.id, to: points.isEmpty ? nil : points) }
            return try tx.entry(of: article)
        }
    }
}

extension ReadTransaction {
    fileprivate func entry(of article: Article) throws -> ArticleService.Entry {
        ArticleService.Entry(
            article: article, access: ArticleAccess(of: article, rules: try rules(of: [article]), at: now),
            content: try content(of: article.id).content)
    }
}

func unknownTitle(_ slug: Slug) -> MembershipError {
    MembershipError(
        .unknownTitle, "There is no title ‘\(slug)’.", remedy: "fortnight title list shows the titles there are.")
}
