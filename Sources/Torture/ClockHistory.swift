import Foundation
import Membership
import MembershipService
import MembershipStore
import TestSupport

/// Readers who sign up and pay, and three processes that run the jobs, on a machine whose clock is moved.
struct ClockHistory {
    /// What came of it.
    struct Result {
        var jumps = 0
        var checks = 0
        /// What the clock did to each, by address: `trial.ended 2026-01-15T…`, and how the subscription stands.
        var lives: [String: [String]] = [:]
        var faults: [String] = []
    }

    private let place: TrialPlace
    private let isJumping: Bool
    private var choices: SeededNumbers
    private let clock = MovedClock(at: ClockHistory.start)
    private var machines: [Services] = []
    private var readers: [Reader] = []
    private var result = Result()

    /// As far as this history knows: a calendar of its own tells when it ends.
    private struct Reader {
        let email: String
        let trialEnd: Timestamp
        var periods = 0

        var accessEnd: Timestamp {
            guard periods > 0 else { return trialEnd }
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = .gmt
            let date = Date(timeIntervalSince1970: Double(trialEnd.milliseconds) / 1000)
            let end = calendar.date(byAdding: .month, value: periods, to: date) ?? date
            // Periods that are not paid for any more have seven days of grace.
            return Timestamp(milliseconds: Int64(end.timeIntervalSince1970 * 1000)) + .days(7)
        }
    }

    private static let start = Timestamp(milliseconds: 1_769_682_600_000)  // 2026-01-29T10:30:00Z
    private static let steps = 12
    private static let jobs = ["trial-expiry", "renewal"]

    init(place: TrialPlace, jumps: Bool, _ choices: SeededNumbers) async throws {
        (self.place, isJumping, self.choices) = (place, jumps, choices)
        try await place.furnish(clock.wallClock, anonymous: 2, registered: 3)
        for _ in 0..<3 { machines.append(try await place.services(clock.wallClock)) }
    }

    mutating func run() async throws -> Result {
        var time = ClockHistory.start
        for step in 0..<ClockHistory.steps {
            time = time + .days(1 + choices.below(9))
            clock.move(to: time)
            for number in 0..<(step == 0 ? 30 : 4) { try await signUp("r\(step)-\(number)@example.com", at: time) }
            // A runner on another machine that is never heard of again.
            let isHeld = choices.chance(30)
            if isHeld { try await takeLease() }
            let leap = step % 6 == 4 ? TimeSpan.days(365) : nil
            try await runJobs(isHeld: isHeld, jumpingTo: leap == nil && isJumping ? time + .hours(-1) : nil)
            try await pay()
            try await checkAccess(at: time)
            guard let leap else { continue }
            time = time + leap
            try await leapAhead(to: time)
            try await checkAccess(at: time)
        }
        time = time + .days(1)
        clock.move(to: time)
        try await runJobs(isHeld: false, jumpingTo: nil)
        for machine in machines {
            for job in ["trial-reminder", "outbox-delivery"] { _ = try await machine.jobs.run(job) }
        }
        try await lookAtLives()
        result.faults += try await WholeDatabase(location: place.location(), clock: clock.wallClock).faults()
        return result
    }

    // MARK: - What readers do

    private mutating func signUp(_ email: String, at time: Timestamp) async throws {
        _ = try await machines[choices.below(3)].accounts.signUp(email: EmailAddress(parsing: email))
        readers.append(Reader(email: email, trialEnd: time + .days(14)))
    }

    /// Some pay, by a process that has just begun, whatever the clock of the machine shows.
    private mutating func pay() async throws {
        let services = try await place.services(clock.wallClock)
        for index in readers.indices where choices.chance(15) {
            let call = ClientCall.pay(
                email: readers[index].email, reference: "ref-\(index)-\(readers[index].periods)",
                periods: 1 + choices.below(2))
            guard case .pay(_, _, let periods) = call else { continue }
            do {
                _ = try await call.ask(services)
                readers[index].periods += periods
            } catch let error as MembershipError where call.mayBeRefused(error.code) {
                continue
            }
        }
    }

    // MARK: - Jobs

    private func takeLease() async throws {
        try await Store.open(place.engine(), clock: clock.wallClock).write { tx in
            _ = try tx.beginJobRun(of: "trial-expiry", runner: "elsewhere/1/1/1", until: tx.now + .minutes(2))
        }
    }

    /// Every machine runs the jobs at once, and meanwhile the clock may jump.
    private mutating func runJobs(isHeld: Bool, jumpingTo moment: Timestamp?) async throws {
        let delay = choices.below(8)
        // As every minute: each process has looked at the clock, and a job has recorded how late it was. What happens
        // between that and a jump back is not known to a process that begins after it (docs/reliability.md).
        for machine in machines { _ = try await machine.clock.read() }
        _ = try await machines[choices.below(3)].jobs.run("renewal")
        let refusals = await withTaskGroup(of: [String].self) { [machines, clock] group in
            for machine in machines { group.addTask { await ClockHistory.runJobs(machine) } }
            if let moment {
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(delay))
                    clock.move(to: moment)
                    return []
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        result.faults += refusals
        if moment != nil { result.jumps += 1 }
        // Whoever comes after finds the jobs free, but for what another machine holds by its own clock.
        for job in ClockHistory.jobs {
            do {
                _ = try await machines[choices.below(3)].jobs.run(job)
                if isHeld, job == "trial-expiry" { result.faults.append("a lease that holds was taken") }
            } catch let error as MembershipError where error.code == .jobRunning && isHeld && job == "trial-expiry" {
                continue
            }
        }
    }

    private static func runJobs(_ machine: Services) async -> [String] {
        var faults: [String] = []
        for job in jobs {
            do {
                let report = try await machine.jobs.run(job)
                if report.run.failed > 0 { faults.append("\(job) failed with \(report.run.failed)") }
            } catch {
                if (error as? MembershipError)?.code != .jobRunning { faults.append("\(job): \(error)") }
            }
        }
        return faults
    }

    /// A year passes while jobs run, and with it every lease.
    private mutating func leapAhead(to time: Timestamp) async throws {
        // Chosen in either history, so that both go the same way.
        let delay = choices.below(4)
        if isJumping {
            try await takeLease()
            try await withThrowingTaskGroup(of: Void.self) { [machines, clock] group in
                for machine in machines { group.addTask { _ = await ClockHistory.runJobs(machine) } }
                group.addTask {
                    try await Task.sleep(for: .milliseconds(delay))
                    clock.move(to: time)
                }
                try await group.waitForAll()
            }
            result.jumps += 1
        }
        clock.move(to: time)
        try await runJobs(isHeld: false, jumpingTo: nil)
    }

    // MARK: - What came of it

    /// Access ends by the clock to the millisecond, and the clock that counts does not go back.
    private mutating func checkAccess(at time: Timestamp) async throws {
        let fresh = try await place.services(clock.wallClock)
        for reader in readers {
            let machine = choices.chance(30) ? fresh : machines[choices.below(3)]
            let decision = try await machine.access.check(
                reader: ReaderReference(parsing: reader.email), article: ArticleReference(parsing: "premium/article-1")
            ).decision
            result.checks += 1
            if decision.at != time { result.faults.append("it was \(time), and a decision is of \(decision.at)") }
            if decision.allowed != (time < reader.accessEnd) {
                result.faults.append(
                    "\(reader.email) has access until \(reader.accessEnd), and at \(time) \(decision.reason)")
            }
        }
    }

    private mutating func lookAtLives() async throws {
        let clockKinds: Set<Event.Kind> = [
            .trialEnded, .trialConverted, .subscriptionRenewed, .subscriptionPastDue, .subscriptionExpired,
        ]
        for reader in readers {
            let export = try await machines[0].accounts.export(AccountReference(parsing: reader.email))
            let subscription = export.subscriptions.first
            result.lives[reader.email] =
                export.events.filter { clockKinds.contains($0.kind) }.map { "\($0.kind.rawValue) \($0.effectiveAt)" }
                + ["\(subscription?.status.rawValue ?? "") \(subscription?.settledPeriods ?? 0)"]
        }
    }
}
