/// Which events are wanted; what is nil holds nothing back.
public struct EventFilter: Hashable, Sendable {
    /// Of this account.
    public let account: AccountReference?
    /// Of this kind, or of a family of kinds.
    public let kind: Event.KindPattern?
    /// Done by this actor.
    public let actor: Actor?
    /// Recorded at this moment or later.
    public let since: Timestamp?
    /// Recorded before this moment.
    public let until: Timestamp?

    /// Makes a filter.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` when no time lies between `since` and `until`.
    public init(
        account: AccountReference? = nil, kind: Event.KindPattern? = nil, actor: Actor? = nil,
        since: Timestamp? = nil, until: Timestamp? = nil
    ) throws(MembershipError) {
        if let since, let until, until <= since {
            throw MembershipError(
                .invalidInput, "No time lies between \(since) and \(until).",
                remedy: "Give an end that is later than the beginning; it is exclusive.")
        }
        self.account = account
        self.kind = kind
        self.actor = actor
        self.since = since
        self.until = until
    }

    /// Everything.
    public static let all = EventFilter()

    private init() {
        (account, kind, actor, since, until) = (nil, nil, nil, nil, nil)
    }
}

extension Event {
    /// One kind of event, or all whose names begin alike.
    public enum KindPattern: Hashable, Sendable {
        /// `trial.ended`
        case one(Kind)
        /// `trial.`: all whose names begin so.
        case family(String)

        /// Reads the name of a kind, or its beginning up to the dot.
        ///
        /// - Throws: ``MembershipError`` with code `invalid_input`.
        public init(parsing text: String) throws(MembershipError) {
            let names = Kind.allCases.map(\.rawValue)
            if let kind = Kind(rawValue: text) {
                self = .one(kind)
            } else if text.hasSuffix("."), names.contains(where: { $0.hasPrefix(text) }) {
                self = .family(text)
            } else {
                let families = Set(names.map { $0.prefix { $0 != "." } + "." }).sorted().joined(separator: ", ")
                throw MembershipError(
                    .invalidInput, "‘\(text)’ is not a kind of event.",
                    remedy: "Give one such as trial.ended, or a family of them: \(families).")
            }
        }
    }
}

/// The place of an event in the order in which events were recorded.
///
/// It names the event itself and is no count, so that events that come later move nothing.
public struct EventPlace: Hashable, Comparable, Sendable {
    /// When it was recorded.
    public let recordedAt: Timestamp
    /// Whose it is.
    public let account: Identifier<Account>
    /// Its number within the account.
    public let sequence: Int64

    /// Names a place.
    package init(recordedAt: Timestamp, account: Identifier<Account>, sequence: Int64) {
        self.recordedAt = recordedAt
        self.account = account
        self.sequence = sequence
    }

    /// Reads what ``description`` writes.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard
            parts.count == 3, let recordedAt = try? Timestamp(rfc3339: parts[0]),
            let account = Identifier<Account>(parts[1]), let sequence = Int64(parts[2]), sequence >= 1
        else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a cursor.",
                remedy: "Give the one that the page before ended with, or leave it out to begin at the start.")
        }
        self.init(recordedAt: recordedAt, account: account, sequence: sequence)
    }

    /// Recorded earlier comes first; of one moment, in the order of accounts.
    public static func < (left: EventPlace, right: EventPlace) -> Bool {
        (left.recordedAt, left.account, left.sequence) < (right.recordedAt, right.account, right.sequence)
    }
}

extension EventPlace: CustomStringConvertible {
    /// `2026-05-03T10:00:00Z/acct_01hzy3k2m4n5p/3`
    public var description: String { "\(recordedAt)/\(account)/\(sequence)" }
}

extension Event {
    /// Where it stands among all events.
    public var place: EventPlace { EventPlace(recordedAt: recordedAt, account: accountID, sequence: sequence) }
}
