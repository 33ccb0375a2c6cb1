import Membership
import MembershipStore

/// A job on subscriptions: many in a transaction, and each alone where one of them fails.
protocol SubscriptionJob: Job {
    static var name: String { get }

    /// What is due, by name, longest overdue first.
    func due(_ tx: ReadTransaction, asOf: Timestamp, limit: Int) throws -> [SubscriptionKey]
    /// What is due, whole, behind one of them; as this transaction's own where it writes.
    func subscriptions(
        _ tx: ReadTransaction, after last: SubscriptionKey, asOf: Timestamp, limit: Int
    ) throws -> [Subscription]
    /// Whether a subscription is due that was so when the run began.
    func isDue(_ subscription: Subscription, asOf: Timestamp, now: Timestamp) -> Bool
    /// What is to be written down of what is due.
    func changes(of subscriptions: [Subscription], _ tx: ReadTransaction, asOf: Timestamp) throws -> LifeChanges
}

/// So many failures in a row, and no success between them, are not the accounts' fault.
private let mostFailuresInARow = 20
/// Of so many that are still due at the end of a run nobody looks who they are.
private let mostLeft = 10_000

extension SubscriptionJob {
    func preview(_ tx: ReadTransaction, limit: Int) throws -> [JobService.DueItem] {
        try due(tx, asOf: tx.now, limit: limit).map {
            JobService.DueItem(account: $0.account, subscription: $0.subscription, message: nil, dueAt: $0.dueAt)
        }
    }

    /// An account with which it failed is left for a while.
    func hasWork(_ tx: ReadTransaction) throws -> Bool { try !due(tx, asOf: tx.now, limit: 1).isEmpty }

    func run(_ run: RunningJob) async throws -> String? {
        var batchSize = BatchSize()
        if run.store.engine.hasOneWriter {
            // What fails is met again below, and by itself.
            do { try await runAhead(run, &batchSize) } catch  where error.isOfOneAccount {}
        }
        while !run.isStopping {
            let wanted = run.wanted(most: batchSize.count)
            guard wanted > 0 else { return nil }
            let isLast: Bool
            do {
                isLast = try await run.batch { tx, tally in
                    let done = try runBatch(tx, asOf: run.asOf, limit: wanted)
                    tally.processed += done
                    return done < wanted
                }
                batchSize.adapt(to: run.lastTook, for: wanted)
            } catch  where error.isOfOneAccount {
                isLast = try await runOneByOne(run, limit: wanted)
            }
            guard isLast else { continue }
            // Whoever had failed and was not met again has nothing due any more, or somebody else was at it.
            try await run.batch { tx, _ in
                let failed = try tx.jobFailures(of: Self.name, dueBy: run.asOf, limit: mostLeft)
                guard !failed.isEmpty else { return }
                let left = try due(tx, asOf: run.asOf, limit: mostLeft)
                guard left.count < mostLeft else { return }
                let accounts = Set(left.map(\.account))
                try tx.forgetJobFailures(of: Self.name, accounts: failed.filter { !accounts.contains($0) })
            }
            return nil
        }
        return nil
    }

    /// - Returns: how many were done.
    func runBatch(_ tx: WriteTransaction, asOf: Timestamp, limit: Int) throws -> Int {
        let due = try subscriptions(tx, after: .beforeAll, asOf: asOf, limit: limit)
        try tx.write(changes(of: due, tx, asOf: asOf))
        try tx.forgetJobFailures(of: Self.name, accounts: due.map(\.accountID))
        return due.count
    }

    /// - Returns: whether nothing else is due.
    private func runOneByOne(_ run: RunningJob, limit: Int) async throws -> Bool {
        let keys = try await run.store.read { tx in try due(tx, asOf: run.asOf, limit: limit) }
        var failuresInARow = 0
        let before = run.tally
        for key in keys where !run.isStopping {
            do {
                try await runOne(key, run)
                failuresInARow = 0
            } catch  where error.isOfOneAccount {
                try await noteFailure(error, key.account, run)
                failuresInARow += 1
                if failuresInARow >= mostFailuresInARow { throw error }
            }
        }
        // All of them may be in the hands of others: then there is nothing to do here.
        return !run.isStopping && (keys.count < limit || run.tally == before)
    }

    private func runOne(_ key: SubscriptionKey, _ run: RunningJob) async throws {
        try await run.batch { tx, tally in
            guard let subscription = try tx.claimSubscription(key),
                isDue(subscription, asOf: run.asOf, now: tx.now)
            else { return }
            try tx.write(changes(of: [subscription], tx, asOf: run.asOf))
            try tx.forgetJobFailures(of: Self.name, accounts: [key.account])
            tally.processed += 1
        }
    }

    private func noteFailure(_ error: any Error, _ account: Identifier<Account>, _ run: RunningJob) async throws {
        let text = (error as? MembershipError)?.message ?? "\(error)"
        try await run.batch { tx, tally in
            try tx.recordJobFailure(
                of: Self.name, account: account, error: text.withoutAddresses, backoff: .failingAccount)
            tally.failed += 1
        }
    }
}

extension Error {
    /// Whether another account may well succeed, because neither the database nor the run is the reason.
    var isOfOneAccount: Bool {
        guard let error = self as? MembershipError else { return !(self is CancellationError) }
        return switch error.code {
        case .databaseBusy, .databaseFull, .databaseUnavailable, .databaseReadOnly, .databaseMissing, .notADatabase,
            .databaseNewer, .databaseOlder, .migrationChanged, .outcomeUnknown, .jobRunning:
            false
        default: true
        }
    }
}

extension String {
    /// At most 500 characters, with nothing in it that looks like an address: it is kept where erasure does not reach.
    var withoutAddresses: String {
        let words = split(separator: " ", omittingEmptySubsequences: false).map { word in
            // The name of a server is the operator's own.
            word.contains("@") && !word.isVersion && !word.hasPrefix("postgres://") ? "…" : word
        }
        return String(words.joined(separator: " ").prefix(500))
    }
}

extension Substring {
    /// Whether it is a version of a plan, such as `membership@2`, between whatever marks a sentence puts around it. No
    /// domain is a number.
    fileprivate var isVersion: Bool {
        let marks: Set<Character> = ["‘", "’", "“", "”", "\"", "'", "(", ")", ".", ",", ";", ":", "!", "?"]
        let parts = String(drop { marks.contains($0) }.reversed().drop { marks.contains($0) }.reversed())
            .split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (try? Slug(parsing: String(parts[0]))) != nil, !parts[1].isEmpty else { return false }
        return parts[1].utf8.allSatisfy(\.isASCIIDigit)
    }
}
