import Dispatch
import Membership
import MembershipService
import Synchronization
import TestSupport

/// Sets the clock an hour back and a year ahead inside runs of a job that have work: access follows the clock, nothing
/// ends or is paid twice, and what comes of it is what comes of the same history under a clock that does not jump.
struct ClockJumps: Trial {
    let name = "clock jumps"
    let engines: Set<Setting.Engine> = [.sqlite, .postgres]
    let weight = 1.0

    private static let leastHistories = 3

    func run(_ setting: Setting) async throws -> Outcome {
        let begun = ContinuousClock().now
        var (histories, jumps, atWork, betweenBatches, checks) = (0, 0, 0, 0, 0)
        var faults: [String] = []
        while histories < ClockJumps.leastHistories || ContinuousClock().now - begun < setting.time {
            histories += 1
            let jumping = try await lives(jumps: true, histories, setting)
            let steady = try await lives(jumps: false, histories, setting)
            jumps += jumping.jumps
            atWork += jumping.jumpsAtWork
            betweenBatches += jumping.jumpsBetweenBatches
            checks += jumping.checks
            var broken = jumping.faults + steady.faults.map { "without jumps: " + $0 }
            for (email, life) in steady.lives.sorted(by: { $0.key < $1.key }) where jumping.lives[email] != life {
                broken.append("\(email) came to \(jumping.lives[email] ?? []), and without jumps to \(life)")
            }
            faults += broken.prefix(10).map { "seed \(setting.seed), history \(histories): \($0)" }
            if faults.count > 20 { break }
        }
        if atWork == 0 { faults.append("seed \(setting.seed): no jump fell inside a run that had work") }
        return Outcome(
            did: "\(jumps) jumps, \(atWork) inside runs that had work, \(betweenBatches) of them between two batches, "
                + "in \(histories) histories, each once more without; \(checks) checks of access",
            faults: faults)
    }

    private func lives(jumps: Bool, _ number: Int, _ setting: Setting) async throws -> ClockHistory.Result {
        let place = try await TrialPlace.make(setting)
        defer { place.remove() }
        var history = try await ClockHistory(place: place, jumps: jumps, SeededNumbers(seed: setting.seed, number))
        return try await history.run()
    }
}

/// Moves a clock inside a run of a job, which then stands still until it is let go on.
///
/// A run asks before each batch whether it should stop. It has no transaction open then: what it has put together for
/// the batch is older than the jump, and what it writes is younger.
final class ClockJump: Sendable {
    private let clock: MovedClock
    private let moment: Timestamp
    private let batch: Int
    private let hasMoved = Locked(false)
    private let goOn = DispatchSemaphore(value: 0)
    private let (happening, happened) = AsyncStream.makeStream(of: Never.self)

    /// - Parameter batch: before which batch of a run, counted from 1.
    init(of clock: MovedClock, to moment: Timestamp, beforeBatch batch: Int) {
        (self.clock, self.moment, self.batch) = (clock, moment, batch)
    }

    /// Whether it has happened.
    var hasHappened: Bool { hasMoved.withLock { $0 } }

    /// Waits until it has happened, or cannot happen any more.
    func happens() async { for await _ in happening {} }

    /// Hears that a run is about to do a batch: the first that comes to the chosen one is kept there.
    func meet(batch number: Int) {
        guard number == batch else { return }
        let isFirst = hasMoved.withLock { hasMoved in
            defer { hasMoved = true }
            return !hasMoved
        }
        guard isFirst else { return }
        clock.move(to: moment)
        happened.finish()
        goOn.wait()
    }

    /// Lets the run go on.
    func letGo() { goOn.signal() }

    /// Says that nothing runs any more, so that it cannot happen any more.
    func end() { happened.finish() }
}

/// Threads for runs that may stand still: Swift's own are few, and must not be blocked.
final class RunThreads: TaskExecutor {
    private let queue = DispatchQueue(label: "torture.runs", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
