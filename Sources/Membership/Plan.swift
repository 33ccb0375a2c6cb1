/// A plan: what one can subscribe to. What it costs and gives is in its versions.
public struct Plan: Equatable, Sendable {
    /// Its name, such as `membership`.
    public let name: Slug
    /// Since when nobody can subscribe to it any more; nil while one can.
    public let retiredAt: Timestamp?
    /// First version first; the last may be a draft.
    public let versions: [PlanVersion]

    /// Makes a plan.
    public init(name: Slug, retiredAt: Timestamp?, versions: [PlanVersion]) {
        self.name = name
        self.retiredAt = retiredAt
        self.versions = versions
    }

    /// The version that new subscribers get; nil before the first is published.
    public var published: PlanVersion? { versions.last { $0.publishedAt != nil } }
    /// The version that has not been published yet.
    public var draft: PlanVersion? { versions.last { $0.publishedAt == nil } }
}

/// One version of a plan. Once published it never changes.
public final class PlanVersion: Sendable {
    /// The plan's name, such as `membership`.
    public let plan: Slug
    /// Counted from 1.
    public let version: Int
    /// What it costs and gives.
    public let terms: PlanTerms
    /// When it was published; nil for a draft.
    public let publishedAt: Timestamp?

    /// Makes a version of a plan.
    public init(plan: Slug, version: Int, terms: PlanTerms, publishedAt: Timestamp?) {
        self.plan = plan
        self.version = version
        self.terms = terms
        self.publishedAt = publishedAt
    }
}

extension PlanVersion: Hashable {
    /// By what they say.
    public static func == (left: PlanVersion, right: PlanVersion) -> Bool {
        left === right
            || (left.plan, left.version, left.publishedAt) == (right.plan, right.version, right.publishedAt)
                && left.terms == right.terms
    }

    /// By the plan and the number.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(plan)
        hasher.combine(version)
    }
}

extension PlanVersion: CustomStringConvertible {
    /// The name and the version: `membership@2`.
    public var description: String { "\(plan)@\(version)" }
}

/// What a version of a plan costs and gives.
public struct PlanTerms: Hashable, Sendable {
    /// What a period costs, at most once in each currency, in the order of their codes; none while no price is set.
    public let prices: [Money]
    /// How long a period is.
    public let interval: BillingInterval
    /// How many times twenty-four hours are free.
    public let trialDays: Int
    /// For how many times twenty-four hours an unpaid period gives access.
    public let graceDays: Int
    /// What a subscriber is entitled to, in the order of their names.
    public let entitlements: [Entitlement]

    /// Checks what a plan is to cost and give.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` for days that are out of bounds, a grace that is not
    ///   shorter than the shortest period, a price that none can be, a currency twice, some prices of zero beside
    ///   others, or no entitlement.
    public init(
        prices: [Money], interval: BillingInterval = .month, trialDays: Int, graceDays: Int,
        entitlements: [Entitlement]
    ) throws(MembershipError) {
        guard (0...365).contains(trialDays) else {
            throw MembershipError(
                .invalidInput, "‘\(trialDays)’ is not a number of trial days.",
                remedy: "Give 0 to 365; 0 offers no trial.")
        }
        guard (0..<interval.fewestDays).contains(graceDays) else {
            throw MembershipError(
                .invalidInput, "‘\(graceDays)’ is not a number of grace days for a period of \(interval).",
                remedy: "Give 0 to \(interval.fewestDays - 1): a grace ends before the next period begins.")
        }
        for price in prices { try price.requirePayable() }
        var currencies: Set<Currency> = []
        for price in prices where !currencies.insert(price.currency).inserted {
            throw MembershipError(
                .invalidInput, "There are two prices in \(price.currency.code).", remedy: "Give one for each currency.")
        }
        let free = prices.filter { $0.amountMinor == 0 }
        guard free.isEmpty || free.count == prices.count else {
            throw MembershipError(
                .invalidInput, "The plan is free in \(free[0].currency.code), and not in every currency.",
                remedy: "Make it free in all, or in none.")
        }
        guard !entitlements.isEmpty else {
            throw MembershipError(
                .invalidInput, "The plan entitles to nothing.", remedy: "Name what it gives, such as all-titles.")
        }
        self.init(
            stored: prices, interval: interval, trialDays: trialDays, graceDays: graceDays, entitlements: entitlements)
    }

    /// Takes terms that were checked before they were stored.
    package init(
        stored prices: [Money], interval: BillingInterval, trialDays: Int, graceDays: Int, entitlements: [Entitlement]
    ) {
        self.prices = prices.sorted { $0.currency.code < $1.currency.code }
        self.interval = interval
        self.trialDays = trialDays
        self.graceDays = graceDays
        self.entitlements = Set(entitlements).sorted { $0.name < $1.name }
    }

    /// How long a trial lasts: `trialDays` times twenty-four hours, whatever the calendar does.
    public var trialLength: TimeSpan { .days(trialDays) }
    /// How long an unpaid period gives access.
    public var graceLength: TimeSpan { .days(graceDays) }
    /// Whether its periods cost nothing, and so need no payment.
    public var isFree: Bool { !prices.isEmpty && prices.allSatisfy { $0.amountMinor == 0 } }

    /// What a period costs in a currency; nil when it has no price in it.
    public func price(in currency: Currency) -> Money? {
        prices.first { $0.currency == currency }
    }
}
