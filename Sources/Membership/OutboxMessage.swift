/// A message to a reader in the outbox: what it is, and what has become of it.
public struct OutboxMessage: Equatable, Sendable {
    /// Which.
    public let reference: MessageReference
    /// What it tells.
    public let message: Message
    /// When what it tells of was recorded.
    public let createdAt: Timestamp
    /// How often its delivery failed in a row.
    public let attempts: Int
    /// When it is delivered, or tried again; nil when that is over.
    public let dueAt: Timestamp?
    /// Until when somebody is delivering it.
    public let leasedUntil: Timestamp?
    /// What went wrong the last time; it holds no address and no password.
    public let lastError: String?
    /// When it was delivered.
    public let deliveredAt: Timestamp?
    /// When it was given up.
    public let deadAt: Timestamp?
    /// The file it went to, or is to go to and may be in already; nil when it went to a server, or when nothing leaves
    /// this database.
    public let destination: String?
    /// Whether its reader was erased, and with her what told where it went.
    public let isErased: Bool

    /// Makes a record of a message.
    public init(
        reference: MessageReference, message: Message, createdAt: Timestamp, attempts: Int, dueAt: Timestamp?,
        leasedUntil: Timestamp?, lastError: String?, deliveredAt: Timestamp?, deadAt: Timestamp?, destination: String?,
        isErased: Bool = false
    ) {
        self.reference = reference
        self.message = message
        self.createdAt = createdAt
        self.attempts = attempts
        self.dueAt = dueAt
        self.leasedUntil = leasedUntil
        self.lastError = lastError
        self.deliveredAt = deliveredAt
        self.deadAt = deadAt
        self.destination = destination
        self.isErased = isErased
    }

    /// What can become of a message.
    public enum State: String, CaseIterable, Sendable {
        /// It is to be delivered, now or when it is tried again.
        case due
        /// It left.
        case delivered
        /// It was given up; an operator may retry it.
        case dead
    }

    /// What has become of it.
    public var state: State {
        if deliveredAt != nil { return .delivered }
        return deadAt == nil ? .due : .dead
    }
}

/// Names a message by the event that it tells of.
public struct MessageReference: Hashable, Sendable {
    /// To whom.
    public let account: Identifier<Account>
    /// The number of the event within the account.
    public let sequence: Int64

    /// Names a message.
    public init(account: Identifier<Account>, sequence: Int64) {
        self.account = account
        self.sequence = sequence
    }

    /// Reads what ``description`` writes.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        let parts = text.split(separator: "#", omittingEmptySubsequences: false)
        guard
            parts.count == 2, let account = Identifier<Account>(String(parts[0])),
            parts[1].utf8.allSatisfy(\.isASCIIDigit),
            let sequence = Int64(parts[1]), sequence >= 1
        else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ does not name a message.",
                remedy: "Write the account's id, # and the event's number, as fortnight outbox list shows it.")
        }
        (self.account, self.sequence) = (account, sequence)
    }
}

extension MessageReference: CustomStringConvertible {
    /// `acct_01hzy3k2m4n5p#3`
    public var description: String { "\(account)#\(sequence)" }
}
