import Crypto
import Foundation
import Membership
import TestSupport

/// A reader as she would be after having signed up, made of her number: everybody is on trial, or has been.
struct BenchAccount: Sendable {
    let id: Identifier<Account>
    let subscription: Identifier<Subscription>
    let grant: Identifier<Grant>
    let email: String
    let signedUpAt: Timestamp
    /// When it was recorded that the trial was over; nil when that has not been.
    var endRecordedAt: Timestamp?

    var trialEnd: Timestamp { signedUpAt + .days(14) }

    /// What the application would make of a moment and a random number.
    static func identifier<Kind>(_ moment: Timestamp, _ random: UInt64) -> Identifier<Kind> {
        Identifier(rawValue: moment.milliseconds << 21 | Int64(random & (1 << 21 - 1)))
    }
}

/// Many readers by their numbers: those come first whose trial is over.
struct BenchAccounts: Sendable {
    let count: Int
    /// How many have had their trial.
    let overCount: Int
    /// Whether the end of those is recorded.
    var isRecorded = true
    /// When the file was made.
    let now: Timestamp

    /// Of those whose trial is over, every fifth has read by the meter since.
    static let meteredStep = 5
    static let metersReads = 2

    var over: Range<Int> { 0..<overCount }
    var onTrial: Range<Int> { overCount..<count }

    /// Sixty to fifteen days ago, or from thirteen days to an hour ago: in the order of their numbers.
    subscript(number: Int) -> BenchAccount {
        let isOver = number < overCount
        let first: Timestamp = now + .days(isOver ? -60 : -13)
        let last: Timestamp = now + (isOver ? .days(-15) : .hours(-1))
        let (place, places) = isOver ? (number, overCount) : (number - overCount, count - overCount)
        let span: TimeSpan = last - first
        let at = first + TimeSpan(milliseconds: span.milliseconds * Int64(place) / Int64(places))
        let random = SeededNumbers.mixed(UInt64(number))
        let own: Identifier<Subscription> = BenchAccount.identifier(at, min(random >> 21, 1 << 21 - 2))
        return BenchAccount(
            id: BenchAccount.identifier(at, random), subscription: own, grant: Identifier(rawValue: own.rawValue + 1),
            email: String(random, radix: 36) + "@example.com", signedUpAt: at,
            endRecordedAt: isOver && isRecorded ? at + .days(14) + .minutes(1) : nil)
    }

    func hasReads(_ number: Int) -> Bool { number < overCount && number % BenchAccounts.meteredStep == 0 }
}

/// Writes readers into a file with the rows that the program would have written. ``SQLiteBench`` looks at that.
final class BenchAccountWriter {
    private let key: SymmetricKey
    private let insert: [String: ReferenceStatement]
    /// Whether there is more than what a check looks at.
    private let isWhole: Bool

    /// - Parameters:
    ///   - key: the ledger's, as the key file has it.
    ///   - isWhole: whether to write more than what a check looks at.
    init(_ connection: ReferenceConnection, keyPath: String, isWhole: Bool = true) throws {
        let text = try String(contentsOfFile: keyPath, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let digits = text.compactMap(\.hexDigitValue).map(UInt8.init)
        key = SymmetricKey(data: stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
        insert = try BenchAccountWriter.statements.mapValues(connection.prepare)
        self.isWhole = isWhole
    }

    private static let statements = [
        "accounts": """
        INSERT INTO accounts (account_id, email, time_zone, language, created_at) VALUES (?1, ?2, 'UTC', 'en', ?3)
        """,
        "emails": "INSERT INTO account_emails (canonical_email, account_id) VALUES (?2, ?1)",
        "ledger": "INSERT INTO trial_ledger (identity_hmac, started_at) VALUES (?1, ?2)",
        "subscriptions": """
        INSERT INTO subscriptions (account_id, subscription_id, plan, plan_version, status, trial_start, trial_end,
            time_zone, due_at, ended_at, revision, created_at, updated_at)
        VALUES (?1, ?2, 'membership', 1, ?3, ?4, ?5, 'UTC', ?6, ?7, ?8, ?4, ?9)
        """,
        "grants": """
        INSERT INTO grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at,
            recorded_at)
        VALUES (?1, ?2, 'all-titles', 'trial', ?3, ?4, ?5, ?4)
        """,
        "events": """
        INSERT INTO events (account_id, sequence, kind, subscription_id, actor, data, effective_at, recorded_at,
            hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """,
        "heads": "INSERT INTO event_heads (account_id, sequence, hash) VALUES (?1, ?2, ?3)",
        "outbox": """
        INSERT INTO outbox (account_id, event_sequence, message, created_at, due_at) VALUES (?1, ?2, ?3, ?4, ?4)
        """,
    ]

    func write(_ account: BenchAccount) throws {
        try run("accounts") {
            $0.bind(1, account.id.rawValue)
            $0.bind(2, account.email)
            $0.bind(3, account.signedUpAt.milliseconds)
        }
        let isOver = account.endRecordedAt != nil
        let end = account.trialEnd.milliseconds
        try run("subscriptions") {
            $0.bind(1, account.id.rawValue)
            $0.bind(2, account.subscription.rawValue)
            $0.bind(3, isOver ? "expired" : "trialing")
            $0.bind(4, account.signedUpAt.milliseconds)
            $0.bind(5, end)
            if isOver { $0.bindNull(6) } else { $0.bind(6, end) }
            if isOver { $0.bind(7, end) } else { $0.bindNull(7) }
            $0.bind(8, isOver ? 2 : 1)
            $0.bind(9, isOver ? end : account.signedUpAt.milliseconds)
        }
        try run("grants") {
            $0.bind(1, account.id.rawValue)
            $0.bind(2, account.grant.rawValue)
            $0.bind(3, account.subscription.rawValue)
            $0.bind(4, account.signedUpAt.milliseconds)
            $0.bind(5, end)
        }
        if isWhole { try writeRest(of: account) }
    }

    private func writeRest(of account: BenchAccount) throws {
        try run("emails") {
            $0.bind(1, account.id.rawValue)
            $0.bind(2, account.email)
        }
        try run("ledger") {
            $0.bind(
                1, HMAC<SHA256>.authenticationCode(for: Array("email:\(account.email)".utf8), using: key).hexadecimal)
            $0.bind(2, account.signedUpAt.milliseconds)
        }
        var head = String(repeating: "0", count: 64)
        try write(BenchEvent.created(account), of: account, after: &head)
        try write(BenchEvent.started(account), of: account, after: &head)
        if let recordedAt = account.endRecordedAt {
            try write(BenchEvent.ended(account, recordedAt), of: account, after: &head)
        }
        try run("heads") {
            $0.bind(1, account.id.rawValue)
            $0.bind(2, account.endRecordedAt == nil ? 2 : 3)
            $0.bind(3, head)
        }
    }

    private func write(_ event: BenchEvent, of account: BenchAccount, after head: inout String) throws {
        head = event.hash(after: head, account: account.id)
        let hash = head
        try run("events") {
            $0.bind(1, account.id.rawValue)
            $0.bind(2, event.sequence)
            $0.bind(3, event.kind.rawValue)
            if let subscription = event.subscription { $0.bind(4, subscription.rawValue) } else { $0.bindNull(4) }
            $0.bind(5, event.actor)
            $0.bind(6, event.data)
            $0.bind(7, event.effectiveAt.milliseconds)
            $0.bind(8, event.recordedAt.milliseconds)
            $0.bind(9, hash)
        }
        guard let message = event.message else { return }
        try run("outbox") {
            $0.bind(1, account.id.rawValue)
            $0.bind(2, event.sequence)
            $0.bind(3, message.rawValue)
            $0.bind(4, event.recordedAt.milliseconds)
        }
    }

    private func run(_ name: String, _ bind: (ReferenceStatement) -> Void) throws {
        guard let statement = insert[name] else { throw Failure("no statement ‘\(name)’") }
        bind(statement)
        try statement.run()
    }
}

/// One of the events of an account's first weeks.
struct BenchEvent {
    let sequence: Int64
    let kind: Event.Kind
    let subscription: Identifier<Subscription>?
    let actor: String
    let data: String
    let effectiveAt: Timestamp
    let recordedAt: Timestamp
    let message: Message?

    static func created(_ account: BenchAccount) -> BenchEvent {
        BenchEvent(
            sequence: 1, kind: .accountCreated, subscription: nil, actor: Actor.unnamed.name, data: "{}",
            effectiveAt: account.signedUpAt, recordedAt: account.signedUpAt, message: .welcome)
    }

    static func started(_ account: BenchAccount) -> BenchEvent {
        let (start, end) = (account.signedUpAt.rfc3339, account.trialEnd.rfc3339)
        return BenchEvent(
            sequence: 2, kind: .trialStarted, subscription: account.subscription, actor: Actor.unnamed.name,
            data: """
                {"subscription":{"created_at":"\(start)","id":"\(account.subscription)","plan":"membership",\
                "revision":1,"settled_periods":0,"status":"trialing","time_zone":"UTC","trial_end":"\(end)",\
                "trial_start":"\(start)","updated_at":"\(start)","version":1},"transition":"start_trial"}
                """,
            effectiveAt: account.signedUpAt, recordedAt: account.signedUpAt, message: nil)
    }

    static func ended(_ account: BenchAccount, _ recordedAt: Timestamp) -> BenchEvent {
        let (start, end) = (account.signedUpAt.rfc3339, account.trialEnd.rfc3339)
        return BenchEvent(
            sequence: 3, kind: .trialEnded, subscription: account.subscription, actor: "job:trial-expiry",
            data: """
                {"from":"trialing","subscription":{"created_at":"\(start)","ended_at":"\(end)",\
                "id":"\(account.subscription)","plan":"membership","revision":2,"settled_periods":0,\
                "status":"expired","time_zone":"UTC","trial_end":"\(end)","trial_start":"\(start)",\
                "updated_at":"\(end)","version":1},"transition":"trial_expires"}
                """,
            effectiveAt: account.trialEnd, recordedAt: recordedAt, message: .trialEnded)
    }

    /// As docs/decisions/0012 has it.
    func hash(after previous: String, account: Identifier<Account>) -> String {
        let text = """
            \(previous)
            \(account.rawValue)
            \(sequence)
            \(kind.rawValue)
            \(subscription.map { String($0.rawValue) } ?? "")
            \(actor)

            \(data)
            \(effectiveAt.milliseconds)
            \(recordedAt.milliseconds)
            """
        return SHA256.hash(data: Array(text.utf8)).hexadecimal
    }
}
