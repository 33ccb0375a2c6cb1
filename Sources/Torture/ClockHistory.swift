import Foundation
import Membership
import MembershipService
import MembershipStore
import Synchronization
import TestSupport

/// Readers who sign up and pay, and three processes that run the jobs, on a machine whose clock is moved.
struct ClockHistory {
    /// What came of it.
    struct Result {
        var jumps = 0
        /// Those that fell inside a run that had something to do yet.
        var jumpsAtWork = 0
        /// Those of them that fell between two of its batches.
        var jumpsBetweenBatches = 0
        var checks = 0
        /// What the clock did to each, by address: `trial.ended 2026-01-15T…`, and how the subscription stands.
        var lives: [String: [String]] = [:]
        var faults: [String] = []
    }

    private let place: TrialPlace
    private let isJumping: Bool
    private var choices: SeededNumbers
    private let clock: MovedClock
    private let store: Store
    private var machines: [Services] = []
    private var readers: [Reader] = []
    /// When the trials of each crowd end, by the step in which that is recorded.
    private var crowdEnds: [Int: Timestamp] = [:]
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
    /// Where the clock goes a year ahead and not an hour back.
    private static let leaps: Set = [4, 10]
    /// Where so many trials end at once that a run does them in several batches, and the jump is between two of them.
    private static let crowdedSteps: Set = [4, 7, 10]
    /// More than a run does in its first batch.
    private static let crowdSize = 450
    private static let callers = 16
    private static let expiry = "trial-expiry"
    private static let renewal = "renewal"
    private static let jobs = [expiry, renewal]
    private static let threads = RunThreads()

    init(place: TrialPlace, jumps: Bool, _ choices: SeededNumbers) async throws {
        let clock = MovedClock(at: ClockHistory.start)
        try await place.furnish(clock.wallClock, anonymous: 2, registered: 3)
        store = try await Store.open(place.engine(), clock: clock.wallClock)
        (self.place, self.clock, isJumping, self.choices) = (place, clock, jumps, choices)
        for _ in 0..<3 { machines.append(try await place.services(clock.wallClock)) }
    }

    mutating func run() async throws -> Result {
        var time = ClockHistory.start
        for number in 0..<30 { try await signUp("first-\(number)@example.com", at: time) }
        for step in 0..<ClockHistory.steps {
            let days = 1 + choices.below(9)
            time = time + .days(days)
            clock.move(to: time)
            // Whatever the clock has ended by now, no job has recorded it.
            try await checkAccess(at: time)
            // The trials of those who signed up in the step before are over, so that there is work in any case.
            time = time + .days(14 - days + choices.below(4))
            clock.move(to: time)
            let leap = ClockHistory.leaps.contains(step) ? time + .days(365) : nil
            try await runJobs(in: step, at: time, leapingTo: leap)
            if let leap { time = leap }
            for number in 0..<4 { try await signUp("r\(step)-\(number)@example.com", at: time) }
            if ClockHistory.crowdedSteps.contains(step + 1) { try await signUpCrowd(of: step + 1, at: time) }
            try await pay()
            try await checkAccess(at: time)
        }
        time = time + .days(1)
        clock.move(to: time)
        var endings = await ClockHistory.runJobs(on: machines)
        for machine in machines {
            for job in ClockHistory.jobs + ["trial-reminder", "outbox-delivery"] {
                endings.append(await ClockHistory.attempt(job, on: machine))
            }
        }
        result.faults += endings.compactMap { $0.fault(isLeap: false, isHeld: false) }
        try await lookAtLives()
        try await lookAtCrowds()
        result.faults += try await WholeDatabase(location: place.location(), clock: clock.wallClock).faults()
        return result
    }

    // MARK: - What readers do

    private mutating func signUp(_ email: String, at time: Timestamp) async throws {
        _ = try await machines[choices.below(3)].accounts.signUp(email: EmailAddress(parsing: email))
        readers.append(Reader(email: email, trialEnd: time + .days(14)))
    }

    /// Many who only try it.
    private mutating func signUpCrowd(of step: Int, at time: Timestamp) async throws {
        let accounts = machines[choices.below(3)].accounts
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<ClockHistory.callers {
                group.addTask {
                    for number in stride(from: caller, to: ClockHistory.crowdSize, by: ClockHistory.callers) {
                        _ = try await accounts.signUp(
                            email: EmailAddress(parsing: "crowd\(step)-\(number)@example.com"))
                    }
                }
            }
            try await group.waitForAll()
        }
        crowdEnds[step] = time + .days(14)
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

    /// How a run of a job ended.
    private enum Ending: Equatable, Sendable {
        case done(JobRun)
        /// Another has the job.
        case refused(job: String)
        /// It had begun, and another took the job over.
        case lost(job: String)
        case failed(String)

        /// What of it is no answer that a run may get.
        ///
        /// - Parameters:
        ///   - isLeap: whether a jump has ended every lease meanwhile.
        ///   - isHeld: whether a runner on another machine has the renewals.
        func fault(isLeap: Bool, isHeld: Bool) -> String? {
            switch self {
            case .done(let run) where run.failed > 0: "\(run.job) failed with \(run.failed)"
            case .done(let run) where isHeld && run.job == ClockHistory.renewal: "a lease that holds was taken"
            case .done, .refused: nil
            case .lost(let job): isLeap ? nil : "\(job) lost a lease that no jump had ended"
            case .failed(let what): what
            }
        }
    }

    /// Every machine runs the jobs at once, and meanwhile the clock jumps: to the leap, or an hour back.
    private mutating func runJobs(in step: Int, at time: Timestamp, leapingTo leap: Timestamp?) async throws {
        // A runner on another machine that is never heard of again. A leap meets a run that is at work here.
        let isHeld = choices.chance(30) && leap == nil
        // Chosen in either history, so that both go the same way.
        let other = choices.below(4)
        // As every minute: each process has looked at the clock, and a job has recorded how late it was. What happens
        // between that and a jump back is not known to a process that begins after it (docs/reliability.md). The job is
        // stopped before it does anything, so that what is due is there for the jump.
        for machine in machines { _ = try await machine.clock.read() }
        _ = try await machines[choices.below(3)].jobs.run(ClockHistory.renewal, stopping: { true })
        if isHeld { try await takeLease() }
        let endings: [Ending]
        if isJumping {
            endings = try await runJobsAndJump(in: step, at: time, leapingTo: leap, other: other)
        } else {
            if let leap { clock.move(to: leap) }
            endings = await ClockHistory.runJobs(on: machines)
        }
        let faults = endings.compactMap { $0.fault(isLeap: leap != nil, isHeld: isHeld) }
        result.faults += faults.map { "step \(step): \($0)" }
        try await finish(step, by: leap ?? time, isHeld: isHeld)
    }

    /// Whoever comes after finds the jobs free, but for what another machine holds by its own clock. Then no trial is
    /// due any more.
    private mutating func finish(_ step: Int, by time: Timestamp, isHeld: Bool) async throws {
        for job in ClockHistory.jobs {
            let ending = await ClockHistory.attempt(job, on: machines[choices.below(3)])
            let isRefused = isHeld && job == ClockHistory.renewal
            let fault =
                ending == .refused(job: job) && !isRefused
                ? "\(job) is refused, and nobody has it" : ending.fault(isLeap: false, isHeld: isHeld)
            if let fault { result.faults.append("step \(step): \(fault)") }
        }
        let left = try await store.read { tx in try tx.dueSubscriptionCount(trials: true, at: time) }
        if left > 0 { result.faults.append("step \(step): \(left) trials that were due are not done") }
    }

    private func takeLease() async throws {
        try await store.write { tx in
            _ = try tx.beginJobRun(of: ClockHistory.renewal, runner: "elsewhere/1/1/1", until: tx.now + .minutes(2))
        }
    }

    /// The clock jumps inside the run that ends trials, before its first batch or, where many end, between two. The run
    /// stands still until somebody else has asked for its job: an hour back ends no lease, a year ahead each.
    ///
    /// - Parameter other: which machine asks; one that has begun after the jump where there is none of that number.
    private mutating func runJobsAndJump(
        in step: Int, at time: Timestamp, leapingTo leap: Timestamp?, other: Int
    ) async throws -> [Ending] {
        let isCrowded = ClockHistory.crowdedSteps.contains(step)
        let due = try await store.read { tx in try tx.dueSubscriptionCount(trials: true, at: time) }
        let moment = leap ?? time + .hours(-1)
        let jump = ClockJump(of: clock, to: moment, beforeBatch: isCrowded ? 2 : 1)
        let machines = self.machines
        async let running = ClockHistory.runJobs(on: machines, jump)
        // Whatever happens: the run would stand still for ever.
        defer { jump.letGo() }
        await jump.happens()
        // Where no run came that far, the clock stands yet.
        clock.move(to: moment)
        result.jumps += 1
        // Nobody else begins one by the time before the jump, since this one has the job.
        let met = try await store.read { tx in
            try tx.jobRuns(of: ClockHistory.expiry, limit: 10)
                .first { $0.asOf == time && $0.durationMilliseconds == nil }
        }
        let services = try await machines.indices.contains(other) ? machines[other] : place.services(clock.wallClock)
        // It is let go as soon as the other has begun, so that both want to write.
        let answer = await ClockHistory.attempt(ClockHistory.expiry, on: services) { _ in jump.letGo() }
        jump.letGo()
        let endings = await running
        guard jump.hasHappened, let met else {
            result.faults.append("step \(step): the clock jumped, and inside no run")
            return endings + [answer]
        }
        let left = due - met.processed
        if left > 0 { result.jumpsAtWork += 1 }
        if left > 0 && met.processed > 0 { result.jumpsBetweenBatches += 1 }
        if left <= 0 || isCrowded && met.processed == 0 {
            result.faults.append("step \(step): the clock jumped when a run had done \(met.processed) of \(due)")
        }
        if let fault = try await lookAtRun(met, of: due, isLeap: leap != nil, answer) {
            result.faults.append("step \(step): \(fault)")
        }
        return endings + [answer]
    }

    /// What does not hold of the run that a jump met: an hour back does not keep it from what was due, and once a leap
    /// has ended its lease it writes nothing more.
    ///
    /// - Parameter answer: how it ended for whoever asked for the same job meanwhile.
    private func lookAtRun(_ met: JobRun, of due: Int, isLeap: Bool, _ answer: Ending) async throws -> String? {
        guard let run = try await store.read({ tx in try tx.jobRun(met.id) }) else {
            return "the run of \(met.job) that met a jump is not recorded"
        }
        let state = "\(run.state) with \(run.processed)"
        if isLeap {
            guard run.state == .abandoned, run.processed == met.processed else {
                return "a leap ended the lease of a run that had done \(met.processed), and it is \(state)"
            }
            return nil
        }
        guard answer == .refused(job: met.job) else { return "\(met.job) was given to two after an hour back" }
        guard run.state == .done, run.processed == due else {
            return "a run had \(due) to do and met an hour back, and it is \(state)"
        }
        return nil
    }

    /// Runs the jobs on every machine at once.
    private static func runJobs(on machines: [Services], _ jump: ClockJump? = nil) async -> [Ending] {
        let endings = await withTaskGroup(of: [Ending].self) { group in
            for machine in machines {
                group.addTask(executorPreference: ClockHistory.threads) {
                    var endings: [Ending] = []
                    for job in ClockHistory.jobs {
                        let met = job == ClockHistory.expiry ? jump : nil
                        endings.append(await ClockHistory.attempt(job, on: machine) { met?.meet(batch: $0) })
                    }
                    return endings
                }
            }
            return await group.reduce(into: [Ending]()) { $0 += $1 }
        }
        jump?.end()
        return endings
    }

    /// Runs a job.
    ///
    /// - Parameter batch: hears of each batch before it is done, by its number.
    private static func attempt(
        _ job: String, on machine: Services, batch: @escaping @Sendable (Int) -> Void = { _ in }
    ) async -> Ending {
        let batches = Locked(0)
        do {
            let report = try await machine.jobs.run(
                job,
                stopping: {
                    batch(
                        batches.withLock { number in
                            number += 1
                            return number
                        })
                    return false
                })
            return .done(report.run)
        } catch let error as MembershipError where error.code == .jobRunning {
            return batches.withLock { $0 } == 0 ? .refused(job: job) : .lost(job: job)
        } catch {
            return .failed("\(job): \(error)")
        }
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

    /// The trials of a crowd ended when the calendar says so; that each did once is asked of every database.
    private mutating func lookAtCrowds() async throws {
        for (step, end) in crowdEnds.sorted(by: { $0.key < $1.key }) {
            let count = try await store.read { tx in
                try tx.sql.first(
                    """
                    SELECT count(*) FROM account_emails AS a JOIN events AS e ON e.account_id = a.account_id
                    WHERE a.canonical_email LIKE $1 AND e.kind = 'trial.ended' AND e.effective_at = $2
                    """,
                    ["crowd\(step)-%", end]
                ) { try $0.count(0) } ?? 0
            }
            guard count != ClockHistory.crowdSize else { continue }
            result.faults.append("\(count) of \(ClockHistory.crowdSize) trials of step \(step) ended at \(end)")
        }
    }
}
