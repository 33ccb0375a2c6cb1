/// What the rules make of an article at a moment.
public struct ArticleAccess: Sendable {
    /// How far it is open at that moment.
    public let level: AccessLevel
    /// From when it may be read: its date, or the end of an embargo.
    public let publishedAt: Timestamp
    /// Whether that has come by the moment. Before it nobody reads it, whatever the level is.
    public let isOut: Bool
    private let date: Timestamp
    private let said: RulesInForce

    /// What its terms say, and whose terms they are; `default` also where there is no rule at all.
    public var terms: AccessTerms { said.terms }
    /// Where the terms come from.
    public var origin: RuleTarget { said.origin }
    /// The nearest target whose embargo that is; nil when it is the article's date.
    public var embargo: RuleTarget? {
        publishedAt > date ? said.embargoes.first { $0.until == publishedAt }?.target : nil
    }
    /// The target that withdraws it.
    public var withdrawnBy: RuleTarget? { said.withdrawnBy }
    /// The target whose rule cannot be understood, or that has several at once, of which none can be believed.
    public var unreadable: RuleTarget? { said.unreadable }
    /// Whose meter it is counted by: a title's, or everything's.
    public var meter: RuleTarget { said.meter }
    /// What that meter allows.
    public var allowance: MeterAllowance { said.allowance }
    /// How much of it those see who may not read it.
    public var teaser: TeaserLength { said.teaser }
    /// Where that comes from; `default` also where no rule says it.
    public var teaserOrigin: RuleTarget { said.teaserOrigin }
    /// Any one of these opens it when it is metered or premium.
    public var opening: [Entitlement] { said.opening }

    /// Applies rules to an article.
    ///
    /// - Parameter rules: those of the article, its section, its title and everything, at least; others do no harm.
    public init(of article: Article, rules: [AccessRule], at moment: Timestamp) {
        self.init(
            RulesInForce(RuleTarget.chain(of: article), of: article.key.title, rules: rules, at: moment),
            datedAt: article.publishedAt, at: moment)
    }

    /// Applies rules to whatever of a title is published at the moment and has no rule nearer than the title's.
    ///
    /// - Parameter rules: those of the title and of everything, at least; others do no harm.
    package init(ofTitle title: Slug, rules: [AccessRule], at moment: Timestamp) {
        self.init(
            RulesInForce([.title(title), .everything], of: title, rules: rules, at: moment), datedAt: moment,
            at: moment)
    }

    /// Applies what rules say to something with a date.
    init(_ said: RulesInForce, datedAt date: Timestamp, at moment: Timestamp) {
        self.said = said
        self.date = date
        publishedAt = said.embargoes.lazy.map(\.until).reduce(date, max)
        isOut = publishedAt <= moment
        level = said.terms.level(publishedAt: publishedAt, at: moment)
    }

    /// The earliest later moment at which rules make something else of an article, or its time comes, with no one doing
    /// anything; nil when there is none.
    package static func nextChange(of article: Article, rules: [AccessRule], after moment: Timestamp) -> Timestamp? {
        let now = ArticleAccess(of: article, rules: rules, at: moment)
        return boundaries(of: article, rules: rules).filter { $0 > moment }.sorted().first { boundary in
            let then = ArticleAccess(of: article, rules: rules, at: boundary)
            return then != now || then.isOut != now.isOut
        }
    }

    /// Every moment at which rules can make something else of an article with no one doing anything.
    static func boundaries(of article: Article, rules: [AccessRule]) -> [Timestamp] {
        // Any embargo and any terms may come together at some time.
        var boundaries = [article.publishedAt]
        boundaries.reserveCapacity(4 * rules.count + 1)
        for rule in rules {
            if let embargo = rule.settings?.embargoUntil { boundaries.append(embargo) }
        }
        let starts = boundaries
        for rule in rules {
            boundaries.append(rule.interval.startsAt)
            if let end = rule.interval.endsAt { boundaries.append(end) }
            guard let terms = rule.settings?.terms else { continue }
            for start in starts { boundaries += terms.boundaries(publishedAt: start) }
        }
        return boundaries
    }
}

extension ArticleAccess: Equatable {
    /// By what is made of the article, whatever the rules are by which it is.
    public static func == (left: ArticleAccess, right: ArticleAccess) -> Bool {
        left.level == right.level && left.publishedAt == right.publishedAt && left.embargo == right.embargo
            && (left.said === right.said || left.said.says(right.said))
    }
}
