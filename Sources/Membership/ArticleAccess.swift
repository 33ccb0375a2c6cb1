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
    /// The nearest target whose embargo that is; nil when it is the article's date.
    public let embargo: RuleTarget?
    /// The target that withdraws it.
    public let withdrawnBy: RuleTarget?
    /// The target whose rule cannot be understood, or that has several at once, of which none can be believed.
    public let unreadable: RuleTarget?
    /// Whose meter it is counted by: a title's, or everything's.
    public let meter: RuleTarget
    /// What that meter allows.
    public let allowance: MeterAllowance
    /// How much of it those see who may not read it.
    public let teaser: TeaserLength
    /// Where that comes from; `default` also where no rule says it.
    public let teaserOrigin: RuleTarget
    /// Any one of these opens it when it is metered or premium.
    public let opening: [Entitlement]

    /// Applies rules to an article.
    ///
    /// - Parameter rules: those of the article, its section, its title and everything, at least; others do no harm.
    public init(of article: Article, rules: [AccessRule], at moment: Timestamp) {
        self.init(
            RuleTarget.chain(of: article), title: article.key.title, datedAt: article.publishedAt, rules: rules,
            at: moment)
    }

    /// Applies rules to whatever of a title is published at the moment and has no rule nearer than the title's.
    ///
    /// - Parameter rules: those of the title and of everything, at least; others do no harm.
    package init(ofTitle title: Slug, rules: [AccessRule], at moment: Timestamp) {
        self.init([.title(title), .everything], title: title, datedAt: moment, rules: rules, at: moment)
    }

    private init(
        _ chain: [RuleTarget], title: Slug, datedAt date: Timestamp, rules: [AccessRule], at moment: Timestamp
    ) {
        var (settings, unreadable): ([(target: RuleTarget, settings: RuleSettings)], RuleTarget?) = ([], nil)
        for target in chain {
            let holding = ArticleAccess.rules(of: target, holding: rules, at: moment)
            if let said = holding.first?.settings { settings.append((target, said)) }
            if !ArticleAccess.areUnderstood(holding) { unreadable = unreadable ?? target }
        }
        self.unreadable = unreadable
        withdrawnBy = settings.first { $0.settings.isWithdrawn }?.target
        let embargoes = settings.compactMap { target, settings in
            settings.embargoUntil.map { (target: target, until: $0) }
        }
        let publishedAt = embargoes.map(\.until).reduce(date, max)
        self.publishedAt = publishedAt
        embargo = publishedAt > date ? embargoes.first { $0.until == publishedAt }?.target : nil
        let nearest = settings.first { $0.settings.terms != nil }
        terms = nearest?.settings.terms ?? .standard
        origin = nearest?.target ?? .everything
        level = terms.level(publishedAt: publishedAt, at: moment)
        let metered = settings.first { $0.settings.meter != nil }
        meter = metered?.target ?? .everything
        allowance = metered?.settings.meter ?? .none
        let cut = settings.first { $0.settings.teaser != nil }
        teaser = cut?.settings.teaser ?? .standard
        teaserOrigin = cut?.target ?? .everything
        opening = terms.requires.isEmpty ? [.allTitles, .title(title)] : terms.requires
    }

    /// The rules of a target that hold at a moment: one at most, unless somebody changed rows by hand.
    static func rules(of target: RuleTarget, holding rules: [AccessRule], at moment: Timestamp) -> [AccessRule] {
        rules.filter { $0.target == target && $0.interval.contains(moment) }
    }

    /// Whether it is known what the rules of one target that hold at one moment say. Of several, none counts more.
    static func areUnderstood(_ holding: [AccessRule]) -> Bool {
        holding.count <= 1 && holding.allSatisfy { $0.settings != nil }
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
