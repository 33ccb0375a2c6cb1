package import Membership

/// What is known of a reader, and which account is hers, if she has one.
package struct KnownReader: Sendable {
    package let facts: ReaderFacts
    /// Nil for a visitor.
    package let account: Identifier<Account>?
    /// Whether the account is known by now to have been erased, or to have become part of another.
    package let isGone: Bool

    package init(facts: ReaderFacts, account: Identifier<Account>?, isGone: Bool = false) {
        self.facts = facts
        self.account = account
        self.isGone = isGone
    }
}

/// Finds articles, each with the rules it is under.
package struct RuledArticles {
    fileprivate let tx: ReadTransaction
    /// Nil where all were asked for together.
    fileprivate let catalog: Catalog?
    fileprivate let found: [ArticleReference: RuledArticle]

    /// Nil when there is no such article.
    package func article(_ reference: ArticleReference) throws -> RuledArticle? {
        guard let catalog else { return found[reference] }
        do {
            return try catalog.article(reference) ?? tx.findRuledArticle(reference, in: catalog)
        } catch let error as MembershipError where error.code == .unknownArticle {
            return nil
        }
    }
}

extension ReadTransaction {
    /// What a decision about one article rests on, but for what is offered.
    ///
    /// - Parameters:
    ///   - isFromNow: whether nothing before now will be decided by them.
    ///   - known: what was known then; nil for now.
    /// - Throws: ``MembershipError`` with code `unknown_account` or `unknown_article`.
    package func accessFacts(
        reader reference: ReaderReference, article wanted: ArticleReference, isFromNow: Bool = false,
        asKnownAt known: Timestamp? = nil
    ) throws -> (facts: AccessFacts, reader: KnownReader) {
        if known == nil, let catalog = try sql.catalog() {
            let reader = try askReader(reference, isFromNow: isFromNow)
            let ruled = try catalog.article(wanted) ?? findRuledArticle(wanted, in: catalog)
            let known = try reader()
            return (AccessFacts(ruled, reader: known.facts), known)
        }
        guard known == nil, case .key(let key) = wanted else {
            let reader = try knownReader(reference, asKnownAt: known)
            let current = try article(wanted)
            let article = try known.map { try self.article(current, asKnownAt: $0) } ?? current
            let rules = try rules(of: RuleTarget.chain(of: article), asKnownAt: known)
            return (AccessFacts(article: article, rules: rules, reader: reader.facts), reader)
        }
        // Nothing has to be waited for before the rest is asked.
        let reader = try askReader(reference)
        let article = try askArticle(wanted)
        let rules = try askRules(
            of: [.article(key), .title(key.title), .everything], sectionsOf: [key.title], asKnownAt: nil)
        let known = try reader()
        let found = try found(article, wanted)
        // Which section it is in was not known when they were asked for.
        let chain = Set(RuleTarget.chain(of: found))
        let own = try rules.rows().compactMap(\.self).filter { chain.contains($0.target) }
        return (AccessFacts(article: found, rules: own, reader: known.facts), known)
    }

    /// What finds articles by their names, each with its rules.
    ///
    /// - Parameter wanted: all that will be asked for. They are asked for together where asking takes time.
    package func ruledArticles(
        _ wanted: () -> [ArticleReference], asKnownAt known: Timestamp? = nil
    ) throws -> RuledArticles {
        if known == nil, let catalog = try sql.catalog() {
            return RuledArticles(tx: self, catalog: catalog, found: [:])
        }
        var articles = try articles(Set(wanted()).sorted { $0.description < $1.description })
        if let known {
            for (reference, article) in articles {
                do {
                    articles[reference] = try self.article(article, asKnownAt: known)
                } catch let error as MembershipError where error.code == .unknownArticle {
                    articles[reference] = nil
                }
            }
        }
        let targets = Set(articles.values.flatMap(RuleTarget.chain(of:))).sorted { $0.name < $1.name }
        let rules = Dictionary(grouping: try rules(of: targets, asKnownAt: known), by: \.target)
        let ruled = articles.mapValues { article in
            RuledArticle(article, rules: RuleTarget.chain(of: article).flatMap { rules[$0] ?? [] })
        }
        return RuledArticles(tx: self, catalog: nil, found: ruled)
    }

    /// An article that is not remembered, and is from now on, with the rules it is under.
    fileprivate func findRuledArticle(_ wanted: ArticleReference, in catalog: Catalog) throws -> RuledArticle {
        let article = try article(wanted)
        let title = article.key.title
        let chain = RuleTarget.chain(of: article)
        let common = try catalog.rules(of: chain[1]) {
            let targets = Array(chain.dropFirst())
            return RuleSet(targets, of: title, rules: try rules(of: targets), keptFrom: now)
        }
        let mayHaveOwn = try catalog.mayHaveOwnRules(article.key) { try articlesWithOwnRules(of: title) }
        let own = try mayHaveOwn ? rules(of: article.key) : []
        let ruled =
            own.isEmpty
            ? RuledArticle(article, common, keptFrom: now)
            : RuledArticle(article, rules: own + common.rules, keptFrom: now)
        catalog.remember(ruled, as: wanted)
        return ruled
    }

    /// What is known of a reader.
    ///
    /// - Parameters: as of ``accessFacts(reader:article:isFromNow:asKnownAt:)``.
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    package func knownReader(
        _ reference: ReaderReference, isFromNow: Bool = false, asKnownAt known: Timestamp? = nil
    ) throws -> KnownReader {
        guard let known, case .account(let name) = reference else {
            return try askReader(reference, isFromNow: isFromNow)()
        }
        let account = try account(name)
        // Nobody had heard of her.
        guard account.createdAt <= known else { return KnownReader(facts: .anonymous, account: account.id) }
        let facts = AccountFacts(
            id: account.id, createdAt: account.createdAt, timeZone: account.timeZone,
            suspensions: try suspensions(of: account.id).compactMap { $0.asKnown(at: known) },
            grants: try allGrants(of: account.id).filter { $0.wasKnown(at: known) }.map { $0.asKnown(at: known) })
        return KnownReader(facts: .account(facts), account: account.id)
    }

    private func askReader(
        _ reference: ReaderReference, isFromNow: Bool = false
    ) throws -> () throws -> KnownReader {
        switch reference {
        case .anonymous: return { KnownReader(facts: .anonymous, account: nil) }
        case .visitor(let id, let zone): return { KnownReader(facts: .visitor(id, zone: zone), account: nil) }
        case .account(let name):
            if isFromNow, let reader = try askReaderFromNow(name) { return reader }
            let asked = try askBrief(name)
            // When the id is given, nothing has to be waited for before the rest is asked.
            let id = if case .id(let given) = name { given } else { try found(asked, name).id }
            let grants = try askGrants(of: id)
            return { [self] in try reader(found(asked, name), grants.rows()) }
        }
    }

    private func reader(_ account: Brief, _ grants: [Grant]) throws -> KnownReader {
        let facts = AccountFacts(
            id: account.id, createdAt: min(account.createdAt, now), timeZone: account.timeZone,
            suspensions: try suspensionsByNow(of: account.id, wasSuspended: account.wasSuspended),
            grants: caughtUp(grants))
        return KnownReader(facts: .account(facts), account: account.id, isGone: account.isGone)
    }

    /// What decisions of now and later need of a reader, on SQLite: of an account with grants without looking it up.
    /// Nil where there is no such address, and on other engines.
    ///
    /// Grants say that there is an account, and small indexes whether anything stands in the way. Its row is far from
    /// them in a large file (docs/decisions/0027).
    private func askReaderFromNow(_ name: AccountReference) throws -> (() throws -> KnownReader)? {
        guard sql.isSQLite else { return nil }
        let id: Identifier<Account>? =
            switch name {
            case .id(let id): id
            case .email(let email): try accountID(of: email)
            }
        guard let id else { return nil }
        guard let standing = try standing(of: id) else {
            let asked = try askBrief(.id(id))
            return { [self] in try reader(found(asked, .id(id)), []) }
        }
        let facts = AccountFacts(
            id: id, createdAt: now, timeZone: nil,
            suspensions: try suspensionsByNow(of: id, wasSuspended: standing.wasSuspended),
            grants: caughtUp(standing.grants))
        let known = KnownReader(facts: .account(facts), account: id, isGone: standing.isGone)
        return { known }
    }

    private func suspensionsByNow(of account: Identifier<Account>, wasSuspended: Bool) throws -> [Suspension] {
        wasSuspended ? try suspensions(of: account).map { $0.caughtUp(at: now) } : []
    }

    /// This transaction may have read its clock before another that wrote and has committed since, and that of another
    /// machine may be ahead: who is there now is there now, and what holds now holds now.
    private func caughtUp(_ grants: [Grant]) -> [Grant] {
        grants.contains { $0.recordedAt > now } ? grants.map { $0.caughtUp(at: now) } : grants
    }
}
