import Membership
import MembershipService

/// What a process holds after very many checks, beside what it held after the first of them.
struct MemoryGrowth {
    let bench: SQLiteBench
    let size: BenchSize

    func measure() async throws -> [Measurement] {
        var draw = CheckDraw(bench, seed: 6)
        let services = try await bench.anew()
        _ = try ProcessMemory.idle()
        try await check(size.memory.first, of: &draw, services)
        let first = try ProcessMemory.resident()
        var rounds: [(ours: Double, reference: Double)] = []
        for _ in 0..<size.rounds {
            try await check((size.memory.last - size.memory.first) / size.rounds, of: &draw, services)
            rounds.append((ours: try ProcessMemory.resident(), reference: first))
        }
        let name = "memory after \(size.memory.last) checks, and \(size.memory.first)"
        return [Measurement(name, unit: "MB", rounds: rounds, eachMoreByAtMost: 32)]
    }

    /// New questions each time, of which few are in memory at once: what is looked at is the memory of the checks.
    @concurrent
    private func check(_ count: Int, of draw: inout CheckDraw, _ services: Services) async throws {
        var left = count
        while left > 0 {
            let questions = try draw.mixedAsked(count: min(left, 400))
            for question in questions {
                let answer = try await services.access.check(reader: question.reader, article: question.article)
                guard question.kind.expects(answer.decision.reason) else {
                    throw Failure("\(question): \(answer.decision)")
                }
            }
            left -= questions.count
        }
    }
}
