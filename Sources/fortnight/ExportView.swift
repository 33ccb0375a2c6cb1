import Membership
import MembershipService

/// Everything that is held about a person, as JSON. The keys are described in docs/identity.md, and stay.
struct ExportView: Encodable {
    let account: AccountView
    let addresses: [AddressView]
    let suspensions: [SuspensionView]
    let subscriptions: [JSONValue]
    let grants: [GrantView]
    let payments: [PaymentView]
    let events: [OwnEventView]
    let messages: [MessageView]
    let reads: [ReadRecordView]
    let visitors: [VisitorView]
    let failures: [FailureView]
    let merged: [ExportView]
    let at: Timestamp

    init(_ export: AccountExport) {
        account = AccountView(export.account)
        addresses = export.addresses.map(AddressView.init)
        suspensions = export.suspensions.map(SuspensionView.init)
        subscriptions = export.subscriptions.map { JSONValue(text: $0.snapshot.text) }
        grants = export.grants.map { GrantView($0, at: export.at) }
        payments = export.payments.map(PaymentView.init)
        events = export.events.map(OwnEventView.init)
        messages = export.messages.map(MessageView.init)
        reads = export.reads.map(ReadRecordView.init)
        visitors = export.visitors.map(VisitorView.init)
        failures = export.failures.map(FailureView.init)
        merged = export.merged.map(ExportView.init)
        at = export.at
    }

    struct AccountView: Encodable {
        let id: String
        @ExplicitNull var email: String?
        @ExplicitNull var name: String?
        let timeZone: String
        let language: String
        let createdAt: Timestamp
        @ExplicitNull var mergedInto: String?

        init(_ account: Account) {
            (id, name) = (account.id.description, account.name)
            email = account.email.isEmpty ? nil : account.email
            (timeZone, language, createdAt) = (account.timeZone, account.language.rawValue, account.createdAt)
            mergedInto = account.mergedInto?.description
        }
    }

    struct AddressView: Encodable {
        let canonical: String
        @ExplicitNull var trialStartedAt: Timestamp?

        init(_ address: AccountExport.Address) {
            (canonical, trialStartedAt) = (address.canonical, address.trialStartedAt)
        }
    }

    struct SuspensionView: Encodable {
        let since: Timestamp
        @ExplicitNull var until: Timestamp?
        let reason: String

        init(_ suspension: Suspension) {
            (since, until) = (suspension.interval.startsAt, suspension.interval.endsAt)
            reason = suspension.reason
        }
    }

    struct PaymentView: Encodable {
        let id: String
        let subscription: String
        let amountMinor: Int64
        let currency: String
        let periods: Int
        @ExplicitNull var reference: String?
        let actor: String
        let recordedAt: Timestamp

        init(_ payment: Payment) {
            (id, subscription) = (payment.id.description, payment.subscriptionID.description)
            (amountMinor, currency) = (payment.amount.amountMinor, payment.amount.currency.code)
            (periods, reference) = (payment.periods, payment.reference)
            (actor, recordedAt) = (payment.actor.name, payment.recordedAt)
        }
    }

    struct MessageView: Encodable {
        let message: String
        let event: Int64
        let createdAt: Timestamp
        let attempts: Int
        @ExplicitNull var dueAt: Timestamp?
        @ExplicitNull var deliveredAt: Timestamp?
        @ExplicitNull var deadAt: Timestamp?
        @ExplicitNull var lastError: String?
        @ExplicitNull var file: String?

        init(_ letter: OutboxMessage) {
            (message, event, createdAt) = (letter.message.rawValue, letter.reference.sequence, letter.createdAt)
            (attempts, dueAt, deliveredAt) = (letter.attempts, letter.dueAt, letter.deliveredAt)
            (deadAt, lastError, file) = (letter.deadAt, letter.lastError, letter.destination)
        }
    }

    struct VisitorView: Encodable {
        let visitor: String
        let linkedAt: Timestamp
        let reads: [ReadRecordView]

        init(_ linked: AccountExport.Visitor) {
            (visitor, linkedAt) = (linked.visitor.id.text, linked.visitor.linkedAt)
            reads = linked.reads.map(ReadRecordView.init)
        }
    }

    struct FailureView: Encodable {
        let job: String
        let attempts: Int
        let error: String
        let failedAt: Timestamp
        let retryAt: Timestamp

        init(_ failure: JobFailure) {
            (job, attempts, error) = (failure.job, failure.attempts, failure.error)
            (failedAt, retryAt) = (failure.failedAt, failure.retryAt)
        }
    }
}
