import Membership
import MembershipService
import MembershipStore

/// What must hold of every database, whatever was done to its disk.
struct DatabaseSoundness {
    let place: DiskPlace
    let clock: WallClock

    /// What does not hold: of the file, of its rows, and of what was acknowledged.
    ///
    /// - Parameter issued: everything that was asked for, so that nothing else may be there; nil where that is not known.
    func faults(
        acknowledged: some Collection<Acknowledgement>, issued: Set<Acknowledgement>? = nil
    ) async -> [String] {
        do {
            let engine = try place.location.open()
            // How it is written is a setting; here only what became of it counts.
            var faults = try await engine.examine().filter { !$0.isSound && $0.subject != "synchronous" }.map {
                "\($0.subject): \($0.detail)"
            }
            guard faults.isEmpty else { return faults }
            faults += try await engine.read { sql in try DatabaseSoundness.rules.flatMap { try $0.broken(sql) } }
            let there = try await engine.read(DatabaseSoundness.facts)
            faults += missing(acknowledged, there)
            if let issued {
                let alien = there.facts.subtracting(issued).filter {
                    if case .ran = $0 { false } else { true }
                }
                faults += alien.prefix(3).map { "\($0) is there and was never asked for" }
            }
            faults += try await brokenChains()
            return faults
        } catch {
            return ["cannot be looked at: \(error)"]
        }
    }

    /// Whether the database goes on: somebody signs up, and what is due is done.
    func faultsGoingOn(with email: String, jobs: [String]) async -> [String] {
        do {
            let services = try await Services.open(place.location, clock: clock)
            let answer = try await services.accounts.signUp(email: EmailAddress(parsing: email))
            guard answer.trial == .started else { return ["the next sign-up got no trial: \(answer.trial)"] }
            for job in jobs { _ = try await services.jobs.run(job) }
            return []
        } catch {
            return ["does not go on: \(error)"]
        }
    }

    private func missing(
        _ acknowledged: some Collection<Acknowledgement>, _ there: (facts: Set<Acknowledgement>, articles: Int)
    ) -> [String] {
        let lost = acknowledged.filter { acknowledgement in
            if case .imported(let count) = acknowledgement { return there.articles < count }
            return !there.facts.contains(acknowledgement)
        }
        guard let first = lost.first else { return [] }
        return ["\(lost.count) of \(acknowledged.count) acknowledged were lost, the first \(first)"]
    }

    private func brokenChains() async throws -> [String] {
        var faults: [String] = []
        let services = try await Services.open(place.location, clock: clock)
        _ = try await services.events.verify { faults.append("events of \($0.account): \($0.what)") }
        return Array(faults.prefix(3))
    }

    /// What is there of what callers are told.
    private static func facts(_ sql: any SQLConnection) throws -> (facts: Set<Acknowledgement>, articles: Int) {
        var facts: Set<Acknowledgement> = []
        func take(_ query: String, _ fact: (any SQLRow) throws -> Acknowledgement) throws {
            facts.formUnion(try sql.query(query, [], fact))
        }
        try take("SELECT canonical_email FROM account_emails") { .signedUp(try $0.text(0)) }
        try take("SELECT client_key FROM reads WHERE client_key IS NOT NULL") { .opened(try $0.text(0)) }
        try take("SELECT reference FROM payments WHERE reference IS NOT NULL") { .paid(try $0.text(0)) }
        try take("SELECT run_id FROM job_runs WHERE duration_ms IS NOT NULL") { .ran(try $0.integer(0)) }
        let articles = try sql.first("SELECT count(*) FROM articles", []) { try $0.count(0) } ?? 0
        return (facts, articles)
    }
}

extension DatabaseSoundness {
    /// Something that rows must be, and a question whose answers are those that are not.
    private struct Rule: Sendable {
        let broken: @Sendable (any SQLConnection) throws -> [String]

        init(_ what: String, _ query: String) {
            broken = { sql in
                let rows = try sql.query(query, []) { try $0.integer(0) }
                return rows.isEmpty ? [] : ["\(what): \(rows.count), the first of account \(rows[0])"]
            }
        }
    }

    /// Everything that one call writes is there or none of it. Each asks for the accounts where that is not so.
    private static let rules = [
        Rule(
            "accounts without an address",
            """
            SELECT account_id FROM accounts WHERE erased_at IS NULL AND merged_into IS NULL AND NOT EXISTS
                (SELECT 1 FROM account_emails WHERE account_emails.account_id = accounts.account_id)
            """),
        Rule(
            "accounts whose first event is not their beginning",
            """
            SELECT account_id FROM accounts WHERE NOT EXISTS
                (SELECT 1 FROM events WHERE events.account_id = accounts.account_id AND sequence = 1
                    AND kind = 'account.created')
            """),
        Rule(
            "accounts that nobody welcomes",
            """
            SELECT account_id FROM events WHERE kind = 'account.created' AND NOT EXISTS
                (SELECT 1 FROM outbox WHERE outbox.account_id = events.account_id AND event_sequence = sequence
                    AND message = 'welcome')
            """),
        Rule(
            "trials without the grant they give",
            """
            SELECT account_id FROM subscriptions WHERE trial_start IS NOT NULL AND NOT EXISTS
                (SELECT 1 FROM grants WHERE grants.account_id = subscriptions.account_id
                    AND grants.subscription_id = subscriptions.subscription_id AND source = 'trial')
            """),
        Rule(
            "trials without an event that begins them, or with two",
            """
            SELECT account_id FROM subscriptions WHERE trial_start IS NOT NULL AND 1 <>
                (SELECT count(*) FROM events WHERE events.account_id = subscriptions.account_id
                    AND events.subscription_id = subscriptions.subscription_id AND kind = 'trial.started')
            """),
        Rule(
            "trials that the ledger does not know, or the other way round",
            """
            SELECT min(account_id) FROM subscriptions WHERE trial_start IS NOT NULL
            HAVING count(*) <> (SELECT count(*) FROM trial_ledger)
            """),
        Rule(
            "trials that ended more than once",
            """
            SELECT account_id FROM events WHERE kind IN ('trial.ended', 'trial.converted')
            GROUP BY account_id, subscription_id HAVING count(*) > 1
            """),
        Rule(
            "trials that ended without an event, or are said to have ended and go on",
            """
            SELECT account_id FROM subscriptions WHERE trial_start IS NOT NULL
                AND (status <> 'trialing') <> EXISTS
                    (SELECT 1 FROM events WHERE events.account_id = subscriptions.account_id
                        AND events.subscription_id = subscriptions.subscription_id
                        AND kind IN ('trial.ended', 'trial.converted'))
            """),
        Rule(
            "ends of trials that nobody is told of, or twice",
            """
            SELECT account_id FROM events WHERE kind = 'trial.ended' AND 1 <>
                (SELECT count(*) FROM outbox WHERE outbox.account_id = events.account_id
                    AND event_sequence = sequence)
            """),
        Rule(
            "payments without a reference that is theirs",
            """
            SELECT account_id FROM payments WHERE 1 <>
                (SELECT count(*) FROM payment_references
                    WHERE payment_references.account_id = payments.account_id
                        AND payment_references.payment_id = payments.payment_id)
            """),
        Rule(
            "accounts with more payments than events of them, or fewer",
            """
            SELECT account_id FROM accounts WHERE
                (SELECT count(*) FROM payments WHERE payments.account_id = accounts.account_id) <>
                (SELECT count(*) FROM events WHERE events.account_id = accounts.account_id
                    AND kind = 'payment.recorded')
            """),
        Rule(
            "messages without an event",
            """
            SELECT account_id FROM outbox WHERE NOT EXISTS
                (SELECT 1 FROM events WHERE events.account_id = outbox.account_id AND sequence = event_sequence)
            """),
        Rule(
            "articles that say nothing",
            """
            SELECT article_id FROM articles WHERE NOT EXISTS
                (SELECT 1 FROM article_contents WHERE article_contents.article_id = articles.article_id)
            """),
    ]
}
