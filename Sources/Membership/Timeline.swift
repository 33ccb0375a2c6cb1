/// What there is to know of an account's past, in one list: what happened, what it was given, what it paid, and what
/// its owner was told.
public struct TimelineEntry: Equatable, Sendable {
    /// When it was written down.
    public let time: Timestamp
    /// What.
    public let what: What
    /// What there is to say of it, for people.
    public let details: String
    /// Who did it; nil when that is said by the event beside it.
    public let actor: Actor?
    /// Why, in the words of whoever did it.
    public let reason: String?

    /// What a line can tell of.
    public enum What: Equatable, Sendable {
        /// Something happened.
        case event(Event.Kind)
        /// Money came in.
        case payment
        /// A right was found not to be one.
        case grantVoided
        /// A right was given.
        case grantGiven
        /// A message was written.
        case messageWritten
        /// A message was delivered.
        case messageDelivered
        /// A message could not be delivered.
        case messageGivenUp

        /// `event`, `payment`, `grant` or `message`.
        public var subject: String {
            switch self {
            case .event: "event"
            case .payment: "payment"
            case .grantVoided, .grantGiven: "grant"
            case .messageWritten, .messageDelivered, .messageGivenUp: "message"
            }
        }

        /// What became of the subject: `trial.started`, `given`, `delivered`.
        public var name: String {
            switch self {
            case .event(let kind): kind.rawValue
            case .payment: "recorded"
            case .grantVoided: "voided"
            case .grantGiven: "given"
            case .messageWritten: "written"
            case .messageDelivered: "delivered"
            case .messageGivenUp: "given_up"
            }
        }

        /// Of one moment, what follows from something stands behind it.
        fileprivate var rank: Int {
            switch self {
            case .event: 0
            case .payment: 1
            case .grantVoided: 2
            case .grantGiven: 3
            case .messageWritten: 4
            case .messageDelivered, .messageGivenUp: 5
            }
        }
    }
}

/// What became of a message.
package struct SentMessage: Equatable, Sendable {
    package let message: Message
    /// The event that it tells of.
    package let eventSequence: Int64
    package let createdAt: Timestamp
    package let deliveredAt: Timestamp?
    /// When it was given up.
    package let deadAt: Timestamp?
    package let lastError: String?
    /// The file it went to; nil when it went to a server.
    package let destination: String?

    package init(
        message: Message, eventSequence: Int64, createdAt: Timestamp, deliveredAt: Timestamp? = nil,
        deadAt: Timestamp? = nil, lastError: String? = nil, destination: String? = nil
    ) {
        self.message = message
        self.eventSequence = eventSequence
        self.createdAt = createdAt
        self.deliveredAt = deliveredAt
        self.deadAt = deadAt
        self.lastError = lastError
        self.destination = destination
    }
}

extension TimelineEntry {
    /// Everything in the order in which it was written down.
    package static func timeline(
        events: [Event], grants: [Grant], payments: [Payment], messages: [SentMessage]
    ) -> [TimelineEntry] {
        // Of one moment, a right that was given and voided in it stands before what replaced it.
        let (passing, lasting) = (
            grants.filter { $0.voidedAt == $0.recordedAt }, grants.filter { $0.voidedAt != $0.recordedAt }
        )
        let ranked =
            (events.map(TimelineEntry.init) + payments.map(TimelineEntry.init) + lasting.flatMap(entries(of:))
            + messages.flatMap(entries(of:))).map { (entry: $0, rank: $0.what.rank) }
            + passing.flatMap(entries(of:)).map { (entry: $0, rank: What.grantVoided.rank) }
        return ranked.enumerated().sorted { left, right in
            (left.element.entry.time, left.element.rank, left.offset)
                < (right.element.entry.time, right.element.rank, right.offset)
        }.map(\.element.entry)
    }

    /// A line for an event.
    package init(_ event: Event) {
        self.init(
            time: event.recordedAt, what: .event(event.kind), details: event.summary, actor: event.actor,
            reason: event.reason)
    }

    private init(_ payment: Payment) {
        self.init(
            time: payment.recordedAt, what: .payment,
            details: "\(payment.amount) for \(payment.periods) \(payment.periods == 1 ? "period" : "periods")"
                + (payment.reference.map { ", reference \($0)" } ?? ""),
            actor: payment.actor, reason: nil)
    }

    private static func entries(of grant: Grant) -> [TimelineEntry] {
        let interval = "from \(grant.interval.startsAt)" + (grant.interval.endsAt.map { " until \($0)" } ?? "")
        let details = "\(grant.entitlement.name) by \(grant.source.rawValue), \(interval)"
        let given = TimelineEntry(
            time: grant.recordedAt, what: .grantGiven, details: details, actor: nil, reason: grant.reason)
        guard let voidedAt = grant.voidedAt else { return [given] }
        return [
            given, TimelineEntry(time: voidedAt, what: .grantVoided, details: details, actor: nil, reason: nil),
        ]
    }

    private static func entries(of sent: SentMessage) -> [TimelineEntry] {
        let name = sent.message.rawValue
        var entries = [
            TimelineEntry(time: sent.createdAt, what: .messageWritten, details: name, actor: nil, reason: nil)
        ]
        if let deliveredAt = sent.deliveredAt {
            let place = sent.destination.map { " to \($0)" } ?? ""
            entries.append(
                TimelineEntry(
                    time: deliveredAt, what: .messageDelivered, details: name + place, actor: nil, reason: nil))
        }
        if let deadAt = sent.deadAt {
            let why = sent.lastError.map { ": \($0)" } ?? ""
            entries.append(
                TimelineEntry(time: deadAt, what: .messageGivenUp, details: name + why, actor: nil, reason: nil))
        }
        return entries
    }
}

extension Event {
    /// What it did to the subscription, and from when, when that is not the time of its recording.
    package var summary: String {
        var parts: [String] = []
        let details = details
        if let after = details.subscription {
            let before = details.from.flatMap(Subscription.Status.init(rawValue:))?.rawValue ?? after.status
            let change = before == after.status ? before : "\(before) → \(after.status)"
            parts.append("\(change), \(after.plan)@\(after.version)")
            switch Subscription.Status(rawValue: after.status) {
            case .trialing: if let end = after.trialEnd { parts.append("free until \(end)") }
            case .active, .pastDue: if let end = after.currentPeriodEnd { parts.append("period until \(end)") }
            case .paused: if let end = after.pauseUntil { parts.append("until \(end)") }
            case .canceled, .expired, nil: break
            }
            if let plan = after.nextPlan, let version = after.nextVersion {
                parts.append("to become \(plan)@\(version)")
            }
        }
        if effectiveAt != recordedAt { parts.append("in force since \(effectiveAt)") }
        return parts.joined(separator: ", ")
    }
}
