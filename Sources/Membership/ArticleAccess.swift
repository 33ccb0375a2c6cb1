/// What the rules make of an article at a moment.
public struct ArticleAccess: Equatable, Sendable {
    /// How far it is open at that moment.
    public let level: AccessLevel
    /// What its terms say, and whose terms they are; `default` also where there is no rule at all.
    public let terms: AccessTerms
    /// Where the terms come from.
    public let origin: RuleTarget
    /// From when it may be read: its date, or the end of an embargo.
    public let publishedAt: Timestamp
    /// The target that withdraws it.
    public let withdrawnBy: RuleTarget?
    /// The target whose rule cannot be understood.
    public let unreadable: RuleTarget?
    /// Whose meter it is counted by: a title's, or everything's.
    public let meter: RuleTarget
    /// What that meter allows.
    public let allowance: MeterAllowance
    /// How much of it those see who may not read it.
    public let teaser: TeaserLength
    /// Any one of these opens it when it is metered or premium.
    public let opening: [Entitlement]

    /// Applies rules to an article.
    ///
    /// - Parameter rules: those of the article, its section, its title and everything, at least; others do no harm.
    public init(of article: Article, rules: [AccessRule], at moment: Timestamp) {
        let chain = RuleTarget.chain(of: article)
        let holding = chain.compactMap { target in
            rules.first { $0.target == target && $0.interval.contains(moment) }
        }
        let settings = holding.compactMap { rule in rule.settings.map { (target: rule.target, settings: $0) } }
        unreadable = holding.first { $0.settings == nil }?.target
        withdrawnBy = settings.first { $0.settings.isWithdrawn }?.target
        publishedAt = settings.compactMap(\.settings.embargoUntil).reduce(article.publishedAt, max)
        let nearest = settings.first { $0.settings.terms != nil }
        terms = nearest?.settings.terms ?? .standard
        origin = nearest?.target ?? .everything
        level = terms.level(publishedAt: publishedAt, at: moment)
        let metered = settings.first { $0.settings.meter != nil }
        meter = metered?.target ?? .everything
        allowance = metered?.settings.meter ?? .none
        teaser = settings.lazy.compactMap(\.settings.teaser).first ?? .standard
        opening = terms.requires.isEmpty ? [.allTitles, .title(article.key.title)] : terms.requires
    }

    /// The earliest later moment at which rules make something else of an article, or its time comes, with no one doing
    /// anything; nil when there is none.
    package static func nextChange(of article: Article, rules: [AccessRule], after moment: Timestamp) -> Timestamp? {
        let now = ArticleAccess(of: article, rules: rules, at: moment)
        return boundaries(of: article, rules: rules).filter { $0 > moment }.sorted().first { boundary in
            let then = ArticleAccess(of: article, rules: rules, at: boundary)
            return then != now || (boundary >= then.publishedAt) != (moment >= now.publishedAt)
        }
    }

    /// Every moment at which rules can make something else of an article with no one doing anything.
    static func boundaries(of article: Article, rules: [AccessRule]) -> [Timestamp] {
        let settings = rules.compactMap(\.settings)
        // Any embargo and any terms may come together at some time.
        let starts = [article.publishedAt] + settings.compactMap(\.embargoUntil)
        let phases = settings.compactMap(\.terms).flatMap { terms in
            starts.flatMap { terms.boundaries(publishedAt: $0) }
        }
        return starts + phases + rules.map(\.interval.startsAt) + rules.compactMap(\.interval.endsAt)
    }
}
