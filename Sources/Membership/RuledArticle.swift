/// An article, the rules it is under, and what these make of it at each moment.
public final class RuledArticle: Sendable {
    /// Which article.
    public let article: Article
    /// The rules of the article, its section, its title and everything, whatever their interval.
    public let rules: [AccessRule]
    /// Every moment at which rules can make something else of it with no one doing anything, in order.
    package let boundaries: [Timestamp]
    /// Whether it can be metered at any time, as far as the rules go.
    package let canBeMetered: Bool
    /// What holds from a moment on that will be asked about often, up to the boundary after it, and from each further
    /// one; empty when it is worked out each time.
    private let phases: [ArticlePhase]
    /// When each of them begins.
    private let starts: [Timestamp]

    /// Brings an article and its rules together.
    ///
    /// - Parameter start: from when on it will be asked about often, so that what holds when is worked out once.
    package init(_ article: Article, rules: [AccessRule], keptFrom start: Timestamp? = nil) {
        self.article = article
        self.rules = rules
        canBeMetered = rules.contains { $0.settings?.terms?.access == .metered }
        let boundaries = Set(ArticleAccess.boundaries(of: article, rules: rules)).sorted()
        self.boundaries = boundaries
        let starts = start.map { start in
            [start] + boundaries.filter { $0 > start }.prefix(RuledArticle.mostPhases)
        }
        self.starts = starts ?? []
        phases = self.starts.map { ArticlePhase(ArticleAccess(of: article, rules: rules, at: $0)) }
    }

    /// So many are worked out at most; the last of them must not stand for what comes after.
    private static let mostPhases = 16

    /// What the rules make of it at a moment.
    package func phase(at moment: Timestamp) -> ArticlePhase {
        if starts.count <= RuledArticle.mostPhases, let known = starts.lastIndex(where: { $0 <= moment }) {
            return phases[known]
        }
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
