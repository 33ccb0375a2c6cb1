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
    /// Copies what happens to an account into a sandbox in a temporary folder, without anything that names the person,
    /// runs the jobs ahead there, and tells what happens. The account itself is only read.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`, and `invalid_input` for a time that is not ahead or
    ///   after 2099.
    public func forecast(_ reference: AccountReference, until end: Timestamp) async throws -> AccountForecast {
        let account = try await store.read { tx in
            guard end > tx.now, end <= Timestamp.lastForClocks else {
                throw MembershipError(
                    .invalidInput, "‘\(end)’ is not a time to look ahead to.",
                    remedy: "It is \(tx.now) now; give a later time, and not after \(Timestamp.lastForClocks).")
            }
            return try tx.account(reference)
        }
        let folder = ForecastFolder.new()
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw MembershipError(
                .databaseUnavailable, "\(folder) cannot be made: \(error.systemReason).",
                remedy: "Name another directory for temporary files with TMPDIR.")
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let location = DatabaseLocation(folder + "/forecast.db")
        let engine = try location.createNew()
        _ = try await store.copy(to: engine, named: location.name, .lifeOnly(.id(account.id)))
        let sandbox = try await Store.open(engine, clock: .system, actor: Actor(stored: "forecast"))
        return try await Forecaster(
            services: Services(store: sandbox, ledgerKey: location.ledgerKey(of: sandbox), options: options),
            store: sandbox, reminder: .days(options.trialReminderDays), account: account, end: end
        ).run()
    }
}

/// The temporary folders of forecasts.
private enum ForecastFolder {
    private static let beginning = "fortnight-forecast-"

    /// The path of a new one. What forecasts left that were killed is removed: no forecast takes a day.
    static func new() -> String {
        let place = NSTemporaryDirectory()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? [] where name.hasPrefix(beginning)
        {
            let attributes = try? FileManager.default.attributesOfItem(atPath: place + name)
            guard let changed = attributes?[.modificationDate] as? Date,
                attributes?[.type] as? FileAttributeType == .typeDirectory,
                changed.timeIntervalSince1970 * 1000 < Double(WallClock.system.now().milliseconds - 86_400_000)
            else { continue }
            // It may be somebody else's.
            try? FileManager.default.removeItem(atPath: place + name)
        }
        return place + beginning + UUID().uuidString
    }
}

/// Runs the jobs in a sandbox, from one moment at which something is due to the next.
private struct Forecaster {
    let services: Services
    let store: Store
    /// How long before the end of a trial its reader is told of it.
    let reminder: TimeSpan
    /// As it is in the original; in the copy nothing names the person.
    let account: Account
    let end: Timestamp

    /// Jobs that happen to no account: delivering what was written, and removing what is no longer needed.
    private static let leftOut: Set<String> = ["outbox-delivery", "purge"]

    func run() async throws -> AccountForecast {
        let known = try await store.read { [account] tx in try tx.events(of: account.id).count }
        // What is overdue now comes first.
        try await runJobs()
        while let moment = try await nextMoment() {
            _ = try await services.clock.set(to: moment)
            try await runJobs()
        }
        _ = try await services.clock.set(to: end)
        let (events, messages) = try await store.read { [account] tx in
            (try tx.events(of: account.id), try tx.sentMessages(to: account.id))
        }
        let messageOf = Dictionary(messages.map { ($0.eventSequence, $0.message) }) { first, _ in first }
        let overview = try await services.accounts.overview(.id(account.id))
        return AccountForecast(
            until: end,
            entries: events.dropFirst(known).map {
                AccountForecast.Entry(event: $0, message: messageOf[$0.sequence], details: $0.summary)
            },
            end: AccountService.Overview(
                account: account, subscriptions: overview.subscriptions, grants: overview.grants,
                suspension: overview.suspension, at: overview.at))
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
