import Foundation
import Membership
import MembershipMail
import MembershipStore

/// What a letter is made of: the message, whom it is to, and what was recorded when the event happened that it tells
/// of.
struct LetterFacts: Sendable {
    let message: OutboxMessage
    let account: Account
    /// As it was right after the event; nil when the event is not about one.
    let subscription: Subscription?
    /// When the event was recorded.
    let recordedAt: Timestamp
    /// What the reader last paid in; nil when she never has.
    let currency: Currency?

    /// The letter in words that depend on nothing but these facts, so that it is the same each time it is sent.
    func letter(site: Site) -> Letter {
        var values = [LetterKey: String]()
        values[.site] = site.name
        values[.siteURL] = site.url
        values[.name] = account.name
        if let subscription {
            values[.plan] = subscription.plan.text
            let price = price(of: subscription)
            switch message.message {
            case .welcome:
                values[.days] = String(subscription.terms.trialDays)
                add(subscription.trialEnd, to: &values)
            case .trialEnding:
                values[.days] = String(subscription.trialDaysLeft(at: recordedAt))
                values[.amount] = price
                add(subscription.trialEnd, to: &values)
            case .trialEnded:
                values[.amount] = price
                add(subscription.endedAt ?? subscription.trialEnd, to: &values)
            case .paymentOverdue:
                values[.days] = String(subscription.graceDaysLeft(at: recordedAt))
                values[.amount] = price
                add(subscription.currentPeriodStart, to: &values, withTime: false)
            case .renewal:
                // What was received may have been for several periods, or nothing: a letter says no more than it knows.
                add(subscription.currentPeriodEnd, to: &values, withTime: false)
            case .cancelScheduled:
                add(subscription.endsAt, to: &values)
            case .accessEnded:
                add(subscription.endedAt, to: &values)
            }
        }
        return Letter(
            message: message.message, language: account.language,
            values: Dictionary(uniqueKeysWithValues: values.map { ($0.key.rawValue, $0.value) }))
    }

    /// What a period costs, in what the reader last paid in, or in the one currency that there is.
    private func price(of subscription: Subscription) -> String? {
        let prices = subscription.terms.prices
        let price = currency.flatMap { subscription.terms.price(in: $0) } ?? (prices.count == 1 ? prices.first : nil)
        return price.flatMap { $0.amountMinor > 0 ? $0.description : nil }
    }

    private func add(_ moment: Timestamp?, to values: inout [LetterKey: String], withTime: Bool = true) {
        guard let moment else { return }
        let local = LetterDate(moment, zone: (try? Zone(stored: account.timeZone)) ?? .utc, language: account.language)
        values[.date] = local.date
        if withTime { values[.time] = local.time }
    }
}

/// What is said in letters of the site.
struct Site: Sendable {
    let name: String
    let url: String?
}

extension ReadTransaction {
    /// What is known of a message.
    ///
    /// - Throws: ``MembershipError`` when the account or the event cannot be read.
    func letterFacts(of message: OutboxMessage) throws -> LetterFacts {
        let reference = message.reference
        let account = try account(.id(reference.account))
        let events = try events(of: reference.account, from: reference.sequence, limit: 2)
        guard let event = events.first, event.sequence == reference.sequence else {
            throw MembershipError(
                .databaseDamaged, "The event of message \(reference) is not there.", remedy: "Run fortnight doctor.")
        }
        // Who signs up is welcomed to the free days that begin right then.
        let told =
            message.message == .welcome
            ? events.dropFirst().first { $0.kind == .trialStarted && $0.recordedAt == event.recordedAt } : event
        return LetterFacts(
            message: message, account: account, subscription: try told.flatMap { try subscription(in: $0) },
            recordedAt: event.recordedAt, currency: try lastPayment(of: account)?.amount.currency)
    }

    /// What was paid last for an account, or for one that has become part of it.
    private func lastPayment(of account: Account) throws -> Payment? {
        try ([account] + accounts(mergedInto: account.id)).compactMap { try payments(of: $0.id).last }
            .max { $0.recordedAt < $1.recordedAt }
    }

    /// The subscription as it was right after an event.
    private func subscription(in event: Event) throws -> Subscription? {
        struct Data: Decodable {
            let subscription: SubscriptionSnapshot?
        }
        let data = try JSONDecoder().decode(Data.self, from: Foundation.Data(event.data.utf8))
        return try data.subscription?.subscription(of: event.accountID) { plan, version in
            try self.version(version, ofPlan: plan)
        }
    }
}
