import Membership
import MembershipService
import MembershipStore
import TestSupport

/// What the tests of identity have in common.
func email(_ text: String) throws -> EmailAddress { try EmailAddress(parsing: text) }

/// The error that a body throws; nil when it throws none.
func failure(_ body: () async throws -> Void) async throws -> MembershipError? {
    do {
        try await body()
        return nil
    } catch let error as MembershipError {
        return error
    }
}

extension TestDatabase {
    /// A plan of a month for 9.99 EUR, without free days.
    func addPaidPlan(_ name: String = "paid") async throws -> Slug {
        let plan = try Slug(parsing: name)
        let price = Money(amountMinor: 999, currency: try Currency(parsing: "EUR"))
        let terms = try PlanTerms(prices: [price], trialDays: 0, graceDays: 7, entitlements: [.allTitles])
        try await store().write { tx in
            try tx.insertPlan(plan)
            try tx.insert(PlanVersion(plan: plan, version: 1, terms: terms, publishedAt: tx.now))
        }
        return plan
    }

    /// Begins a subscription that so many months are paid for.
    @discardableResult
    func subscribe(
        _ account: Identifier<Account>, to plan: Slug, months: Int = 1, reference: String
    ) async throws -> Subscription {
        let amount = Money(amountMinor: 999 * Int64(months), currency: try Currency(parsing: "EUR"))
        return try await services.subscriptions.start(
            .id(account), plan: plan, payment: NewPayment(amount: amount, reference: reference, periods: months)
        ).subscription
    }
}
