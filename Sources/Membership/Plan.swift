/// What one can subscribe to, in one published version. A version never changes.
public struct PlanVersion: Equatable, Sendable {
    /// The plan's name, such as `membership`.
    public let plan: Slug
    /// Counted from 1.
    public let version: Int
    /// How many times twenty-four hours are free.
    public let trialDays: Int
    /// What a month costs; nil while no price is set.
    public let price: Money?
    /// What a subscriber is entitled to.
    public let entitlements: [Entitlement]

    /// Makes a version of a plan.
    public init(plan: Slug, version: Int, trialDays: Int, price: Money?, entitlements: [Entitlement]) {
        self.plan = plan
        self.version = version
        self.trialDays = trialDays
        self.price = price
        self.entitlements = entitlements
    }

    /// How long a trial lasts: `trialDays` times twenty-four hours, whatever the calendar does.
    public var trialLength: TimeSpan { .days(trialDays) }
}
