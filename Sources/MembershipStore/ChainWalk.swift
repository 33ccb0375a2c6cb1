package import Membership

/// Something that is wrong with the chain of an account's events.
package struct ChainFault: Equatable, Sendable {
    package let account: Identifier<Account>
    package let what: String
}

/// Follows one account's events along their chain.
struct ChainCheck: Sendable {
    let account: Int64
    private(set) var eventCount: Int64 = 0
    /// What was found first: what comes behind it in the chain follows from it.
    private var fault: String?
    private var previous = EventHash.beginning
    /// The first event whose reason was removed.
    private var reasonless: Int64?

    init(account: Int64) {
        self.account = account
    }

    /// Looks at the next event.
    mutating func take(_ event: ChainedEvent) {
        eventCount += 1
        guard fault == nil else { return }
        if event.sequence > eventCount {
            fault = "event \(eventCount) is missing"
        } else if event.sequence < eventCount || event.hash(after: previous) != event.hash {
            fault = "event \(event.sequence) was changed or inserted"
        } else if !event.hasItsReason {
            fault = "the reason of event \(event.sequence) was changed"
        } else if event.lacksItsReason {
            reasonless = reasonless ?? event.sequence
        }
        previous = event.hash
    }

    /// What is wrong, now that all events were seen; nil when nothing is.
    ///
    /// - Parameter isErased: whether the account was erased, and its reasons with it; nil when there is no such account.
    func verdict(head: ChainHead?, isErased: Bool?) -> String? {
        guard let isErased else { return "there is a chain of events, and no account" }
        if let fault { return fault }
        if let reasonless, !isErased { return "the reason of event \(reasonless) was removed" }
        guard let head else {
            return eventCount == 0 ? "all its events are missing" : "its last event is not known"
        }
        if head.sequence > eventCount { return "event \(eventCount + 1) is missing at the end" }
        if head.sequence < eventCount { return "event \(head.sequence + 1) was inserted at the end" }
        if head.hash != previous { return "its last event is not the one that was recorded" }
        return nil
    }
}

/// Looks at the chains of all accounts, a page of events at a time.
///
/// Each table is read once, in the order of accounts: events, the heads that remember the last of each account, and the
/// accounts themselves, so that what one of them lacks is missed. An account's chain may go on over several pages, and
/// may grow meanwhile; its head is read in one transaction with its last events.
package struct ChainWalk: Sendable {
    /// How many accounts were looked at.
    package private(set) var accountCount = 0
    /// How many events were looked at.
    package private(set) var eventCount = 0
    /// Whether there is nothing left to look at.
    package private(set) var isOver = false

    /// All accounts up to this one have been judged.
    private var judged: Int64
    /// The last event that was looked at.
    private var last: (account: Int64, sequence: Int64)
    /// The account whose events may go on with the next page.
    private var unfinished: ChainCheck?

    /// - Parameter account: the account to begin behind; nil to begin with the first.
    package init(after account: Identifier<Account>? = nil) {
        judged = account?.rawValue ?? .min
        last = (judged, .max)
    }

    /// Looks at the next page.
    package mutating func next(_ tx: ReadTransaction, limit: Int = 2000) throws -> [ChainFault] {
        let events = try tx.chainedEvents(after: last, limit: limit)
        let isLastPage = events.count < limit
        let end = isLastPage ? .max : events.last?.account ?? .max
        let heads = try tx.chainHeads(after: judged, upTo: end, limit: limit)
        let accounts = try tx.accountStates(after: judged, upTo: end, limit: limit)
        // Where many accounts have no events, their heads fill a page first, and only up to there is everything known.
        let bound = min(
            end, heads.count < limit ? .max : heads.last?.account ?? .max,
            accounts.count < limit ? .max : accounts.last?.account ?? .max)
        let headOf = Dictionary(heads.map { ($0.account, $0.head) }) { first, _ in first }
        let isErased = Dictionary(accounts.map { ($0.account, $0.isErased) }) { first, _ in first }
        let eventsOf = Dictionary(grouping: events, by: \.account)
        let numbers = Set(eventsOf.keys).union(headOf.keys).union(isErased.keys)
            .union(unfinished.map { [$0.account] } ?? []).filter { $0 <= bound }.sorted()

        var faults: [ChainFault] = []
        for number in numbers {
            var check = ChainCheck(account: number)
            if let unfinished, unfinished.account == number { check = unfinished }
            unfinished = nil
            for event in eventsOf[number] ?? [] {
                check.take(event)
                last = (number, event.sequence)
                eventCount += 1
            }
            if number == end, !isLastPage {
                unfinished = check
            } else {
                accountCount += 1
                if let what = check.verdict(head: headOf[number], isErased: isErased[number]) {
                    faults.append(ChainFault(account: Identifier(rawValue: number), what: what))
                }
            }
        }
        judged = unfinished.map { $0.account - 1 } ?? bound
        // What an account gets that has been judged is left for the next walk.
        if unfinished == nil { last = (bound, .max) }
        isOver = bound == .max
        return faults
    }
}

extension ReadTransaction {
    /// How many events an account has, and what is wrong with their chain; nil when nothing is.
    package func chainVerdict(of account: Identifier<Account>) throws -> (eventCount: Int, fault: String?) {
        var check = ChainCheck(account: account.rawValue)
        let events = try sql.query(
            "SELECT \(ChainedEvent.columns) FROM events WHERE account_id = $1 ORDER BY sequence", [account],
            ChainedEvent.init(row:))
        for event in events { check.take(event) }
        let head = try chainHeads(after: account.rawValue - 1, upTo: account.rawValue, limit: 1).first?.head
        let state = try accountStates(after: account.rawValue - 1, upTo: account.rawValue, limit: 1).first
        return (events.count, check.verdict(head: head, isErased: state?.isErased))
    }

    /// The account behind which the newest so many stand; nil when there are no more than these.
    package func account(beforeNewest count: Int) throws -> Identifier<Account>? {
        try sql.first("SELECT account_id FROM accounts ORDER BY account_id DESC LIMIT 1 OFFSET $1", [count]) {
            try $0.identifier(0)
        }
    }

    fileprivate func chainedEvents(
        after place: (account: Int64, sequence: Int64), limit: Int
    ) throws -> [ChainedEvent] {
        try sql.query(
            """
            SELECT \(ChainedEvent.columns) FROM events WHERE (account_id, sequence) > ($1, $2)
            ORDER BY account_id, sequence LIMIT $3
            """,
            [place.account, place.sequence, limit], ChainedEvent.init(row:))
    }

    fileprivate func chainHeads(
        after account: Int64, upTo end: Int64, limit: Int
    ) throws -> [(account: Int64, head: ChainHead)] {
        try sql.query(
            """
            SELECT account_id, sequence, hash FROM event_heads WHERE account_id > $1 AND account_id <= $2
            ORDER BY account_id LIMIT $3
            """,
            [account, end, limit]
        ) { row in (try row.integer(0), ChainHead(sequence: try row.integer(1), hash: try row.text(2))) }
    }

    fileprivate func accountStates(
        after account: Int64, upTo end: Int64, limit: Int
    ) throws -> [(account: Int64, isErased: Bool)] {
        try sql.query(
            """
            SELECT account_id, erased_at FROM accounts WHERE account_id > $1 AND account_id <= $2
            ORDER BY account_id LIMIT $3
            """,
            [account, end, limit]
        ) { (try $0.integer(0), try $0.optionalInteger(1) != nil) }
    }
}
