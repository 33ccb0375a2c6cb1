/// What the rules of a chain of targets say together at a moment, whatever the date of an article: articles with the
/// same rules share it.
final class RulesInForce: Sendable {
    let terms: AccessTerms
    let origin: RuleTarget
    /// Nearest target first.
    let embargoes: [(target: RuleTarget, until: Timestamp)]
    let withdrawnBy: RuleTarget?
    let unreadable: RuleTarget?
    let meter: RuleTarget
    let allowance: MeterAllowance
    let teaser: TeaserLength
    let teaserOrigin: RuleTarget
    let opening: [Entitlement]

    /// - Parameters:
    ///   - chain: the targets, nearest first.
    ///   - title: the one that they are of.
    ///   - rules: those of the targets, at least; others do no harm.
    init(_ chain: [RuleTarget], of title: Slug, rules: [AccessRule], at moment: Timestamp) {
        var (terms, origin): (AccessTerms?, RuleTarget) = (nil, .everything)
        var embargoes: [(target: RuleTarget, until: Timestamp)] = []
        var (withdrawnBy, unreadable): (RuleTarget?, RuleTarget?) = (nil, nil)
        var (allowance, meter): (MeterAllowance?, RuleTarget) = (nil, .everything)
        var (teaser, teaserOrigin): (TeaserLength?, RuleTarget) = (nil, .everything)
        for target in chain {
            let holding = RulesInForce.rules(of: target, holding: rules, at: moment)
            // Of several that hold at once, none counts more.
            if holding.count > 1 || holding.contains(where: { $0.settings == nil }) {
                unreadable = unreadable ?? target
            }
            guard let said = holding.first?.settings else { continue }
            if terms == nil, let nearest = said.terms { (terms, origin) = (nearest, target) }
            if let until = said.embargoUntil { embargoes.append((target, until)) }
            if said.isWithdrawn { withdrawnBy = withdrawnBy ?? target }
            if allowance == nil, let nearest = said.meter { (allowance, meter) = (nearest, target) }
            if teaser == nil, let nearest = said.teaser { (teaser, teaserOrigin) = (nearest, target) }
        }
        self.terms = terms ?? .standard
        self.origin = origin
        self.embargoes = embargoes
        self.withdrawnBy = withdrawnBy
        self.unreadable = unreadable
        self.meter = meter
        self.allowance = allowance ?? .none
        self.teaser = teaser ?? .standard
        self.teaserOrigin = teaserOrigin
        opening = self.terms.requires.isEmpty ? [.allTitles, .title(title)] : self.terms.requires
    }

    /// Whether it says the same, embargoes apart.
    func says(_ other: RulesInForce) -> Bool {
        (terms, origin) == (other.terms, other.origin) && withdrawnBy == other.withdrawnBy
            && unreadable == other.unreadable && (meter, allowance) == (other.meter, other.allowance)
            && (teaser, teaserOrigin) == (other.teaser, other.teaserOrigin) && opening == other.opening
    }

    /// The rules of a target that hold at a moment: one at most, unless somebody changed rows by hand.
    static func rules(of target: RuleTarget, holding rules: [AccessRule], at moment: Timestamp) -> [AccessRule] {
        rules.filter { $0.target == target && $0.interval.contains(moment) }
    }
}
