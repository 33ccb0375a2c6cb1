public import Membership
import MembershipStore

/// What happened to accounts: finding it, following it, and making sure that nobody has changed it.
public struct EventService: Sendable {
    let store: Store

    /// A page of a list.
    public struct Page: Equatable, Sendable {
        /// In the order in which they were recorded.
        public let events: [Event]
        /// Where the next page begins; nil on the last.
        public let next: EventPlace?
    }

    /// The events that pass a filter, in the order in which they were recorded; of one moment, in the order of
    /// accounts.
    ///
    /// - Parameter place: the one that the page before ended with; nil to begin at the start.
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    public func list(_ filter: EventFilter = .all, after place: EventPlace? = nil, limit: PageLimit) async throws
        -> Page
    {
        try await store.read { tx in
            // One more than wanted tells whether there is a next page.
            let found = try tx.events(filter, after: place, limit: limit.count + 1)
            let page = Array(found.prefix(limit.count))
            return Page(events: page, next: found.count > limit.count ? page.last?.place : nil)
        }
    }

    /// The newest events that pass a filter, in the order in which they were recorded.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    public func newest(_ count: PageLimit, _ filter: EventFilter = .all) async throws -> [Event] {
        try await store.read { tx in try tx.newestEvents(filter, limit: count.count) }
    }

    /// The newest events that pass a filter, and from there on whatever comes.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`.
    public func follow(_ filter: EventFilter = .all, newest count: PageLimit) async throws -> EventTail {
        var tail = EventTail(store: store, filter: filter)
        try await tail.begin(newest: count.count)
        return tail
    }

    /// Something that is wrong with the chain of an account's events.
    public struct Fault: Equatable, Sendable {
        /// Whose.
        public let account: Identifier<Account>
        /// What, in a few words.
        public let what: String
    }

    /// How much was looked at, and how much was wrong.
    public struct Verification: Equatable, Sendable {
        /// How many accounts were looked at.
        public internal(set) var accounts = 0
        /// How many events were looked at.
        public internal(set) var events = 0
        /// How many accounts have a chain with a fault.
        public internal(set) var faults = 0
    }

    /// Follows the chain of events of one account, or of all: a page a transaction, so that nothing waits for it.
    ///
    /// - Parameter found: is told of each fault, in the order of accounts; an account has at most one.
    /// - Throws: ``MembershipError`` with code `unknown_account`. A fault is no error.
    public func verify(
        _ reference: AccountReference? = nil, found: (Fault) -> Void
    ) async throws -> Verification {
        if let reference {
            let (account, verdict) = try await store.read { tx in
                let account = try tx.account(reference).id
                return (account, try tx.chainVerdict(of: account))
            }
            if let what = verdict.fault { found(Fault(account: account, what: what)) }
            return Verification(accounts: 1, events: verdict.eventCount, faults: verdict.fault == nil ? 0 : 1)
        }
        return try await verify(ChainWalk(), found: found)
    }

    private func verify(_ beginning: ChainWalk, found: (Fault) -> Void) async throws -> Verification {
        var walk = beginning
        var verification = Verification()
        while !walk.isOver {
            let (next, faults) = try await store.read { [walk] tx in
                var walk = walk
                let faults = try walk.next(tx)
                return (walk, faults)
            }
            walk = next
            verification.faults += faults.count
            for fault in faults { found(Fault(account: fault.account, what: fault.what)) }
        }
        (verification.accounts, verification.events) = (walk.accountCount, walk.eventCount)
        return verification
    }

    /// As ``verify(_:found:)``, for the newest so many accounts.
    func verifyNewest(_ count: Int, found: (Fault) -> Void) async throws -> Verification {
        let start = try await store.read { tx in try tx.account(beforeNewest: count) }
        return try await verify(ChainWalk(after: start), found: found)
    }
}

/// Goes along with what is recorded: the newest events first, then with each call those that came meanwhile.
public struct EventTail: Sendable {
    private let store: Store
    private let filter: EventFilter
    /// What was given out or left out, as far back as it is looked for again.
    private var seen: Set<EventPlace> = []
    /// The time of the last look.
    private var lookedAt: Timestamp?
    /// The newest events there were at the beginning.
    public private(set) var newest: [Event] = []

    /// How far back is looked again. On PostgreSQL a transaction may commit after another that began later, and its
    /// events then stand before some that were given out. No statement there runs for longer than a minute; a
    /// COMMIT can, while it waits for a synchronous standby (docs/history.md).
    private static let overlap = TimeSpan.minutes(2)

    init(store: Store, filter: EventFilter) {
        self.store = store
        self.filter = filter
    }

    mutating func begin(newest count: Int) async throws {
        let (now, newest, recent) = try await store.read { [filter] tx in
            (
                tx.now, try tx.newestEvents(filter, limit: count),
                try tx.eventPlaces(filter, after: EventTail.window(before: tx.now))
            )
        }
        self.newest = newest
        (seen, lookedAt) = (Set(recent), now)
    }

    /// What was recorded since the last call, in the order of recording.
    public mutating func next() async throws -> [Event] {
        let (now, recent, new) = try await store.read { [filter, lookedAt, seen] tx in
            let recent = try tx.eventPlaces(filter, after: EventTail.window(before: lookedAt ?? tx.now))
            let new = try recent.filter { !seen.contains($0) }.compactMap { try tx.event(at: $0) }
            return (tx.now, recent, new)
        }
        // What is older than the window of the next look need not be remembered.
        seen = Set(recent)
        lookedAt = now
        return new
    }

    /// The place from which is looked again when the last look was at a moment.
    private static func window(before moment: Timestamp) -> EventPlace {
        let start = moment - overlap
        return EventPlace(recordedAt: start, account: Identifier(rawValue: 0), sequence: 0)
    }
}
