/// An article, the rules it is under, and what these make of it at each moment.
public final class RuledArticle: Sendable {
    /// Which article.
    public let article: Article
    /// The rules of the article, its section, its title and everything, whatever their interval.
    public let rules: [AccessRule]
    /// Every moment at which rules can make something else of it with no one doing anything, in order.
    private let boundaries: [Timestamp]
    /// Nothing comes after it: most articles have changed for the last time long ago.
    private let lastBoundary: Timestamp
    /// Whether it can be metered at any time, as far as the rules go.
    package let canBeMetered: Bool
    /// What holds from a moment on that will be asked about often, at hand; nil when it is worked out each time.
    private let first: KeptPhase?
    /// What holds after it.
    private let later: [KeptPhase]

    private struct KeptPhase {
        let phase: ArticlePhase
        let interval: Interval
    }

    /// Brings an article and its rules together.
    ///
    /// - Parameter start: from when on it will be asked about often, so that what holds when is worked out once.
    package init(_ article: Article, rules: [AccessRule], keptFrom start: Timestamp? = nil) {
        self.article = article
        self.rules = rules
        canBeMetered = rules.contains { $0.settings?.terms?.access == .metered }
        let boundaries = Set(ArticleAccess.boundaries(of: article, rules: rules)).sorted()
        self.boundaries = boundaries
        lastBoundary = boundaries.last ?? Timestamp(milliseconds: .min)
        let starts = start.map { start in [start] + boundaries.filter { $0 > start }.prefix(RuledArticle.mostLater) }
        let kept = (starts ?? []).map { start in
            KeptPhase(
                phase: ArticlePhase(ArticleAccess(of: article, rules: rules, at: start)),
                interval: Interval(from: start, until: boundaries.first { $0 > start }))
        }
        first = kept.first
        later = Array(kept.dropFirst())
    }

    private static let mostLater = 16

    /// The earliest moment after another at which rules can make something else of it with no one doing anything; nil
    /// when there is none.
    package func nextBoundary(after moment: Timestamp) -> Timestamp? {
        moment < lastBoundary ? boundaries.first { $0 > moment } : nil
    }

    /// What the rules make of it at a moment.
    package func phase(at moment: Timestamp) -> ArticlePhase {
        if let first, first.interval.contains(moment) { return first.phase }
        if let known = later.first(where: { $0.interval.contains(moment) }) { return known.phase }
        return ArticlePhase(ArticleAccess(of: article, rules: rules, at: moment))
    }
}

/// What rules make of an article for a while.
package final class ArticlePhase: Sendable {
    package let access: ArticleAccess

    init(_ access: ArticleAccess) {
        self.access = access
    }
}
