/// A change of what a rule says. Whatever is not given stays as it is.
public struct RuleChange: Hashable, Sendable {
    /// How far it is open.
    public var access: AccessLevel?
    /// Whether nothing is said any more of how far it is open, of when it is free and of what opens it, but for what
    /// this change says.
    public var removesAccess = false
    /// Free for so long after its publication.
    public var freeFor: SettingChange<TimeSpan> = .keep
    /// Free from so long after its publication on.
    public var freeAfter: SettingChange<TimeSpan> = .keep
    /// What opens it, in place of all that did.
    public var requires: [Entitlement]?
    /// Nobody reads it before.
    public var embargoUntil: SettingChange<Timestamp> = .keep
    /// Whether nobody reads it at all.
    public var isWithdrawn: Bool?
    /// Articles a month for a visitor who is known by an id.
    public var anonymousAllowance: Int?
    /// Articles a month for a reader with an account.
    public var registeredAllowance: Int?
    /// Whether it has no meter of its own any more, but for the allowances of this change.
    public var removesMeter = false
    /// How much of an article those see who may not read it.
    public var teaser: SettingChange<TeaserLength> = .keep

    /// Makes a change of nothing.
    public init() {}

    /// What is said after the change of what was said before.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when that is not a rule.
    package func applied(to before: RuleSettings?) throws(MembershipError) -> RuleSettings {
        let before = before ?? RuleSettings()
        var meter = removesMeter ? nil : before.meter
        if anonymousAllowance != nil || registeredAllowance != nil {
            meter = try MeterAllowance(
                anonymous: anonymousAllowance ?? meter?.anonymous ?? 0,
                registered: registeredAllowance ?? meter?.registered ?? 0)
        }
        return RuleSettings(
            terms: try terms(after: removesAccess ? nil : before.terms),
            embargoUntil: embargoUntil.applied(to: before.embargoUntil),
            isWithdrawn: isWithdrawn ?? before.isWithdrawn, meter: meter, teaser: teaser.applied(to: before.teaser))
    }

    private func terms(after before: AccessTerms?) throws(MembershipError) -> AccessTerms? {
        let access = access ?? before?.access
        let freeFor = freeFor.applied(to: before?.freeFor)
        let freeAfter = freeAfter.applied(to: before?.freeAfter)
        let requires = requires ?? before?.requires ?? []
        guard let access else {
            guard freeFor == nil, freeAfter == nil, requires.isEmpty else {
                throw MembershipError(
                    .invalidInput, "The rule says when it is free or what opens it, and not how far it is open.",
                    remedy: "Give an access too: \(AccessLevel.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            return nil
        }
        return try AccessTerms(access: access, freeFor: freeFor, freeAfter: freeAfter, requires: requires)
    }
}
