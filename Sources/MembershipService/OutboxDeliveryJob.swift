import Membership
import MembershipMail
import MembershipStore

/// Delivers the messages to readers, each at least once: takes some in a transaction, sends each outside of any, and
/// records what became of it at once.
struct OutboxDeliveryJob: Job {
    let options: Services.MailOptions

    /// Messages taken at once.
    private static let batchSize = 10
    /// For how long they are: longer than a batch of deliveries takes in which each runs into its timeout.
    private static let leaseTime = TimeSpan.minutes(6)
    /// After so many failures of its own in a row a message is given up, which takes most of a day.
    static let mostAttempts = 12
    /// After so many failures in a row that are no message's own, the server is not asked again before the next run.
    private static let mostOutages = 5

    func dueCount(_ tx: ReadTransaction) throws -> Int { try tx.dueMessageCount() }

    /// Nothing leaves while nothing says where to, and what somebody is delivering is left to them.
    func hasWork(_ tx: ReadTransaction) throws -> Bool {
        guard try !tx.delivers() || options.destination != nil else { return false }
        return try !tx.dueMessages(limit: 1).isEmpty
    }

    func preview(_ tx: ReadTransaction, limit: Int) throws -> [JobService.DueItem] {
        try tx.dueMessages(limit: limit).map {
            JobService.DueItem(
                account: $0.reference.account, subscription: nil, message: $0.reference, dueAt: $0.dueAt ?? tx.now)
        }
    }

    /// What a process took that is gone, nobody delivers.
    func takeOver(_ tx: WriteTransaction) throws {
        try tx.giveBackAllMessages()
    }

    func run(_ run: RunningJob) async throws -> String? {
        let delivers = run.store.deployment.delivers
        if delivers && options.destination == nil {
            return "Nothing says where messages go, so that they stay in the outbox; set FORTNIGHT_MAIL."
        }
        let mailroom = try Mailroom(options, delivers: delivers)
        var round = Round(longest: options.longestRun)
        while !run.isStopping, round.goesOn {
            let wanted = run.wanted(most: OutboxDeliveryJob.batchSize)
            guard wanted > 0 else { break }
            let batch = try await take(wanted, mailroom, run)
            var left = batch[...]
            do {
                while let parcel = left.first, !run.isStopping, round.goesOn {
                    round.note(try await deliver(parcel, by: mailroom, run))
                    left.removeFirst()
                }
            } catch {
                try? await giveBack(left, run)
                throw error
            }
            try await giveBack(left, run)
            if batch.count < wanted && left.isEmpty { return round.overtakenNote }
        }
        return round.note
    }

    /// What became of a message.
    private enum Outcome {
        case delivered
        case overtaken
        case failed
        case outage
    }

    /// One run's way through the messages.
    private struct Round {
        private var overtaken = 0
        private var outagesInARow = 0
        private let longest: TimeSpan
        private let begun = ContinuousClock().now

        init(longest: TimeSpan) { self.longest = longest }

        mutating func note(_ outcome: Outcome) {
            outagesInARow = outcome == .outage ? outagesInARow + 1 : 0
            if outcome == .overtaken { overtaken += 1 }
        }

        private var isOutage: Bool { outagesInARow >= OutboxDeliveryJob.mostOutages }
        private var isOverTime: Bool { ContinuousClock().now - begun >= .milliseconds(longest.milliseconds) }
        /// Other jobs wait for this one.
        var goesOn: Bool { !isOutage && !isOverTime }

        var overtakenNote: String? {
            overtaken == 0 ? nil : "\(overtaken) came too late to be told, and were removed."
        }

        /// Why it did not come to the end, and what else there is to say.
        var note: String? {
            let end =
                isOutage
                ? "Deliveries failed \(outagesInARow) times in a row for reasons of the server's or the folder's own; the "
                    + "rest waits for the next run."
                : isOverTime
                    ? "The time of a run, \(longest.milliseconds / 1000) seconds, was over; the rest waits for the next run."
                    : nil
            let notes = [end, overtakenNote].compactMap(\.self)
            return notes.isEmpty ? nil : notes.joined(separator: " ")
        }
    }

    /// A message that was taken.
    private struct Parcel: Sendable {
        /// As it was before it was taken.
        let message: OutboxMessage
        /// The file that it will go to; nil when there will be none.
        let place: String?
    }

    /// Takes what was due when the run began, so that nothing is tried twice in it.
    private func take(_ count: Int, _ mailroom: Mailroom, _ run: RunningJob) async throws -> [Parcel] {
        let mark = run.store.deployment.keyFingerprint
        return try await run.batch { tx, _ in
            try tx.leaseDueMessages(
                dueBy: run.asOf, until: tx.now + OutboxDeliveryJob.leaseTime, limit: count,
                place: { mailroom.place(of: $0, databaseMark: mark) }
            ).map { Parcel(message: $0, place: mailroom.place(of: $0.reference, databaseMark: mark)) }
        }
    }

    private func giveBack(_ parcels: ArraySlice<Parcel>, _ run: RunningJob) async throws {
        guard !parcels.isEmpty else { return }
        // One may have been written that could not be recorded.
        let files = parcels.map { ($0.message.reference, file(of: $0, run)) }
        try await run.batch { tx, _ in
            for (reference, file) in files { try tx.giveBack(reference, destination: file) }
        }
    }

    /// The file in which something of a message is; nil when there is none.
    private func file(of parcel: Parcel, _ run: RunningJob) -> String? {
        // A copy has no files; what may be named in it is the original's.
        guard run.store.deployment.delivers else { return nil }
        return [parcel.message.destination, parcel.place].compactMap(\.self).first(where: LetterFile.isThere)
    }

    private func deliver(_ parcel: Parcel, by mailroom: Mailroom, _ run: RunningJob) async throws -> Outcome {
        let reference = parcel.message.reference
        do {
            guard let facts = try await facts(of: parcel, run) else {
                try await removeFile(parcel.message.destination ?? parcel.place, run)
                try await run.batch { tx, tally in
                    try tx.deleteOvertakenMessage(reference)
                    tally.processed += 1
                }
                return .overtaken
            }
            if let old = parcel.message.destination, old != parcel.place {
                // A delivery elsewhere was interrupted; two places cannot be kept on record.
                try await removeFile(old, run)
                try await run.batch { tx, _ in try tx.setDestination(parcel.place, of: reference) }
            }
            let destination = try await mailroom.deliver(facts, databaseMark: run.store.deployment.keyFingerprint)
            try await run.batch { tx, tally in
                try tx.markDelivered(reference, destination: destination)
                tally.processed += 1
            }
            return .delivered
        } catch let failure as MailFailure {
            try await note(failure, parcel, run)
            return failure.kind == .outage ? .outage : .failed
        }
    }

    /// Of an outage a message does not die, and its own failures are counted without it.
    private func note(_ failure: MailFailure, _ parcel: Parcel, _ run: RunningJob) async throws {
        let message = parcel.message
        let left = file(of: parcel, run)
        try await run.batch { tx, tally in
            let isOutage = failure.kind == .outage
            let attempts = message.attempts + (isOutage ? 0 : 1)
            let isOver = failure.isPermanent || !isOutage && attempts >= OutboxDeliveryJob.mostAttempts
            let wait =
                isOutage
                ? Backoff.outage.wait(afterWaiting: tx.now - message.createdAt)
                : Backoff.mail.wait(afterFailure: attempts)
            try tx.markFailed(
                message.reference, attempts: attempts, error: failure.text.withoutAddresses,
                retryAt: isOver ? nil : tx.now + wait, destination: left)
            tally.failed += 1
        }
    }

    /// What is to be said right now: the reader may have got another address since the message was taken.
    ///
    /// - Returns: nil when nobody is to be told any more.
    private func facts(of parcel: Parcel, _ run: RunningJob) async throws -> LetterFacts? {
        do {
            return try await run.store.read { tx in
                let facts = try tx.letterFacts(of: parcel.message)
                return try tx.isOvertaken(facts) ? nil : facts
            }
        } catch  where error.isOfOneAccount {
            // One that cannot be read must not keep the others; but what the database refuses ends the run.
            throw MailFailure(.temporary, text: (error as? MembershipError)?.message ?? "Its event cannot be read.")
        }
    }

    /// A copy has no files; what may be named in it is the original's.
    private func removeFile(_ path: String?, _ run: RunningJob) async throws {
        guard run.store.deployment.delivers, let path else { return }
        _ = try LetterFile.remove(path)
    }
}

extension ReadTransaction {
    /// Whether nobody is to be told any more: the account is nobody's, or the reader would be reminded of what is over,
    /// or warned of a debt that is settled.
    fileprivate func isOvertaken(_ facts: LetterFacts) throws -> Bool {
        if facts.account.email.isEmpty { return true }
        let message = facts.message.message
        guard let told = facts.subscription, [.trialEnding, .paymentOverdue].contains(message) else { return false }
        // Meanwhile she may have paid, agreed to go on, cancelled, or got more days.
        guard let open = try openSubscription(of: facts.account.id)?.advanced(to: now), open.id == told.id
        else { return true }
        if message == .paymentOverdue { return open.status != .pastDue || open.periodIndex != told.periodIndex }
        return open.status != .trialing || open.trialEnd != told.trialEnd || open.settledPeriods > 0
            || open.convertsTrial || open.cancelAtPeriodEnd
    }
}
