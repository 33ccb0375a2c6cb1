package import Membership

extension ReadTransaction {
    /// An account's subscriptions, newest first, as they were last recorded.
    package func subscriptions(of account: Identifier<Account>) throws -> [Subscription] {
        try subscriptions("WHERE account_id = $1 \(newestFirst)", [account])
    }

    /// The one subscription of an account that has not ended; nil when there is none.
    package func openSubscription(of account: Identifier<Account>) throws -> Subscription? {
        try subscriptions(sql: openByAccount, [account]).first
    }

    /// The subscriptions that have not ended of a version of a plan, and those that the clock has moved there without
    /// that being recorded, in the order of their accounts, after the one given, at most `limit`. An account has at
    /// most one.
    package func openSubscriptions(
        to version: PlanVersion, after account: Identifier<Account>?, limit: Int
    ) throws -> [Subscription] {
        try subscriptions(
            """
            WHERE ((plan = $1 AND plan_version = $2) OR (next_plan = $3 AND next_plan_version = $4 AND due_at <= $5))
                AND ended_at IS NULL AND account_id > $6
            ORDER BY account_id LIMIT $7
            """,
            [
                version.plan, version.version, version.plan, version.version, now, account?.rawValue ?? -1, limit,
            ])
    }

    /// How many subscriptions the clock has changed by a moment without that being recorded.
    package func dueSubscriptionCount(trials: Bool, at moment: Timestamp) throws -> Int {
        try sql.first(
            "SELECT count(*) FROM subscriptions WHERE due_at <= $1 AND \(isOpen(inTrial: trials))", [moment]
        ) { try $0.count(0) } ?? 0
    }

    /// How many readers are to be told of the end of their trial, with those with which the job has failed.
    package func subscriptionsToRemindCount(
        endingAfter start: Timestamp, notAfter end: Timestamp, longerThan span: TimeSpan
    ) throws -> Int {
        try sql.first(
            "SELECT count(*) FROM subscriptions WHERE \(isToRemind)", [start, end, span.milliseconds]
        ) { try $0.count(0) } ?? 0
    }

    /// The subscriptions that the clock has changed by a moment without that being recorded, longest overdue first. By
    /// name alone, so that one whose row cannot be read is among them.
    package func dueSubscriptionKeys(trials: Bool, job: String, at moment: Timestamp, limit: Int) throws
        -> [SubscriptionKey]
    {
        try subscriptionKeys(
            dueCondition(trials: trials), [moment, job, moment] + SubscriptionKey.beforeAll.place + [limit])
    }

    /// The trials that end after a moment and not after another, of which the reader is to be told, earliest first: not
    /// those that are cancelled or go on, or that were no longer than the time before the end to begin with.
    package func subscriptionKeysToRemind(
        endingAfter start: Timestamp, notAfter end: Timestamp, longerThan span: TimeSpan, job: String, limit: Int
    ) throws -> [SubscriptionKey] {
        try subscriptionKeys(
            remindCondition,
            [start, end, span.milliseconds, job, start] + SubscriptionKey.beforeAll.place + [limit])
    }

    /// As ``dueSubscriptionKeys(trials:job:at:limit:)``, whole, behind one of them. A transaction that writes makes
    /// them its own.
    package func dueSubscriptions(
        trials: Bool, job: String, at moment: Timestamp, after last: SubscriptionKey, limit: Int
    ) throws -> [Subscription] {
        try subscriptions(
            dueCondition(trials: trials) + " " + claiming, [moment, job, moment] + last.place + [limit])
    }

    /// As ``subscriptionKeysToRemind(endingAfter:notAfter:longerThan:job:limit:)``, whole, behind one of them. A
    /// transaction that writes makes them its own.
    package func subscriptionsToRemind(
        endingAfter start: Timestamp, notAfter end: Timestamp, longerThan span: TimeSpan, job: String,
        after last: SubscriptionKey, limit: Int
    ) throws -> [Subscription] {
        try subscriptions(
            remindCondition + " " + claiming, [start, end, span.milliseconds, job, start] + last.place + [limit])
    }

    private func subscriptionKeys(
        _ condition: String, _ arguments: [any SQLValueConvertible]
    ) throws -> [SubscriptionKey] {
        try sql.query(
            "SELECT account_id, subscription_id, due_at FROM subscriptions \(condition)", arguments
        ) { row in
            SubscriptionKey(
                account: try row.identifier(0), subscription: try row.identifier(1), dueAt: try row.timestamp(2))
        }
    }

    func subscriptions(_ condition: String, _ arguments: [any SQLValueConvertible]) throws -> [Subscription] {
        try subscriptions(sql: SubscriptionRecord.query(condition), arguments)
    }

    private func subscriptions(
        sql text: String, _ arguments: [any SQLValueConvertible]
    ) throws -> [Subscription] {
        let records = try sql.query(text, arguments) { row in
            try SubscriptionRecord(row: row, zone: Zone(stored: row.text(9)))
        }
        return try records.map { record in
            try record.subscription(
                version: version(record.version, ofPlan: record.plan),
                next: record.nextPlan.map { try version(record.nextVersion, ofPlan: $0) })
        }
    }
}

extension WriteTransaction {
    /// One subscription, made this transaction's own; nil when another transaction has it, or what was due is not due
    /// any more.
    package func claimSubscription(_ key: SubscriptionKey) throws -> Subscription? {
        try subscriptions(
            "WHERE account_id = $1 AND subscription_id = $2 AND due_at = $3 " + sql.claim,
            [key.account, key.subscription, key.dueAt]
        ).first
    }

    /// An identifier for a subscription to begin with.
    package func newSubscriptionIdentifier() -> Identifier<Subscription> { newIdentifier() }

    package func insert(_ subscription: Subscription) throws {
        try sql.insert(
            into: "subscriptions", SubscriptionRecord.columns, values: [subscription.values], onConflict: nil)
    }

    /// Writes what has become of subscriptions.
    package func write(_ updates: SubscriptionUpdates) throws {
        for (changed, rows) in updates.rows.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let assignments = changed.enumerated().map { "\(SubscriptionRecord.names[$1]) = $\($0 + 1)" }
            try sql.runEach(
                """
                UPDATE subscriptions SET \(assignments.joined(separator: ", "))
                WHERE account_id = $\(changed.count + 1) AND subscription_id = $\(changed.count + 2)
                """,
                rows)
        }
    }
}

/// What has become of subscriptions: the columns that have changed, so that no index and no reference is looked after
/// whose columns are as they were.
package struct SubscriptionUpdates: Sendable {
    /// By the places of the columns, what these hold and then the key.
    fileprivate let rows: [[Int]: [[SQLValue]]]

    package init(_ changes: [(before: Subscription, after: Subscription)]) {
        var rows: [[Int]: [[SQLValue]]] = [:]
        for (before, after) in changes {
            let (old, new) = (before.values, after.values)
            let changed = new.indices.dropFirst(2).filter { place in
                SubscriptionRecord.isAlwaysWritten[place] || new[place] != old[place]
            }
            rows[changed, default: []].append(changed.map { new[$0] } + new.prefix(2))
        }
        self.rows = rows
    }
}

/// Those with which a job has failed wait for their next time.
private func isNotFailing(job: String, at moment: String) -> String {
    """
    NOT EXISTS (SELECT 1 FROM job_failures AS f
        WHERE f.account_id = subscriptions.account_id AND f.job = \(job) AND f.retry_at > \(moment))
    """
}

/// As the partial indexes have it.
private func isOpen(inTrial: Bool) -> String {
    inTrial ? "status = 'trialing'" : "ended_at IS NULL AND status <> 'trialing'"
}

private func dueCondition(trials: Bool) -> String {
    """
    WHERE due_at <= $1 AND \(isOpen(inTrial: trials)) AND \(isNotFailing(job: "$2", at: "$3"))
        AND (due_at, account_id, subscription_id) > ($4, $5, $6)
    ORDER BY due_at, account_id, subscription_id LIMIT $7
    """
}

/// A trial of whose end its reader is to be told, when the time has come.
let isToBeReminded = """
    status = 'trialing' AND reminded_at IS NULL AND cancel_at_period_end = 0 AND trial_converts = 0
        AND settled_periods = 0
    """

private let isToRemind = """
    \(isToBeReminded) AND trial_end > $1 AND trial_end <= $2 AND trial_end - trial_start > $3
    """

private let remindCondition = """
    WHERE \(isToRemind) AND \(isNotFailing(job: "$4", at: "$5"))
        AND (trial_end, account_id, subscription_id) > ($6, $7, $8)
    ORDER BY trial_end, account_id, subscription_id LIMIT $9
    """

/// Names a subscription that is due.
package struct SubscriptionKey: Hashable, Sendable {
    package let account: Identifier<Account>
    package let subscription: Identifier<Subscription>
    /// When the clock changes it.
    package let dueAt: Timestamp

    /// The place in front of all that is due.
    package static let beforeAll = SubscriptionKey(
        account: Identifier(rawValue: -1), subscription: Identifier(rawValue: -1),
        dueAt: Timestamp(milliseconds: .min))

    /// Its place among those that are due.
    fileprivate var place: [any SQLValueConvertible] { [dueAt, account, subscription] }

    fileprivate init(account: Identifier<Account>, subscription: Identifier<Subscription>, dueAt: Timestamp) {
        (self.account, self.subscription, self.dueAt) = (account, subscription, dueAt)
    }

    /// That of a subscription; nil when the clock never changes it.
    package init?(_ subscription: Subscription) {
        guard let dueAt = subscription.dueAt else { return nil }
        self.init(account: subscription.accountID, subscription: subscription.id, dueAt: dueAt)
    }
}

/// A row of the table, before its plan is known.
private struct SubscriptionRecord {
    let plan: Slug
    let version: Int
    let nextPlan: Slug?
    let nextVersion: Int
    private let nextFromIndex: Int
    private let subscription: (PlanVersion) -> Subscription

    static let columns = """
        account_id, subscription_id, plan, plan_version, status, trial_start, trial_end, trial_converts, reminded_at,
        time_zone, anchor_at, anchor_day, anchor_index, period_index, current_period_start, current_period_end,
        settled_periods, cancel_at_period_end, canceled_at, paused_at, pause_until, next_plan, next_plan_version,
        next_from_index, due_at, ended_at, revision, created_at, updated_at
        """
    static func query(_ condition: String) -> String { "SELECT \(columns) FROM subscriptions \(condition)" }
    static let names = columns.split { $0 == "," || $0.isWhitespace }.map(String.init)
    /// What a step nearly always changes, and what follows from other columns: a row in which that was wrong is put
    /// right.
    static let isAlwaysWritten = names.map { ["status", "due_at", "ended_at", "revision", "updated_at"].contains($0) }

    init(row: any SQLRow, zone: Zone) throws {
        plan = Slug(stored: try row.text(2))
        version = try row.count(3)
        nextPlan = try row.optionalText(21).map(Slug.init(stored:))
        nextVersion = Int(try row.optionalInteger(22) ?? 0)
        nextFromIndex = Int(try row.optionalInteger(23) ?? 0)

        let (account, id): (Identifier<Account>, Identifier<Subscription>) = (
            try row.identifier(0), try row.identifier(1)
        )
        let status: Subscription.Status = try row.choice(4)
        let (trialStart, trialEnd) = (try row.optionalTimestamp(5), try row.optionalTimestamp(6))
        let (converts, remindedAt) = (try row.flag(7), try row.optionalTimestamp(8))
        let anchor = try row.optionalTimestamp(10).map { moment in
            Subscription.Anchor(moment: moment, day: try row.count(11), index: try row.count(12))
        }
        let periodIndex = try row.optionalInteger(13).map(Int.init)
        let (periodStart, periodEnd) = (try row.optionalTimestamp(14), try row.optionalTimestamp(15))
        let (settled, cancels) = (try row.count(16), try row.flag(17))
        let (canceledAt, pausedAt) = (try row.optionalTimestamp(18), try row.optionalTimestamp(19))
        let (pauseUntil, endedAt) = (try row.optionalTimestamp(20), try row.optionalTimestamp(25))
        let (revision, createdAt) = (try row.count(26), try row.timestamp(27))
        let updatedAt = try row.timestamp(28)
        subscription = { version in
            var subscription = Subscription(
                id: id, accountID: account, version: version, status: status, zone: zone, settledPeriods: settled,
                revision: revision, createdAt: createdAt, updatedAt: updatedAt)
            (subscription.trialStart, subscription.trialEnd) = (trialStart, trialEnd)
            (subscription.convertsTrial, subscription.remindedAt) = (converts, remindedAt)
            (subscription.anchor, subscription.periodIndex) = (anchor, periodIndex)
            (subscription.currentPeriodStart, subscription.currentPeriodEnd) = (periodStart, periodEnd)
            (subscription.cancelAtPeriodEnd, subscription.canceledAt) = (cancels, canceledAt)
            (subscription.pausedAt, subscription.pauseUntil) = (pausedAt, pauseUntil)
            subscription.endedAt = endedAt
            return subscription
        }
    }

    func subscription(version: PlanVersion, next: PlanVersion?) -> Subscription {
        var result = subscription(version)
        result.nextVersion = next.map { .init(version: $0, fromIndex: nextFromIndex) }
        return result
    }
}

extension Subscription {
    /// The row, in the order of the columns.
    fileprivate var values: [SQLValue] {
        [
            accountID.sqlValue, id.sqlValue, plan.sqlValue, version.version.sqlValue, status.sqlValue,
            trialStart.sqlValue, trialEnd.sqlValue, convertsTrial.sqlValue, remindedAt.sqlValue, zone.name.sqlValue,
            (anchor?.moment).sqlValue, (anchor?.day).sqlValue, (anchor?.index).sqlValue, periodIndex.sqlValue,
            currentPeriodStart.sqlValue, currentPeriodEnd.sqlValue, settledPeriods.sqlValue,
            cancelAtPeriodEnd.sqlValue, canceledAt.sqlValue, pausedAt.sqlValue, pauseUntil.sqlValue,
            (nextVersion?.version.plan).sqlValue, (nextVersion?.version.version).sqlValue,
            (nextVersion?.fromIndex).sqlValue, dueAt.sqlValue, endedAt.sqlValue, revision.sqlValue,
            createdAt.sqlValue, updatedAt.sqlValue,
        ]
    }
}

/// The order of an account's subscriptions. One begins when the one before it has ended; their ids do not tell which
/// came first when a clock stands still and several processes make them.
let newestFirst = "ORDER BY (ended_at IS NULL) DESC, ended_at DESC, subscription_id DESC"

/// Put together once: it is asked with every decision to keep somebody out.
private let openByAccount = SubscriptionRecord.query("WHERE account_id = $1 AND ended_at IS NULL")
