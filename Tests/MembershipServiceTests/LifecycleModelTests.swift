import Foundation
import Membership
import MembershipService
import Synchronization
import TestSupport
import Testing

/// Random histories on the program and on ``LifecycleModel``: after every step both show the same.
///
/// `FORTNIGHT_MODEL_SEED` and `FORTNIGHT_MODEL_HISTORIES` try others than those of the repository.
struct LifecycleModelTests {
    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    private let seed = UInt64(number("FORTNIGHT_MODEL_SEED") ?? 20_260_101)
    private let histories = number("FORTNIGHT_MODEL_HISTORIES") ?? 2000

    /// A database is made for so many histories, one after another, as long as its clock has years left.
    fileprivate static let historiesOfADatabase = 60
    private static let lastBeginning = Timestamp(milliseconds: 3_786_912_000_000)  // 2090-01-01T00:00:00Z

    @Test func theModelAndTheProgramAgreeAfterEveryStepOfRandomHistories() async throws {
        print("Histories of seed \(seed); FORTNIGHT_MODEL_SEED tries another.")
        let progress = Progress(left: histories)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Most of the time is spent waiting for the disk, each worker for its own database.
            for _ in 0..<8 {
                group.addTask { try await work(progress) }
            }
            try await group.waitForAll()
        }
        guard let (history, difference) = progress.found else {
            // Histories in which some event never happens would prove little.
            let missing = Set(LifecycleModel.kinds).subtracting(progress.kinds).map(\.rawValue)
            #expect(missing.isEmpty || histories < 1000, "Never met: \(missing)")
            return
        }
        let shrunk = try await history.shrunk(mistake: .init())
        Issue.record(
            """
            The model and the program differ (seed \(seed)).
            \(shrunk?.1.description ?? "# Only among other accounts:\n" + difference.description)
            """)
    }

    private func work(_ progress: Progress) async throws {
        while let (batch, wanted) = progress.nextBatch() {
            let (count, found) = try await play(batch, atMost: wanted, progress)
            progress.isOver(wanted: wanted, played: count, found)
        }
    }

    /// Plays the histories of one database, up to the first difference.
    private func play(
        _ batch: UInt64, atMost wanted: Int, _ progress: Progress
    ) async throws -> (count: Int, found: (LifecycleHistory, LifecycleDifference)?) {
        var numbers = SeededNumbers(seed: seed &* 1_000_003 &+ batch)
        let (database, store) = try await LifecycleSubject.makeDatabase()
        var now = LifecycleHistory.epoch
        var count = 0
        while count < wanted {
            let zone = numbers.pick(LifecycleHistory.zones)
            let start = LifecycleHistory.beginning(after: now, zone: zone, &numbers)
            guard start < LifecycleModelTests.lastBeginning.milliseconds else { break }
            count += 1
            var history = LifecycleHistory(zone: zone, start: start, steps: [])
            var run = try await LifecycleRun(history, in: database, store, number: count)
            for _ in 0..<5 + numbers.below(14) {
                history.steps.append(LifecycleHistory.step(run.model, &numbers))
                if let difference = try await run.take(history.steps[history.steps.count - 1]) {
                    return (count, (history, difference))
                }
            }
            if let difference = try await run.end() { return (count, (history, difference)) }
            now = run.model.now
            progress.met(run.model.happened.map(\.kind))
        }
        return (count, nil)
    }

    @Test func aHistoryOnWhichAWrongModelDiffersIsShrunkToAShortScript() async throws {
        let mistake = LifecycleModel.Mistake(extraGraceDays: 1)
        let day = LifecycleModel.day
        let history = LifecycleHistory(
            zone: "Europe/Berlin", start: LifecycleHistory.epoch,
            steps: [
                .plain(.signUp(withTrial: false)), .give(right: "title:other", fromIn: 0, lasting: day), .wait(day),
                .start(plan: "membership", periods: 1, currency: "EUR"), .plain(.runJobs),
                .pay(periods: 1, currency: "USD", .wrong), .plain(.cancel(now: false)), .wait(3 * day),
                .plain(.resume), .payAgain(pick: 0, otherAmount: false), .plain(.startTrial), .wait(40 * day),
                .plain(.runJobs), .plain(.activate), .wait(day),
            ])
        let shrunk = try #require(try await history.shrunk(mistake: mistake))
        #expect(
            shrunk.history.steps == [
                .plain(.signUp(withTrial: false)), .start(plan: "membership", periods: 1, currency: "EUR"),
            ])
        #expect(
            shrunk.1.script.split(separator: "\n").suffix(4).first
                == "fortnight signup reader@example.com --time-zone $ZONE --no-trial")
        #expect(shrunk.1.lines == ["access at 2030-02-08T23:59:59.999Z: model true, program false"])
        #expect(try await shrunk.history.firstDifference(mistake: .init()) == nil)
    }
}

/// How far the workers are together.
private final class Progress: Sendable {
    typealias Found = (LifecycleHistory, LifecycleDifference)

    private struct State {
        var left: Int
        var batch: UInt64 = 0
        var found: Found?
        var kinds: Set<Event.Kind> = []
    }

    private let state: Locked<State>

    init(left: Int) { state = Locked(State(left: left)) }

    var found: Found? { state.withLock { $0.found } }

    /// What happened in some history.
    var kinds: Set<Event.Kind> { state.withLock { $0.kinds } }
    func met(_ kinds: [Event.Kind]) { state.withLock { $0.kinds.formUnion(kinds) } }

    /// The next database and how many histories to play in it at most.
    func nextBatch() -> (UInt64, Int)? {
        state.withLock { state in
            guard state.left > 0, state.found == nil else { return nil }
            let wanted = min(LifecycleModelTests.historiesOfADatabase, state.left)
            state.batch += 1
            state.left -= wanted
            return (state.batch, wanted)
        }
    }

    func isOver(wanted: Int, played: Int, _ difference: Found?) {
        state.withLock { state in
            state.left += wanted - played
            if state.found == nil { state.found = difference }
        }
    }
}
