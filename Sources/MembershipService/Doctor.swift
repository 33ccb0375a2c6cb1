public import Membership
import MembershipFeeds
import MembershipStore

/// A check-up of a database: its engine, its schema, its key, its clock and its overdue work.
public struct Doctor: Sendable {
    private let location: DatabaseLocation
    private let clock: WallClock

    /// Names the database.
    public init(_ location: DatabaseLocation, clock: WallClock = .system) {
        self.location = location
        self.clock = clock
    }

    /// How late a job of a live database may be.
    private static let grace = TimeSpan.minutes(10)
    /// How long a run may take before somebody should look at it.
    private static let longestRun = TimeSpan.hours(1)
    /// How long deliveries may fail: of an outage no message is given up.
    private static let longestOutage = TimeSpan.hours(1)

    /// Looks at everything. What cannot be looked at is itself a finding.
    ///
    /// - Throws: ``MembershipError`` with code `database_missing` when there is nothing to look at, `database_busy`.
    public func examine() async throws -> [Finding] {
        let engine = try location.open()
        var findings: [Finding] = []
        do {
            let applied = try? await engine.read { try $0.appliedMigrations() }
            // Of one that was never set up there is no more to say than that.
            if let applied, applied.isEmpty { try engine.schema.requireCurrent(applied) }
            findings += try await engine.examine()
            findings.append(try await schema(engine))
            let store = try await Store.open(engine, clock: clock)
            findings.append(key(store))
            findings += try await work(store)
            findings.append(try await rules(store))
            findings.append(try await events(store))
        } catch let error as MembershipError where error.code != .databaseBusy {
            // Whoever asks the doctor is not told to.
            let remedy =
                error.remedy == damageRemedy
                ? "Restore a backup; .recover of the sqlite3 shell may save what is newer." : error.remedy
            findings.append(Finding("database", error.message, isSound: false, remedy: remedy))
        }
        return findings + reading()
    }

    /// What is loaded only when it is needed may have been missing for long.
    private func reading() -> [Finding] {
        do {
            try FeedDocument.requireLibrary()
            return []
        } catch {
            return [Finding("feeds", error.message, isSound: false, remedy: error.remedy)]
        }
    }

    private func schema(_ engine: any DatabaseEngine) async throws -> Finding {
        let schema = engine.schema
        try await schema.requireCurrent(engine.read { try $0.appliedMigrations() })
        return Finding("schema", "version \(schema.version), up to date", isSound: true)
    }

    private func key(_ store: Store) -> Finding {
        let file = LedgerKeyFile(path: location.keyPath)
        do {
            _ = try file.load(matching: store.deployment.keyFingerprint)
        } catch {
            return Finding("key file", error.message, isSound: false, remedy: error.remedy)
        }
        let isOpen = file.isReadableByOthers() ?? false
        return Finding(
            "key file", isOpen ? "others may read \(file.path)" : "present, and this database's", isSound: !isOpen,
            remedy: "chmod 600 \(file.path)")
    }

    /// The check-up has read the whole file already, so that of a large one only the newest chains are followed.
    private static let accountsChecked = 1000

    private func events(_ store: Store) async throws -> Finding {
        var first: EventService.Fault?
        let verification = try await EventService(store: store).verifyNewest(Doctor.accountsChecked) {
            first = first ?? $0
        }
        let extent = "\(verification.events) events of the newest \(verification.accounts) accounts"
        return Finding(
            "events",
            first.map { "of \(verification.faults) accounts not as recorded; \($0.account): \($0.what)" }
                ?? "\(extent), as they were recorded",
            isSound: first == nil,
            remedy: "Events were changed by hand. fortnight events verify names every account; restore a backup.")
    }

    /// A rule that cannot be understood keeps everybody out, and so do two of one target at one time. A row that is for
    /// nothing may have been meant to. That one asks for what nobody can have is named, and may be
    /// meant: the plan that gives it may not be published yet.
    private func rules(_ store: Store) async throws -> Finding {
        try await store.read { tx in
            let rules = RuleTimeline.judged(try tx.rules())
            let unreadable = rules.compactMap { rule -> String? in
                guard case .unreadable(let why) = rule.content else { return nil }
                return "\(rule.target) (\(rule.id)): \(why)"
            }
            let misnamed = try tx.misnamedRules().map { "‘\($0.target)’ (\($0.id))" }
            let faults = [
                unreadable.isEmpty
                    ? nil
                    : "of \(rules.count) that stand, \(unreadable.count) cannot be understood, and let nobody in: "
                        + Doctor.first(unreadable),
                misnamed.isEmpty
                    ? nil
                    : "\(misnamed.count) that stand are for what nothing is called: \(Doctor.first(misnamed)); one for a "
                        + "section lets nobody read its title, and the others do nothing",
            ].compactMap(\.self)
            guard faults.isEmpty else {
                return Finding(
                    "access rules", faults.joined(separator: "; and "), isSound: false,
                    remedy: "A row was changed by hand. fortnight rule set TARGET or rule unset TARGET, from when it "
                        + "holds, puts another in its place; for one that is for a section that none can be called, rule "
                        + "unset title:TITLE. Or restore a backup.")
            }
            let closed = try Doctor.closed(rules, in: tx)
            return Finding(
                "access rules", (["\(rules.count) stand"] + closed).joined(separator: "; "), isSound: true)
        }
    }

    /// The first three of a list, and how many more there are.
    private static func first(_ items: [String]) -> String {
        items.prefix(3).joined(separator: "; ") + (items.count > 3 ? "; and \(items.count - 3) more" : "")
    }

    /// The rules that hold or will, and ask for what nobody can have.
    private static func closed(_ rules: [AccessRule], in tx: ReadTransaction) throws -> [String] {
        var isToBeHad: [Entitlement: Bool] = [:]
        let closed = try rules.filter { rule in
            guard let requires = rule.settings?.terms?.requires, !requires.isEmpty,
                !rule.interval.hasEnded(by: tx.now)
            else { return false }
            return try requires.allSatisfy { entitlement in
                let known = try isToBeHad[entitlement] ?? tx.isToBeHad(entitlement)
                isToBeHad[entitlement] = known
                return !known
            }
        }
        return closed.prefix(3).map { rule in
            let wanted = rule.settings?.terms?.requires.map(\.name).joined(separator: " or ") ?? ""
            return "\(rule.target) asks for \(wanted), which no plan on offer gives and nobody has"
        } + (closed.count > 3 ? ["\(closed.count - 3) more ask for such"] : [])
    }

    private func work(_ store: Store) async throws -> [Finding] {
        let isSandbox = store.deployment.isSandbox
        let (findings, leases) = try await store.read { [clock] tx in
            let newest = try [tx.newestEventTime(), store.deployment.clockFloor].compactMap(\.self).max()
            // The transaction's time never goes back behind what was recorded; the machine's clock may. It is looked at
            // behind what was.
            let time = isSandbox ? tx.now : clock.now()
            let isBehind = newest.map { $0 > time } ?? false
            // The jobs run every few minutes; in a sandbox only when somebody runs them.
            let grace = isSandbox ? TimeSpan(milliseconds: 0) : Doctor.grace
            let moment = tx.now - grace
            let overdueTrials = try tx.dueSubscriptionCount(trials: true, at: moment)
            let overduePeriods = try tx.dueSubscriptionCount(trials: false, at: moment)
            let findings = [
                Finding(
                    "clock",
                    isBehind
                        ? "stands at \(time), before what was recorded last at \(newest?.rfc3339 ?? "")"
                        : (isSandbox ? "sandbox, at \(time)" : "live, at \(time)"),
                    isSound: !isBehind, remedy: "Set this machine's clock, and find out why it went back."),
                Finding(
                    "overdue trials", "\(overdueTrials)", isSound: overdueTrials == 0,
                    remedy: "Run fortnight jobs run trial-expiry, and see that jobs run-due runs every minute."),
                Finding(
                    "overdue periods", "\(overduePeriods)", isSound: overduePeriods == 0,
                    remedy: "Run fortnight jobs run renewal, and see that jobs run-due runs every minute."),
                try failures(tx), try messages(tx),
            ]
            return (findings, (try tx.jobLeases().map { ($0, try tx.jobRun($0.run)) }, tx.now))
        }
        return findings + [runs(leases.0, at: leases.1, isSandbox: isSandbox)]
    }

    private func failures(_ tx: ReadTransaction) throws -> Finding {
        let count = try tx.jobFailureCount()
        let first = try tx.jobFailures(limit: 3).map { failure in
            "\(failure.account), \(failure.job): \(failure.error) Tried \(failure.attempts) times, again at "
                + "\(failure.retryAt)."
        }
        return Finding(
            "failing accounts", ([String(count)] + first).joined(separator: "; "), isSound: count == 0,
            remedy: "Put right what the error names; the job tries again by itself, and jobs run does at its time.")
    }

    private func messages(_ tx: ReadTransaction) throws -> Finding {
        let dead = try tx.deadMessageCount()
        let waiting = try tx.undeliveredMessages()
        let failing = try tx.failingMessages(
            since: tx.now - Doctor.longestOutage)
        let details = [
            dead == 0 ? nil : "\(dead) given up",
            waiting.count == 0
                ? "none waiting" : "\(waiting.count) waiting, the first since \(waiting.since?.rfc3339 ?? "")",
            failing.map {
                "\($0.count) of them waiting for more than an hour and failing, the first with: \($0.error)"
            },
        ]
        return Finding(
            "messages", details.compactMap(\.self).joined(separator: ", "), isSound: dead == 0 && failing == nil,
            remedy: dead == 0
                ? "fortnight outbox list --due says of each why. Put that right: they are tried again by themselves."
                : "fortnight outbox list --dead names them and why; fortnight outbox retry tries again.")
    }

    /// Runs whose process is gone, and runs that take too long.
    private func runs(_ leases: [(JobLease, JobRun?)], at now: Timestamp, isSandbox: Bool) -> Finding {
        let wrong = leases.compactMap { lease, run -> String? in
            if JobRunner.isGone(lease.runner) { return "\(lease.job): the process of \(lease.runner) is gone" }
            if lease.leasedUntil <= now { return "\(lease.job): nothing was heard of \(lease.runner)" }
            guard !isSandbox, let run, now - run.asOf > Doctor.longestRun else { return nil }
            return "\(lease.job): run by \(lease.runner) since \(run.asOf)"
        }
        return Finding(
            "job runs", wrong.isEmpty ? "\(leases.count) under way" : wrong.joined(separator: "; "),
            isSound: wrong.isEmpty,
            remedy: "The next run takes over what was left; find out why one ended or takes so long.")
    }
}
