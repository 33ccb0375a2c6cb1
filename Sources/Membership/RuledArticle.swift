/// An article, the rules it is under, and what these make of it at each moment.
package final class RuledArticle: Sendable {
    /// Which article.
    package let article: Article
    private let ruleSet: RuleSet
    /// The last moment at which rules can make something else of it with no one doing anything: most articles have
    /// changed for the last time long ago.
    private let lastBoundary: Timestamp
    private let kept: KeptPhases<ArticleAccess>

    /// The rules of the article, its section, its title and everything, whatever their interval.
    package var rules: [AccessRule] { ruleSet.rules }
    /// Whether it can be metered at any time, as far as the rules go. Said here too: a decision that looks at nothing
    /// else of the rules does not wait for them to come from memory.
    package let canBeMetered: Bool

    /// Brings an article and its rules together.
    ///
    /// - Parameter start: from when on it will be asked about often, so that what holds when is worked out once.
    package convenience init(_ article: Article, rules: [AccessRule], keptFrom start: Timestamp? = nil) {
        let chain = RuleTarget.chain(of: article)
        self.init(article, RuleSet(chain, of: article.key.title, rules: rules, keptFrom: start), keptFrom: start)
    }

    /// Brings an article and its rules together.
    ///
    /// - Parameters:
    ///   - set: the rules, which it may share with other articles that have none of their own either.
    ///   - start: from when on it will be asked about often, so that what holds when is worked out once.
    package init(_ article: Article, _ set: RuleSet, keptFrom start: Timestamp?) {
        self.article = article
        ruleSet = set
        canBeMetered = set.canBeMetered
        let boundaries = ArticleAccess.boundaries(of: article, rules: set.rules)
        lastBoundary = boundaries.max() ?? Timestamp(milliseconds: .min)
        kept = KeptPhases(from: start, changingAt: boundaries) { moment in
            ArticleAccess(set.inForce(at: moment), datedAt: article.publishedAt, at: moment)
        }
    }

    /// The earliest moment after another at which rules can make something else of it with no one doing anything; nil
    /// when there is none.
    package func nextBoundary(after moment: Timestamp) -> Timestamp? {
        guard moment < lastBoundary else { return nil }
        if let phase = kept.phase(at: moment) { return phase.interval.endsAt }
        return ArticleAccess.boundaries(of: article, rules: rules).lazy.filter { $0 > moment }.min()
    }

    /// What the rules make of it at a moment.
    package func access(at moment: Timestamp) -> ArticleAccess {
        kept.phase(at: moment)?.value
            ?? ArticleAccess(ruleSet.inForce(at: moment), datedAt: article.publishedAt, at: moment)
    }
}
