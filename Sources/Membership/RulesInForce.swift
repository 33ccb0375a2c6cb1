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

/// The rules of a chain of targets, whatever their interval, and what they say at each moment.
package final class RuleSet: Sendable {
    /// The rules.
    package let rules: [AccessRule]
    /// Whether anything can be metered at any time, as far as they go.
    let canBeMetered: Bool
    private let chain: [RuleTarget]
    private let title: Slug
    private let kept: KeptPhases<RulesInForce>

    /// Brings rules together.
    ///
    /// - Parameters:
    ///   - chain: the targets, nearest first.
    ///   - title: the one that they are of.
    ///   - start: from when on they will be asked about often, so that what they say when is worked out once.
    package init(_ chain: [RuleTarget], of title: Slug, rules: [AccessRule], keptFrom start: Timestamp? = nil) {
        self.rules = rules
        self.chain = chain
        self.title = title
        canBeMetered = rules.contains { $0.settings?.terms?.access == .metered }
        kept = KeptPhases(
            from: start, changingAt: rules.map(\.interval.startsAt) + rules.compactMap(\.interval.endsAt)
        ) { moment in
            RulesInForce(chain, of: title, rules: rules, at: moment)
        }
    }

    func inForce(at moment: Timestamp) -> RulesInForce {
        kept.phase(at: moment)?.value ?? RulesInForce(chain, of: title, rules: rules, at: moment)
    }
}

/// What holds from a moment on, worked out once for what will be asked about often.
struct KeptPhases<Value: Sendable>: Sendable {
    struct Phase: Sendable {
        let value: Value
        let interval: Interval
    }

    /// What holds at first; nil when it is worked out each time.
    private let first: Phase?
    /// What holds after it.
    private let later: [Phase]

    /// - Parameters:
    ///   - start: nil when nothing is to be kept.
    ///   - boundaries: when something else may hold, in any order.
    init(from start: Timestamp?, changingAt boundaries: [Timestamp], _ make: (Timestamp) -> Value) {
        guard let start else {
            (first, later) = (nil, [])
            return
        }
        let ahead = boundaries.contains { $0 > start } ? Set(boundaries.lazy.filter { $0 > start }).sorted() : []
        func phase(_ start: Timestamp, until end: Timestamp?) -> Phase {
            Phase(value: make(start), interval: Interval(from: start, until: end))
        }
        first = phase(start, until: ahead.first)
        later = ahead.indices.prefix(KeptPhases.mostLater).map { index in
            phase(ahead[index], until: index + 1 < ahead.count ? ahead[index + 1] : nil)
        }
    }

    private static var mostLater: Int { 16 }

    func phase(at moment: Timestamp) -> Phase? {
        if let first, first.interval.contains(moment) { return first }
        return later.first { $0.interval.contains(moment) }
    }
}
