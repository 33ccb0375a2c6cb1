import Foundation
public import Membership
import MembershipStore

/// What will become of an account if nobody does anything: the jobs run ahead on a copy of it.
public struct AccountForecast: Equatable, Sendable {
    /// The moment up to which, and including which, it goes.
    public let until: Timestamp
    /// What will happen, in order.
    public let entries: [Entry]
    /// The account then.
    public let end: AccountService.Overview

    /// Something that will happen.
    public struct Entry: Equatable, Sendable {
        /// The event, with the time of its recording.
        public let event: Event
        /// What the reader is told of it; nil when nothing.
        public let message: Message?
        /// What it does to the subscription, for people.
        public let details: String
    }
}

extension HistoryService {
    /// Copies an account into a sandbox in a temporary folder, runs the jobs ahead there, and tells what happens. The
    /// account itself is only read.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`, and `invalid_input` for a time that is not ahead or
    ///   after 2099.
    public func forecast(_ reference: AccountReference, until end: Timestamp) async throws -> AccountForecast {
        try await store.read { tx in
            guard end > tx.now, end <= ClockService.last else {
                throw MembershipError(
                    .invalidInput, "‘\(end)’ is not a time to look ahead to.",
                    remedy: "It is \(tx.now) now; give a later time, and not after \(ClockService.last).")
            }
        }
        let folder = NSTemporaryDirectory() + "fortnight-forecast-" + UUID().uuidString
        do {
            // What is in it is about a person.
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw MembershipError(
                .databaseUnavailable, "\(folder) cannot be made: \(error.localizedDescription)",
                remedy: "Name another directory for temporary files with TMPDIR.")
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let location = DatabaseLocation(folder + "/forecast.db")
        let engine = try location.createNew()
        _ = try await store.copy(
            to: engine, named: location.name, .accounts([reference], identity: nil, withArticles: false))
        let sandbox = try await Store.open(engine, clock: .system, actor: Actor(stored: "forecast"))
        return try await Forecaster(
            services: Services(store: sandbox, ledgerKey: LedgerKeyFile(path: location.keyPath), options: options),
            store: sandbox, reminder: .days(options.trialReminderDays), reference: reference, end: end
        ).run()
    }
}

/// Runs the jobs in a sandbox, from one moment at which something is due to the next.
private struct Forecaster {
    let services: Services
    let store: Store
    /// How long before the end of a trial its reader is told of it.
    let reminder: TimeSpan
    let reference: AccountReference
    let end: Timestamp

    /// Jobs that happen to no account: delivering what was written, and removing what is no longer needed.
    private static let leftOut: Set<String> = ["outbox-delivery", "purge"]

    func run() async throws -> AccountForecast {
        let known = try await store.read { [reference] tx in try tx.events(of: tx.account(reference).id).count }
        // What is overdue now comes first.
        try await runJobs()
        while let moment = try await nextMoment() {
            _ = try await services.clock.set(to: moment)
            try await runJobs()
        }
        _ = try await services.clock.set(to: end)
        let (events, messages) = try await store.read { [reference] tx in
            let account = try tx.account(reference).id
            return (try tx.events(of: account), try tx.sentMessages(to: account))
        }
        let messageOf = Dictionary(messages.map { ($0.eventSequence, $0.message) }) { first, _ in first }
        return AccountForecast(
            until: end,
            entries: events.dropFirst(known).map {
                AccountForecast.Entry(event: $0, message: messageOf[$0.sequence], details: $0.summary)
            },
            end: try await services.accounts.overview(reference))
    }

    /// Each moment is later than the one before it, also when no job does what is due.
    private func nextMoment() async throws -> Timestamp? {
        let next = try await store.read { [reminder] tx in
            try tx.nextDueMoment(after: tx.now, reminder: reminder)
        }
        return next.flatMap { $0 <= end ? $0 : nil }
    }

    private func runJobs() async throws {
        for job in try await services.jobs.list() where !Forecaster.leftOut.contains(job.name) {
            _ = try await services.jobs.run(job.name)
        }
    }
}
