/// What a rule says. Whatever it does not say is said by the next target's rule.
public struct RuleSettings: Hashable, Sendable {
    /// How far it is open; the nearest target that says so decides.
    public let terms: AccessTerms?
    /// Nobody reads it before; the latest of all targets counts.
    public let embargoUntil: Timestamp?
    /// Whether nobody reads it at all; one target that says so is enough.
    public let isWithdrawn: Bool
    /// The meter its articles are counted by; only titles and everything have one.
    public let meter: MeterAllowance?
    /// How much of an article those see who may not read it; only titles and everything say so.
    public let teaser: TeaserLength?

    /// Brings settings together.
    public init(
        terms: AccessTerms? = nil, embargoUntil: Timestamp? = nil, isWithdrawn: Bool = false,
        meter: MeterAllowance? = nil, teaser: TeaserLength? = nil
    ) {
        self.terms = terms
        self.embargoUntil = embargoUntil
        self.isWithdrawn = isWithdrawn
        self.meter = meter
        self.teaser = teaser
    }

    /// Whether nothing is said.
    public var isEmpty: Bool { self == RuleSettings() }

    /// Makes sure that it can be kept, and understood when it is read again.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    package func requireSound() throws(MembershipError) {
        try embargoUntil?.requireWritable()
        try teaser?.requireSound()
    }

    /// Makes sure that a target may say this.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    package func requireFit(for target: RuleTarget) throws(MembershipError) {
        try requireSound()
        switch target {
        case .everything, .title: return
        case .section, .article:
            guard meter == nil, teaser == nil else {
                throw MembershipError(
                    .invalidInput, "‘\(target)’ cannot have \(meter == nil ? "a teaser" : "a meter") of its own.",
                    remedy: "Set it for its title, title:\(target.title?.text ?? ""), or for default.")
            }
        }
    }
}

extension RuleSettings: CustomStringConvertible {
    /// All that is said, in one line.
    public var description: String {
        var parts: [String] = []
        if let terms { parts.append(terms.description) }
        if let embargoUntil { parts.append("embargo until \(embargoUntil)") }
        if isWithdrawn { parts.append("withdrawn") }
        if let meter { parts.append("meter \(meter)") }
        if let teaser { parts.append("teaser \(teaser)") }
        return parts.isEmpty ? "nothing" : parts.joined(separator: "; ")
    }
}
