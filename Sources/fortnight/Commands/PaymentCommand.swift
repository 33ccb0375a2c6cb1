import ArgumentParser
import Membership
import MembershipService

struct PaymentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payment", abstract: "What was paid, as an operator records it.",
        discussion: "Example:\n  fortnight payment record ada@example.com 9.99 EUR --reference INV-17",
        subcommands: [Record.self, List.self])

    struct Record: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "record", abstract: "Record a payment for periods of a subscription.",
            discussion: """
                It pays for the first period that is not paid for, and those after it. The same payment under the same reference is \
                recorded once; another under the same reference is refused.

                Example:
                  fortnight payment record ada@example.com 29.97 EUR --reference INV-17 --for 3
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        @Argument(help: "How much.")
        var amount: String

        @Argument(help: "In which currency, by its ISO 4217 code.")
        var currency: String

        @Option(help: ArgumentHelp("What the bank or the shop knows the payment by.", valueName: "reference"))
        var reference: String

        @Option(name: .customLong("for"), help: ArgumentHelp("How many periods it pays for.", valueName: "periods"))
        var periods = 1

        @Flag(help: "Take an amount other than the plan's price.")
        var anyAmount = false

        func perform() async throws {
            let services = try await global.services()
            let receipt = try await services.payments.record(
                AccountReference(parsing: account),
                NewPayment(
                    amount: Money(parsing: amount, currency: Currency(parsing: currency)), reference: reference,
                    periods: periods, takesAnyAmount: anyAmount))
            if global.json {
                try await global.console.document(
                    ReceiptView(
                        payment: PaymentView(receipt.payment), alreadyRecorded: receipt.wasKnown,
                        subscription: SubscriptionView(receipt.subscription, at: services.clock.read().now)))
                return
            }
            let payment = receipt.payment
            let periods = payment.periods == 1 ? "1 period" : "\(payment.periods) periods"
            global.console.line(
                receipt.wasKnown
                    ? "Already recorded at \(payment.recordedAt) as \(payment.id); nothing was done."
                    : "Recorded \(payment.amount) for \(periods) as \(payment.id).")
            global.console.line(receipt.subscription.sentence)
        }
    }

    struct List: AsyncCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List an account's payments, oldest first.",
            discussion: """
                Example:
                  fortnight payment list ada@example.com
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The account's address or id.")
        var account: String

        func perform() async throws {
            let payments = try await global.services().payments.list(AccountReference(parsing: account))
            if global.json {
                for payment in payments { try global.console.document(PaymentView(payment), onOneLine: true) }
                return
            }
            guard !payments.isEmpty else {
                global.console.note("There are no payments.")
                return
            }
            var table = Table("PAYMENT", "RECORDED", "AMOUNT", "PERIODS", "BY", "REFERENCE")
            for payment in payments {
                table.add(
                    payment.id.description, payment.recordedAt.rfc3339, payment.amount.description,
                    String(payment.periods), payment.actor.name, payment.reference ?? "(erased)")
            }
            global.console.line(table.text)
        }
    }
}

/// A payment as JSON.
struct PaymentView: Encodable {
    let id: String
    let subscription: String
    let amount: String
    let currency: String
    let periods: Int
    @ExplicitNull var reference: String?
    let recordedBy: String
    let recordedAt: Timestamp

    init(_ payment: Payment) {
        id = payment.id.description
        subscription = payment.subscriptionID.description
        amount = payment.amount.decimal
        currency = payment.amount.currency.code
        periods = payment.periods
        reference = payment.reference
        recordedBy = payment.actor.name
        recordedAt = payment.recordedAt
    }
}

private struct ReceiptView: Encodable {
    let payment: PaymentView
    let alreadyRecorded: Bool
    let subscription: SubscriptionView
}
