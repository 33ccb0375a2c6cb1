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
    /// After so many failures in a row a message is given up, which takes most of a day.
    static let mostAttempts = 12
    /// Stands in the record for a place that was never reached.
    static let nowhere = "nowhere"

    func dueCount(_ tx: ReadTransaction) throws -> Int { try tx.dueMessageCount() }

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
        while !run.isStopping {
            let wanted = run.wanted(most: OutboxDeliveryJob.batchSize)
            guard wanted > 0 else { return nil }
            let batch = try await take(wanted, run)
            var left = batch[...]
            do {
                while let parcel = left.first, !run.isStopping {
                    try await deliver(parcel, by: mailroom, run)
                    left.removeFirst()
                }
            } catch {
                try? await giveBack(left, run)
                throw error
            }
            try await giveBack(left, run)
            if batch.count < wanted { return nil }
        }
        return nil
    }

    /// A message that was taken, with what its letter is made of, or why there can be none.
    private struct Parcel: Sendable {
        let message: OutboxMessage
        let facts: Result<LetterFacts, MembershipError>
        /// For how long the reader's time may still come; nil for ever.
        let goodUntil: Timestamp?
    }

    private func take(_ count: Int, _ run: RunningJob) async throws -> [Parcel] {
        try await run.batch { tx, _ in
            try tx.leaseDueMessages(until: tx.now + OutboxDeliveryJob.leaseTime, limit: count).map { message in
                // One that cannot be read must not keep the others; but what the database refuses ends the run.
                let facts: Result<LetterFacts, MembershipError>
                do {
                    facts = .success(try tx.letterFacts(of: message))
                } catch  where error.isOfOneAccount {
                    facts = .failure(
                        error as? MembershipError ?? MembershipError(.databaseDamaged, "Its event cannot be read."))
                }
                let isReminder = message.message == .trialEnding
                return Parcel(
                    message: message, facts: facts,
                    goodUntil: isReminder ? (try? facts.get())?.subscription?.trialEnd : nil)
            }
        }
    }

    private func giveBack(_ parcels: ArraySlice<Parcel>, _ run: RunningJob) async throws {
        guard !parcels.isEmpty else { return }
        try await run.batch { tx, _ in
            for parcel in parcels { try tx.giveBackMessage(parcel.message.reference) }
        }
    }

    private func deliver(_ parcel: Parcel, by mailroom: Mailroom, _ run: RunningJob) async throws {
        let reference = parcel.message.reference
        do {
            let destination = try await send(parcel, by: mailroom, run)
            try await run.batch { tx, tally in
                try tx.markDelivered(reference, destination: destination)
                tally.processed += 1
            }
        } catch let failure as MailFailure {
            try await run.batch { tx, tally in
                let attempts = parcel.message.attempts + 1
                let isOver = failure.isPermanent || attempts >= OutboxDeliveryJob.mostAttempts
                try tx.markFailed(
                    reference, attempts: attempts, error: failure.text.withoutAddresses,
                    retryAt: isOver ? nil : tx.now + Backoff.mail.wait(afterFailure: attempts))
                tally.failed += 1
            }
        }
    }

    /// - Returns: where it went, for the record.
    private func send(_ parcel: Parcel, by mailroom: Mailroom, _ run: RunningJob) async throws -> String? {
        let facts: LetterFacts
        switch parcel.facts {
        case .success(let known): facts = known
        case .failure(let error): throw MailFailure(isPermanent: false, text: error.message)
        }
        guard !facts.account.email.isEmpty else {
            let why = facts.account.mergedInto == nil ? "was erased" : "has become part of another"
            throw MailFailure(isPermanent: true, text: "The account \(why), so that there is nobody to write to.")
        }
        if let end = parcel.goodUntil, try await run.store.read({ $0.now }) >= end {
            throw MailFailure(isPermanent: true, text: "The trial was over before the reminder could leave.")
        }
        guard run.store.deployment.delivers else { return OutboxDeliveryJob.nowhere }
        return try await mailroom.deliver(facts, databaseMark: run.store.deployment.keyFingerprint)
    }
}
