/// What differs between two terms of a plan, field by field, in the words of the catalog.
public struct PlanDifference: Hashable, Sendable {
    /// The fields that differ, in the order in which a plan is written down.
    public let changes: [Change]

    /// A field that differs.
    public struct Change: Hashable, Sendable {
        /// `price EUR`, `interval`, `trial_days`, `grace_days`, `entitlements`.
        public let field: String
        /// What it was; nil when there was nothing.
        public let before: String?
        /// What it is to be; nil when there is to be nothing.
        public let after: String?
    }

    /// Compares terms; `before` is nil for a plan that is new.
    public init(from before: PlanTerms?, to after: PlanTerms) {
        var changes: [Change] = []
        func compare(_ field: String, _ old: String?, _ new: String?) {
            if old != new { changes.append(Change(field: field, before: old, after: new)) }
        }
        let currencies = Set(((before?.prices ?? []) + after.prices).map(\.currency))
        for currency in currencies.sorted(by: { $0.code < $1.code }) {
            compare(
                "price \(currency.code)", before?.price(in: currency)?.decimal, after.price(in: currency)?.decimal)
        }
        compare("interval", before?.interval.description, after.interval.description)
        compare("trial_days", before.map { String($0.trialDays) }, String(after.trialDays))
        compare("grace_days", before.map { String($0.graceDays) }, String(after.graceDays))
        compare("entitlements", before?.entitlementNames, after.entitlementNames)
        self.changes = changes
    }

    /// Whether the terms are the same.
    public var isEmpty: Bool { changes.isEmpty }
}

extension PlanTerms {
    fileprivate var entitlementNames: String { entitlements.map(\.name).joined(separator: ", ") }
}
