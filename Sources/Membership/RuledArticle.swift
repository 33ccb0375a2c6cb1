/// An article, the rules it is under, and what these make of it at each moment.
public final class RuledArticle: Sendable {
    /// Which article.
    public let article: Article
    /// The rules of the article, its section, its title and everything, whatever their interval.
    public let rules: [AccessRule]
    /// The last moment at which rules can make something else of it with no one doing anything: most articles have
    /// changed for the last time long ago.
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
        let boundaries = ArticleAccess.boundaries(of: article, rules: rules)
        lastBoundary = boundaries.max() ?? Timestamp(milliseconds: .min)
        guard let start else {
            (first, later) = (nil, [])
            return
        }
        let ahead = Set(boundaries.lazy.filter { $0 > start }).sorted()
        func kept(_ start: Timestamp, until end: Timestamp?) -> KeptPhase {
            KeptPhase(
                phase: ArticlePhase(ArticleAccess(of: article, rules: rules, at: start)),
                interval: Interval(from: start, until: end))
        }
        first = kept(start, until: ahead.first)
        later = ahead.prefix(RuledArticle.mostLater).indices.map { index in
            kept(ahead[index], until: index + 1 < ahead.count ? ahead[index + 1] : nil)
        }
    }

    private static let mostLater = 16

    /// The earliest moment after another at which rules can make something else of it with no one doing anything; nil
    /// when there is none.
    package func nextBoundary(after moment: Timestamp) -> Timestamp? {
        guard moment < lastBoundary else { return nil }
        if let kept = kept(at: moment) { return kept.interval.endsAt }
        return ArticleAccess.boundaries(of: article, rules: rules).lazy.filter { $0 > moment }.min()
    }

    /// What the rules make of it at a moment.
    package func phase(at moment: Timestamp) -> ArticlePhase {
        kept(at: moment)?.phase ?? ArticlePhase(ArticleAccess(of: article, rules: rules, at: moment))
    }

    private func kept(at moment: Timestamp) -> KeptPhase? {
        if let first, first.interval.contains(moment) { return first }
        return later.first { $0.interval.contains(moment) }
    }
}

/// What rules make of an article for a while.
package final class ArticlePhase: Sendable {
    package let access: ArticleAccess

    init(_ access: ArticleAccess) {
        self.access = access
    }
}
