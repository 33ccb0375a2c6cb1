import Membership

/// An event as JSON, and whose it is.
typealias EventView = JoinedView<EventAccountView, OwnEventView>

extension EventView {
    init(_ event: Event) {
        self.init(EventAccountView(account: event.accountID.description), OwnEventView(event))
    }
}

/// Whose an event is.
struct EventAccountView: Encodable {
    let account: String
}

/// An event of one account, as JSON, with its data as the object that it is.
struct OwnEventView: Encodable {
    let sequence: Int64
    let kind: String
    @ExplicitNull var subscription: String?
    let actor: String
    @ExplicitNull var reason: String?
    let data: JSONValue
    let effectiveAt: Timestamp
    let recordedAt: Timestamp

    init(_ event: Event) {
        sequence = event.sequence
        kind = event.kind.rawValue
        subscription = event.subscriptionID?.description
        actor = event.actor.name
        reason = event.reason
        data = JSONValue(text: event.data)
        effectiveAt = event.effectiveAt
        recordedAt = event.recordedAt
    }
}

extension Event {
    /// The event in one line, its parts beneath those of others.
    var line: String {
        let columns = [
            (recordedAt.rfc3339, 24), ("\(accountID)/\(sequence)", 22), (kind.rawValue, 30), (actor.name, 18),
        ]
        let rest = [summary, reason.map { "(\($0))" } ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        return columns.map { text, width in text + String(repeating: " ", count: max(0, width - text.count)) }
            .joined(separator: "  ") + (rest.isEmpty ? "" : "  " + rest)
    }
}
