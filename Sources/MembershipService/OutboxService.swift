public import Membership
import MembershipMail
import MembershipStore

/// Messages to readers: what is in the outbox, what a message says, and trying again.
public struct OutboxService: Sendable {
    let store: Store
    let options: Services.MailOptions

    /// Whether messages leave; from a copy of a database they go nowhere.
    public var delivers: Bool { store.deployment.delivers }

    /// A page of a list.
    public struct Page: Equatable, Sendable {
        /// In the order of accounts and events.
        public let messages: [OutboxMessage]
        /// The last of the page, behind which the next begins; nil on the last page.
        public let next: MessageReference?
    }

    /// Messages in the order of accounts and events.
    ///
    /// - Parameter state: which; nil for all.
    public func list(
        _ state: OutboxMessage.State? = nil, after: MessageReference? = nil, limit: PageLimit
    ) async throws -> Page {
        try await store.read { tx in
            // One more than wanted tells whether there is a next page.
            let found = try tx.messages(state, after: after, limit: limit.count + 1)
            let page = Array(found.prefix(limit.count))
            return Page(messages: page, next: found.count > limit.count ? page.last?.reference : nil)
        }
    }

    /// A message as its reader gets it.
    public struct Letter: Equatable, Sendable {
        /// What it is, and what has become of it.
        public let message: OutboxMessage
        /// Whom it is to; nil when the account has no address any more.
        public let recipient: String?
        /// One line.
        public let subject: String
        /// As plain text.
        public let text: String
        /// As an HTML document.
        public let html: String
    }

    /// A message, and its words as they would leave now.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_message`, and `invalid_template` and others when the words
    ///   cannot be made.
    public func show(_ reference: MessageReference) async throws -> Letter {
        let mailroom = try Mailroom(options, delivers: false)
        let facts = try await store.read { tx in try tx.letterFacts(of: tx.knownMessage(reference)) }
        let words = try mailroom.render(facts)
        return Letter(
            message: facts.message, recipient: facts.account.email.isEmpty ? nil : facts.account.email,
            subject: words.subject, text: words.text, html: words.html)
    }

    /// Makes a message due now, whether it was given up or waits for another try.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_message`, `transition_forbidden` when it was delivered,
    ///   `database_busy` while it is being delivered.
    public func retry(_ reference: MessageReference) async throws -> OutboxMessage {
        try await store.write { tx in
            let message = try tx.knownMessage(reference)
            if let deliveredAt = message.deliveredAt {
                throw MembershipError(
                    .transitionForbidden, "Message \(reference) was delivered at \(deliveredAt).",
                    remedy: "Nothing needs to be done.")
            }
            if let leasedUntil = message.leasedUntil, leasedUntil > tx.now {
                throw MembershipError(
                    .databaseBusy, "Message \(reference) is being delivered.",
                    remedy: "Wait for the outcome, or until \(leasedUntil).")
            }
            try tx.retryMessage(reference)
            return try tx.knownMessage(reference)
        }
    }

    /// Makes every message that was given up due now.
    ///
    /// - Returns: how many those were.
    public func retryAllDead() async throws -> Int {
        // A long outage leaves many, and nobody is to wait for all of them.
        let most = 1000
        var total = 0
        while true {
            let count = try await store.write { tx in try tx.retryDeadMessages(limit: most) }
            total += count
            if count < most { return total }
        }
    }
}

extension ReadTransaction {
    fileprivate func knownMessage(_ reference: MessageReference) throws -> OutboxMessage {
        guard let message = try message(reference) else {
            throw MembershipError(
                .unknownMessage, "There is no message ‘\(reference)’.",
                remedy: "fortnight outbox list shows those there are; not every event has one.")
        }
        return message
    }
}
