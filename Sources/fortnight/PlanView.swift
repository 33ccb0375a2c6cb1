import Membership
import MembershipService

/// A version of a plan as JSON.
struct PlanVersionView: Encodable {
    let plan: String
    let version: Int
    let prices: [PriceView]
    let interval: String
    let trialDays: Int
    let graceDays: Int
    let entitlements: [String]
    @ExplicitNull var publishedAt: Timestamp?

    init(_ version: PlanVersion) {
        plan = version.plan.text
        self.version = version.version
        prices = version.terms.prices.map(PriceView.init)
        interval = version.terms.interval.description
        trialDays = version.terms.trialDays
        graceDays = version.terms.graceDays
        entitlements = version.terms.entitlements.map(\.name)
        publishedAt = version.publishedAt
    }
}

/// A price as JSON: the amount as text, so that nobody makes a floating point number of it.
struct PriceView: Encodable {
    let amount: String
    let currency: String

    init(_ price: Money) {
        amount = price.decimal
        currency = price.currency.code
    }
}

/// A plan with its versions as JSON.
struct PlanView: Encodable {
    struct Version: Encodable {
        let version: PlanVersionView
        let openSubscriptions: Int

        enum Key: CodingKey { case openSubscriptions }

        func encode(to encoder: any Encoder) throws {
            try version.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(openSubscriptions, forKey: .openSubscriptions)
        }
    }

    let plan: String
    @ExplicitNull var retiredAt: Timestamp?
    @ExplicitNull var publishedVersion: Int?
    @ExplicitNull var draftVersion: Int?
    let openSubscriptions: Int
    let versions: [Version]

    init(_ overview: PlanService.Overview) {
        let plan = overview.plan
        self.plan = plan.name.text
        retiredAt = plan.retiredAt
        publishedVersion = plan.published?.version
        draftVersion = plan.draft?.version
        openSubscriptions = overview.openSubscriptions.values.reduce(0, +)
        self.versions = plan.versions.map {
            Version(
                version: PlanVersionView($0), openSubscriptions: overview.openSubscriptions[$0.version] ?? 0)
        }
    }
}

/// A field of a plan that differs, as JSON.
struct PlanChangeView: Encodable {
    let field: String
    @ExplicitNull var before: String?
    @ExplicitNull var after: String?

    init(_ change: PlanDifference.Change) {
        field = change.field
        before = change.before
        after = change.after
    }
}

extension PlanDifference {
    /// A line a field: `price EUR: 9.99 → 10.99`.
    var lines: [String] {
        changes.map { "  \($0.field): \($0.before ?? "none") → \($0.after ?? "none")" }
    }
}

extension PlanTerms {
    /// The prices in one line.
    var priceList: String { prices.isEmpty ? "no price" : prices.map(\.description).joined(separator: ", ") }
    /// The entitlements in one line.
    var entitlementList: String { entitlements.map(\.name).joined(separator: ", ") }
}
