import MembershipService

/// What a process holds after very many checks, beside what it held after the first of them.
struct MemoryGrowth {
    let bench: SQLiteBench
    let size: BenchSize

    func measure() async throws -> [Measurement] {
        var draw = CheckDraw(bench, seed: 6)
        // Drawn before, and asked again and again: what is looked at is the memory of the checks.
        let questions = try draw.mixed(count: size.memory.first * 4)
        let services = try await bench.anew()
        _ = try ProcessMemory.idle()
        _ = try await Checks.time(Array(questions.prefix(size.memory.first)), services)
        let first = try ProcessMemory.resident()
        let step = (size.memory.last - size.memory.first) / size.rounds
        var (rounds, place): ([(ours: Double, reference: Double)], Int) = ([], size.memory.first)
        for _ in 0..<size.rounds {
            var left = step
            while left > 0 {
                let part = Array(questions[(place % questions.count)...].prefix(left))
                _ = try await Checks.time(part, services)
                (place, left) = (place + part.count, left - part.count)
            }
            rounds.append((ours: try ProcessMemory.resident(), reference: first))
        }
        let name = "memory after \(size.memory.last) checks, and \(size.memory.first)"
        return [Measurement(name, unit: "MB", rounds: rounds, eachMoreByAtMost: 32)]
    }
}
