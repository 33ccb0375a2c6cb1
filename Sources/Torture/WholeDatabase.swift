import Membership
import MembershipService
import MembershipStore

/// What must hold of a database whatever was done to the processes that worked on it: nothing is half there, nothing
/// happened twice, events are unbroken, the check-up finds nothing.
struct WholeDatabase: Sendable {
    let location: DatabaseLocation
    let clock: WallClock

    /// What doctor says of work that is due and was not done.
    static let overdueSubjects: Set = ["overdue trials", "overdue periods", "job runs"]

    /// What does not hold; empty when all does.
    ///
    /// - Parameter exempt: what of the check-up is not asked for, by its subject.
    func faults(exempt: Set<String> = []) async throws -> [String] {
        var faults = try await location.open().read(WholeDatabase.brokenRules)
        let findings = try await Doctor(location, clock: clock).examine()
        faults += findings.filter { !$0.isSound && !exempt.contains($0.subject) }.map { "\($0.subject): \($0.detail)" }
        let services = try await Services.open(location, clock: clock)
        _ = try await services.events.verify { faults.append("events of \($0.account): \($0.what)") }
        return faults
    }

    /// Does what is due, delivers what waits, and looks at everything then.
    func faultsAfterDueWork(lettersTo letters: Letters) async throws -> [String] {
        let services = try await Services.open(location, clock: clock, options: letters.options)
        var faults = try await services.jobs.runDue().compactMap { outcome -> String? in
            if case .ran(let report) = outcome, report.run.failed == 0 { return nil }
            return "a job that did not run: \(outcome)"
        }
        faults += try await location.open().read { [clock] in try WholeDatabase.overdue($0, at: clock.now()) }
        faults += try await letters.faults(services)
        return faults + (try await self.faults())
    }

    /// What of the rows is not as one call or one run leaves them.
    static func brokenRules(_ sql: any SQLConnection) throws -> [String] {
        try rules.compactMap { rule in
            let count = try sql.first(rule.sql, []) { try $0.count(0) } ?? 0
            return count == 0 ? nil : "\(count) × \(rule.broken)"
        }
    }

    /// What the clock should have brought about by now, and no job has recorded.
    static func overdue(_ sql: any SQLConnection, at moment: Timestamp) throws -> [String] {
        let due = "SELECT count(*) FROM subscriptions WHERE due_at <= $1"
        let count = try sql.first(due, [moment.milliseconds]) { try $0.count(0) } ?? 0
        return count == 0 ? [] : ["\(count) × a subscription of which something is due and was not done"]
    }

    struct Rule: Sendable {
        let broken: String
        /// Counts what breaks it.
        let sql: String
    }

    /// The events that the clock makes happen at a moment, once each.
    private static let byClock = """
        ('trial.ended', 'trial.converted', 'subscription.renewed', 'subscription.past_due', 'subscription.expired',
            'subscription.access_ended')
        """

    static let rules = [
        Rule(
            broken: "an account without an address",
            sql: """
                SELECT count(*) FROM accounts AS a
                WHERE NOT EXISTS (SELECT 1 FROM account_emails AS e WHERE e.account_id = a.account_id)
                """),
        Rule(
            broken: "an account that was not made exactly once",
            sql: """
                SELECT count(*) FROM accounts AS a
                WHERE 1 <> (SELECT count(*) FROM events AS e
                    WHERE e.account_id = a.account_id AND e.kind = 'account.created')
                """),
        Rule(
            broken: "an account that is not welcomed exactly once",
            sql: """
                SELECT count(*) FROM accounts AS a
                WHERE 1 <> (SELECT count(*) FROM outbox AS o
                    WHERE o.account_id = a.account_id AND o.message = 'welcome')
                """),
        Rule(
            broken: "events whose head is not their last",
            sql: """
                SELECT count(*) FROM accounts AS a
                WHERE coalesce((SELECT sequence FROM event_heads AS h WHERE h.account_id = a.account_id), 0)
                    <> (SELECT max(sequence) FROM events AS e WHERE e.account_id = a.account_id)
                """),
        Rule(
            broken: "a trial that did not begin exactly once",
            sql: """
                SELECT count(*) FROM subscriptions AS s
                WHERE s.trial_start IS NOT NULL AND 1 <> (SELECT count(*) FROM events AS e
                    WHERE e.account_id = s.account_id AND e.subscription_id = s.subscription_id
                        AND e.kind = 'trial.started')
                """),
        Rule(
            broken: "a trial that gave nothing",
            sql: """
                SELECT count(*) FROM subscriptions AS s
                WHERE s.trial_start IS NOT NULL AND NOT EXISTS (SELECT 1 FROM grants AS g
                    WHERE g.account_id = s.account_id AND g.subscription_id = s.subscription_id
                        AND g.source = 'trial')
                """),
        Rule(
            broken: "a difference between trials and the ledger of trials",
            sql: """
                SELECT abs((SELECT count(*) FROM trial_ledger)
                    - (SELECT count(*) FROM subscriptions WHERE trial_start IS NOT NULL))
                """),
        Rule(
            broken: "a trial that was not ended exactly once",
            sql: """
                SELECT count(*) FROM subscriptions AS s
                WHERE s.trial_start IS NOT NULL
                    AND (CASE WHEN s.status = 'trialing' THEN 0 ELSE 1 END)
                        <> (SELECT count(*) FROM events AS e
                            WHERE e.account_id = s.account_id AND e.subscription_id = s.subscription_id
                                AND e.kind IN ('trial.ended', 'trial.converted'))
                """),
        Rule(
            broken: "a moment at which the clock did the same thing twice",
            sql: """
                SELECT count(*) FROM (
                    SELECT 1 AS one FROM events WHERE kind IN \(byClock)
                    GROUP BY account_id, subscription_id, kind, effective_at HAVING count(*) > 1) AS twice
                """),
        Rule(
            broken: "a thing that holds from a moment before the one recorded before it",
            sql: """
                SELECT count(*) FROM events AS e
                JOIN events AS next ON next.account_id = e.account_id AND next.sequence = e.sequence + 1
                WHERE next.effective_at < e.effective_at
                """),
        Rule(
            broken: "a subscription with other periods than were paid for",
            sql: """
                SELECT count(*) FROM subscriptions AS s
                WHERE s.settled_periods <> (SELECT coalesce(sum(p.periods), 0) FROM payments AS p
                    WHERE p.account_id = s.account_id AND p.subscription_id = s.subscription_id)
                """),
        // Access is granted ahead, to the end of the last period that is paid for. How long the periods behind the
        // current one are is in the calendar: n months are at least 30 n - 2 days, and a zone can take an hour of them.
        // What is paused gives nothing, and what changes its plan later gives something else then: nothing is asked of
        // those. An operator can take a grant back; no trial does.
        Rule(
            broken: "a right that is paid for and not given, or not for as long",
            sql: """
                SELECT count(*) FROM subscriptions AS s
                JOIN plan_versions AS v ON v.plan = s.plan AND v.version = s.plan_version
                JOIN plan_entitlements AS p ON p.plan = s.plan AND p.version = s.plan_version
                WHERE s.status IN ('trialing', 'active') AND s.next_plan IS NULL
                    AND s.settled_periods > coalesce(s.period_index, 0)
                    AND NOT EXISTS (SELECT 1 FROM grants AS g
                        WHERE g.account_id = s.account_id AND g.subscription_id = s.subscription_id
                            AND g.entitlement = p.entitlement AND g.source = 'subscription' AND g.voided_at IS NULL
                            AND g.starts_at <= CASE WHEN s.status = 'trialing' THEN s.trial_end ELSE s.updated_at END
                            AND (g.ends_at IS NULL OR g.ends_at >= coalesce(s.current_period_end, s.trial_end)
                                AND g.ends_at >= coalesce(s.current_period_end, s.trial_end) + 86400000 * (
                                    (s.settled_periods - coalesce(s.period_index, -1) - 1) * v.interval_count
                                        * CASE v.interval_unit WHEN 'day' THEN 1 WHEN 'month' THEN 30 ELSE 365 END
                                    - 3)))
                """),
        Rule(
            broken: "a payment without its event, or an event without its payment",
            sql: """
                SELECT count(*) FROM accounts AS a
                WHERE (SELECT count(*) FROM payments AS p WHERE p.account_id = a.account_id)
                    <> (SELECT count(*) FROM events AS e
                        WHERE e.account_id = a.account_id AND e.kind = 'payment.recorded')
                """),
        Rule(
            broken: "a payment whose reference is not kept",
            sql: """
                SELECT count(*) FROM payments AS p
                WHERE NOT EXISTS (SELECT 1 FROM payment_references AS r
                    WHERE r.account_id = p.account_id AND r.payment_id = p.payment_id)
                """),
        Rule(
            broken: "a reference without its payment",
            sql: """
                SELECT count(*) FROM payment_references AS r
                WHERE NOT EXISTS (SELECT 1 FROM payments AS p
                    WHERE r.account_id = p.account_id AND r.payment_id = p.payment_id)
                """),
        Rule(
            broken: "an end of a trial of which nobody is told exactly once",
            sql: """
                SELECT count(*) FROM events AS e
                WHERE e.kind = 'trial.ended' AND 1 <> (SELECT count(*) FROM outbox AS o
                    WHERE o.account_id = e.account_id AND o.event_sequence = e.sequence)
                """),
        Rule(
            broken: "a message without its event",
            sql: """
                SELECT count(*) FROM outbox AS o
                WHERE NOT EXISTS (SELECT 1 FROM events AS e
                    WHERE e.account_id = o.account_id AND e.sequence = o.event_sequence)
                """),
        Rule(
            broken: "an article that says nothing",
            sql: """
                SELECT count(*) FROM articles AS a
                WHERE NOT EXISTS (SELECT 1 FROM article_contents AS c WHERE c.article_id = a.article_id)
                """),
    ]
}
