import Membership
import MembershipService
import TestSupport

/// Sets the clock an hour back and a year ahead while jobs run: access follows the clock, nothing ends or is paid twice,
/// and what comes of it is what comes of the same history under a clock that does not jump.
struct ClockJumps: Trial {
    let name = "clock jumps"
    let engines: Set<Setting.Engine> = [.sqlite, .postgres]
    let weight = 1.0

    private static let leastHistories = 3

    func run(_ setting: Setting) async throws -> Outcome {
        let begun = ContinuousClock().now
        var (histories, jumps, checks) = (0, 0, 0)
        var faults: [String] = []
        while histories < ClockJumps.leastHistories || ContinuousClock().now - begun < setting.time {
            histories += 1
            let jumping = try await lives(jumps: true, histories, setting)
            let steady = try await lives(jumps: false, histories, setting)
            jumps += jumping.jumps
            checks += jumping.checks
            var broken = jumping.faults + steady.faults.map { "without jumps: " + $0 }
            for (email, life) in steady.lives.sorted(by: { $0.key < $1.key }) where jumping.lives[email] != life {
                broken.append("\(email) came to \(jumping.lives[email] ?? []), and without jumps to \(life)")
            }
            faults += broken.prefix(10).map { "seed \(setting.seed), history \(histories): \($0)" }
            if faults.count > 20 { break }
        }
        return Outcome(
            did: "\(jumps) jumps in \(histories) histories, each once more without; \(checks) checks of access",
            faults: faults)
    }

    private func lives(jumps: Bool, _ number: Int, _ setting: Setting) async throws -> ClockHistory.Result {
        let place = try await TrialPlace.make(setting)
        defer { place.remove() }
        var history = try await ClockHistory(place: place, jumps: jumps, SeededNumbers(seed: setting.seed, number))
        return try await history.run()
    }
}
