public import Membership
import MembershipStore

/// A payment to be recorded.
public struct NewPayment: Sendable {
    /// How much.
    public let amount: Money
    /// What the bank or the shop knows it by; recorded once.
    public let reference: String
    /// For how many periods.
    public let periods: Int
    /// Whether an amount other than the plan's price is taken: a discount that was agreed elsewhere.
    public let takesAnyAmount: Bool

    /// Checks a payment.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` for an amount or a number of periods that none can be,
    ///   or a reference that cannot be kept.
    public init(amount: Money, reference: String, periods: Int, takesAnyAmount: Bool = false) throws {
        try SubscriptionLife.requirePayable(periods: periods)
        try amount.requirePayable()
        self.amount = amount
        self.reference = try PlainText.checked(reference, as: "a payment reference", longest: 200)
        self.periods = periods
        self.takesAnyAmount = takesAnyAmount
    }

    /// What the event says of it.
    func json(_ id: Identifier<Payment>) -> JSONText {
        var json = JSONText()
        json.add("payment", id.description)
        json.add("amount_minor", amount.amountMinor)
        json.add("currency", amount.currency.code)
        json.add("periods", periods)
        return json
    }

    /// Makes sure that the amount is what the periods cost.
    ///
    /// - Throws: ``MembershipError`` with code `amount_mismatch`.
    func requireAmount(for subscription: Subscription) throws {
        guard !takesAnyAmount else { return }
        let remedy = "If this was agreed, say so with --any-amount."
        let versions = subscription.versions(ofPeriods: periods)
        if let (version, _) = versions.first(where: { $0.version.terms.price(in: amount.currency) == nil }) {
            let currencies = version.terms.prices.map(\.currency.code).joined(separator: ", ")
            throw MembershipError(
                .amountMismatch,
                "\(version) has no price in \(amount.currency.code); its prices are in "
                    + (currencies.isEmpty ? "no currency." : currencies + "."), remedy: remedy)
        }
        guard let price = subscription.price(ofPeriods: periods, in: amount.currency), price != amount else { return }
        let what = versions.map { "\($0.periods) \($0.periods == 1 ? "period" : "periods") of \($0.version)" }
        throw MembershipError(
            .amountMismatch, "\(amount) is not what \(what.joined(separator: " and ")) cost: \(price).", remedy: remedy)
    }
}

/// What was paid, as an operator records it.
public struct PaymentService: Sendable {
    let store: Store

    /// What recording a payment led to.
    public struct Receipt: Equatable, Sendable {
        /// The payment.
        public let payment: Payment
        /// The subscription that it pays for, as it is now.
        public let subscription: Subscription
        /// Whether it had been recorded before, so that nothing was done.
        public let wasKnown: Bool
    }

    /// Records a payment for periods of an account's subscription, beginning with the first that is not paid for. The
    /// same payment under the same reference is recorded once.
    ///
    /// - Throws: ``MembershipError`` with code `reference_reused` when the reference is that of another payment,
    ///   `amount_mismatch`, `transition_forbidden`, `unknown_account`, `account_erased`, `unknown_subscription`,
    ///   `invalid_input` when it would be paid for beyond 2099.
    public func record(_ reference: AccountReference, _ new: NewPayment) async throws -> Receipt {
        try await store.write { tx in
            let account = try tx.account(reference)
            try tx.requirePresent(account)
            if let earlier = try tx.earlierPayment(new, of: account) {
                return Receipt(
                    payment: earlier, subscription: try tx.newestSubscription(of: account).advanced(to: tx.now),
                    wasKnown: true)
            }
            var life = SubscriptionLife(try tx.newestSubscription(of: account))
            life.advance(to: tx.now)
            if !life.subscription.status.isFinal { try new.requireAmount(for: life.subscription) }
            try life.pay(forPeriods: new.periods, at: tx.now)
            let id = tx.newPaymentIdentifier()
            let payment = try tx.insertPayment(id, new, for: life.subscription)
            try tx.record([life], data: new.json(id))
            return Receipt(payment: payment, subscription: life.subscription, wasKnown: false)
        }
    }

    /// An account's payments, oldest first.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    public func list(_ reference: AccountReference) async throws -> [Payment] {
        try await store.read { tx in try tx.payments(of: tx.account(reference).id) }
    }
}

extension ReadTransaction {
    /// The payment that was recorded before under the same reference; nil when there is none.
    ///
    /// - Throws: ``MembershipError`` with code `reference_reused` when that was another payment.
    func earlierPayment(_ new: NewPayment, of account: Account) throws -> Payment? {
        guard let earlier = try payment(reference: new.reference) else { return nil }
        let payment = earlier.payment
        guard try isPart(earlier.account, of: account.id), payment.amount == new.amount, payment.periods == new.periods
        else {
            throw MembershipError(
                .referenceReused,
                "Reference ‘\(new.reference)’ is that of another payment: \(payment.amount) for \(payment.periods) "
                    + "\(payment.periods == 1 ? "period" : "periods") of \(earlier.account), recorded at "
                    + "\(payment.recordedAt).",
                remedy: "Nothing was recorded. Give each payment its own reference.")
        }
        return payment
    }
}

extension ReadTransaction {
    /// Whether an account is another one, or has become part of it.
    private func isPart(_ account: Identifier<Account>, of other: Identifier<Account>) throws -> Bool {
        var account = account
        while account != other {
            guard let next = try self.account(.id(account)).mergedInto else { return false }
            account = next
        }
        return true
    }
}

extension WriteTransaction {
    func insertPayment(
        _ id: Identifier<Payment>, _ new: NewPayment, for subscription: Subscription
    ) throws -> Payment {
        try insertPayment(
            id, of: subscription.accountID, for: subscription.id, amount: new.amount, periods: new.periods,
            reference: new.reference)
    }
}
