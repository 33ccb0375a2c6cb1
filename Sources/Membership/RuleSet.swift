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
