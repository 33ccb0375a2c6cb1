import Membership

/// What a connection remembers of what is published and offered: articles with their rules, and plans. It belongs to no
/// reader, changes seldom, and is asked for with every decision.
///
/// Triggers count every change of it in `deployment.catalog_version`, whoever makes it: when the count is another, all is
/// forgotten (docs/decisions/0020).
package final class Catalog {
    /// Whether it is known that all of this holds in the transaction under way.
    var isChecked = false
    private(set) var version: Int64?
    /// The articles asked for lately, and those asked for before them: whatever is asked for again is kept, and the rest
    /// goes when there are too many.
    private var (articles, earlier): ([ArticleReference: RuledArticle], [ArticleReference: RuledArticle]) = ([:], [:])
    /// The rules that articles have in common, by the nearest target of them.
    private var rules: [RuleTarget: RuleSet] = [:]
    /// The articles with rules of their own, by their title; nil for many.
    private var withOwnRules: [Slug: Set<ArticleKey>?] = [:]
    private var offers: Lasting<[PlanOffer]>?
    private var trialDays: [Slug: Lasting<Int>] = [:]
    private var published: [Slug: PlanVersion?] = [:]

    /// What holds for a while.
    private struct Lasting<Value> {
        let value: Value
        let interval: Interval
    }

    /// So many articles at most are remembered of either kind, with about half a kilobyte each. As many as a dictionary
    /// takes before it doubles: it has no room that stays empty.
    static let mostArticles = 49152

    /// Forgets what belongs to another version.
    func use(version: Int64?) {
        isChecked = true
        guard version != self.version || version == nil else { return }
        self.version = version
        (articles, earlier) = ([:], [:])
        (rules, withOwnRules) = ([:], [:])
        offers = nil
        trialDays = [:]
        published = [:]
    }

    /// Forgets all: what was read in a transaction that was taken back may never have been.
    func forget() {
        use(version: nil)
    }

    /// An article that is remembered.
    func article(_ reference: ArticleReference) -> RuledArticle? {
        if let known = articles[reference] { return known }
        guard let known = earlier[reference] else { return nil }
        remember(known, as: reference)
        return known
    }

    func remember(_ article: RuledArticle, as reference: ArticleReference) {
        if articles.count >= Catalog.mostArticles {
            swap(&articles, &earlier)
            // The room that they had is needed again.
            articles.removeAll(keepingCapacity: true)
        }
        articles[reference] = article
    }

    /// The rules of a target, and of those that are further from an article.
    func rules(of target: RuleTarget, _ find: () throws -> RuleSet) rethrows -> RuleSet {
        if let known = rules[target] { return known }
        let found = try find()
        rules[target] = found
        return found
    }

    /// Whether an article may have rules of its own.
    ///
    /// - Parameter find: finds the articles of its title that do; nil for more than are to be remembered.
    func mayHaveOwnRules(_ article: ArticleKey, _ find: () throws -> Set<ArticleKey>?) rethrows -> Bool {
        let found: Set<ArticleKey>?
        if let known = withOwnRules[article.title] {
            found = known
        } else {
            found = try find()
            withOwnRules[article.title] = .some(found)
        }
        return found?.contains(article) ?? true
    }

    /// What is offered at a moment.
    ///
    /// - Parameter find: finds it, and from when until when nothing else is offered by what is recorded.
    func offers(
        at moment: Timestamp, _ find: () throws -> (value: [PlanOffer], lasting: Interval)
    ) rethrows -> [PlanOffer] {
        if let known = offers, known.interval.contains(moment) { return known.value }
        let found = try find()
        offers = Lasting(value: found.value, interval: found.lasting)
        return found.value
    }

    /// The free days of a plan at a moment, found in the same way.
    func trialDays(
        of plan: Slug, at moment: Timestamp, _ find: () throws -> (value: Int, lasting: Interval)
    ) rethrows -> Int {
        if let known = trialDays[plan], known.interval.contains(moment) { return known.value }
        let found = try find()
        trialDays[plan] = Lasting(value: found.value, interval: found.lasting)
        return found.value
    }

    /// The newest published version of a plan.
    func published(of plan: Slug, _ find: () throws -> PlanVersion?) rethrows -> PlanVersion? {
        if let known = published[plan] { return known }
        let found = try find()
        published[plan] = .some(found)
        return found
    }
}
