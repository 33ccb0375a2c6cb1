import Membership

/// Plans and subscriptions for tests of the pure rules. The clock stands at the beginning of 2026, UTC.
enum SubscriptionFixture {
    static let start = Timestamp(milliseconds: 1_767_225_600_000)
    static let millisecond = TimeSpan(milliseconds: 1)
    static let all: [Entitlement] = [.allTitles]
    static let golem: [Entitlement] = [Entitlement(stored: "title:golem")]

    /// 9.99 EUR a month, fourteen days free, seven days' grace.
    static let monthly = plan("membership", 999, graceDays: 7)
    static let yearly = plan("yearly", 9900, interval: BillingInterval(stored: 1, .year), graceDays: 14, gives: golem)
    static let free = plan("gratis", 0, graceDays: 0, gives: golem)
    static let graceless = plan("thirty", 799, interval: BillingInterval(stored: 30, .day), graceDays: 0)

    static func plan(
        _ name: String, _ price: Int64, version: Int = 1, interval: BillingInterval = .month, graceDays: Int,
        gives: [Entitlement] = all
    ) -> PlanVersion {
        PlanVersion(
            plan: Slug(stored: name), version: version,
            terms: PlanTerms(
                stored: [Money(amountMinor: price, currency: Currency(stored: "EUR"))], interval: interval,
                trialDays: 14, graceDays: graceDays, entitlements: gives), publishedAt: start)
    }

    static func trial(_ plan: PlanVersion = monthly, at now: Timestamp = start, zone: Zone = .utc) -> Subscription {
        .trial(id: .init(rawValue: 1), of: .init(rawValue: 2), to: plan, zone: zone, at: now)
    }

    static func started(
        _ plan: PlanVersion = monthly, paid periods: Int = 1, at now: Timestamp = start, zone: Zone = .utc
    ) -> Subscription {
        .started(
            id: .init(rawValue: 1), of: .init(rawValue: 2), to: plan, zone: zone, paidPeriods: periods, at: now)
    }

    /// A subscription that is in a state at ``start``.
    static func subscription(_ status: Subscription.Status) throws -> Subscription {
        switch status {
        case .trialing: trial()
        case .active: started()
        case .pastDue: started(paid: 0)
        case .paused: try started().after { try $0.pause(until: nil, at: start) }
        case .canceled: try started().after { try $0.cancel(now: true, at: start) }
        case .expired: try trial().after { try $0.endTrial(at: start) }
        }
    }

    static func moment(_ text: String) throws -> Timestamp { try Timestamp(rfc3339: text) }
}

extension Subscription {
    /// What a command makes of it.
    func after(_ command: (inout SubscriptionLife) throws -> Void) rethrows -> Subscription {
        var life = SubscriptionLife(self)
        try command(&life)
        return life.subscription
    }

    /// What a command makes happen.
    func steps(_ command: (inout SubscriptionLife) throws -> Void) rethrows -> [SubscriptionTransition] {
        var life = SubscriptionLife(self)
        try command(&life)
        return life.steps.map(\.transition)
    }

    /// Whether an entitlement is promised at a moment.
    func gives(_ entitlement: Entitlement = .allTitles, at moment: Timestamp) -> Bool {
        promisedAccess.contains { $0.entitlement == entitlement && $0.interval.contains(moment) }
    }
}
