import Crypto
package import Membership

extension ReadTransaction {
    /// An account's payments, oldest first.
    package func payments(of account: Identifier<Account>) throws -> [Payment] {
        try sql.query(
            "SELECT \(paymentColumns) FROM payments WHERE account_id = $1 ORDER BY payment_id", [account],
            Payment.init(row:))
    }

    /// The payment that was recorded under a reference, and whose it is; nil when there is none.
    package func payment(reference: String) throws -> (account: Identifier<Account>, payment: Payment)? {
        let key = try sql.first(
            "SELECT account_id, payment_id FROM payment_references WHERE reference_sha256 = $1", [digest(reference)]
        ) { row in (account: try row.identifier(0) as Identifier<Account>, payment: try row.integer(1)) }
        guard let key else { return nil }
        return try sql.first(
            "SELECT \(paymentColumns) FROM payments WHERE account_id = $1 AND payment_id = $2",
            [key.account, key.payment]
        ) { row in (key.account, try Payment(row: row)) }
    }
}

extension WriteTransaction {
    /// An identifier for a payment to be written down.
    package func newPaymentIdentifier() -> Identifier<Payment> { newIdentifier() }

    /// Writes a payment down. Its reference must be new.
    package func insertPayment(
        _ id: Identifier<Payment>, of account: Identifier<Account>, for subscription: Identifier<Subscription>,
        amount: Money, periods: Int,
        reference: String
    ) throws -> Payment {
        let payment = Payment(
            id: id, subscriptionID: subscription, amount: amount, periods: periods, reference: reference,
            actor: actor, recordedAt: now)
        try sql.submit(
            """
            INSERT INTO payments (account_id, payment_id, subscription_id, amount_minor, currency, periods, reference,
                actor, recorded_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                account, payment.id, subscription, amount.amountMinor, amount.currency.code, periods, reference,
                actor.name, now,
            ])
        try sql.submit(
            "INSERT INTO payment_references (reference_sha256, account_id, payment_id) VALUES ($1, $2, $3)",
            [digest(reference), account, payment.id])
        return payment
    }

    /// Removes what the payments of these accounts are known by.
    package func removePaymentReferences(of accounts: [Identifier<Account>]) throws {
        let list = placeholders(accounts.count)
        let references = try sql.query(
            "SELECT reference FROM payments WHERE reference IS NOT NULL AND account_id IN (\(list))", accounts
        ) { try $0.text(0) }
        for reference in references {
            try sql.submit("DELETE FROM payment_references WHERE reference_sha256 = $1", [digest(reference)])
        }
        try sql.submit("UPDATE payments SET reference = NULL WHERE account_id IN (\(list))", accounts)
    }
}

private func digest(_ reference: String) -> String {
    SHA256.hash(data: Array(reference.utf8)).hexadecimal
}

private let paymentColumns =
    "payment_id, subscription_id, amount_minor, currency, periods, reference, actor, recorded_at"

extension Payment {
    fileprivate init(row: any SQLRow) throws {
        self.init(
            id: try row.identifier(0), subscriptionID: try row.identifier(1),
            amount: Money(amountMinor: try row.integer(2), currency: Currency(stored: try row.text(3))),
            periods: try row.count(4), reference: try row.optionalText(5), actor: Actor(stored: try row.text(6)),
            recordedAt: try row.timestamp(7))
    }
}
