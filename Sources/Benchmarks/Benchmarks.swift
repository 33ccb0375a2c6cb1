import FaultyFiles
import Foundation

/// Measures this system beside a reference that does the same work in the same run, prints a table of ratios, and
/// leaves them as JSON. Run by Scripts/bench; not part of what is installed.
@main
struct Benchmarks {
    static func main() async {
        do {
            try await run(Wishes(CommandLine.arguments.dropFirst()))
        } catch {
            tell("benchmarks: \(error)")
            exit(1)
        }
    }

    /// What the command line says.
    private struct Wishes {
        let fortnight: String
        let output: String
        let size: BenchSize
        /// Parts of the names of what is to be measured; nothing for everything.
        let only: [String]
        /// So many microseconds at least each sync by SQLite in this process is to take longer.
        let slowerSync: Int64?

        init(_ arguments: ArraySlice<String>) {
            var rest = arguments
            guard let fortnight = rest.popFirst(), let output = rest.popFirst() else { Wishes.refuse(nil) }
            var (size, only, slowerSync): (BenchSize, [String], Int64?) = (.full, [], nil)
            while let option = rest.popFirst() {
                let value = rest.first.flatMap { option == "--quick" || $0.hasPrefix("--") ? nil : rest.popFirst() }
                switch (option, value) {
                case ("--quick", _): size = .quick
                case ("--only", let name?):
                    guard Benchmarks.names.contains(where: { $0.contains(name) }) else {
                        Wishes.refuse(
                            "‘\(name)’ is in no name of what is measured: \(Benchmarks.names.joined(separator: ", "))")
                    }
                    only.append(name)
                case ("--slower-sync", let text?):
                    guard let microseconds = Int64(text), (1...1_000_000).contains(microseconds) else {
                        Wishes.refuse("‘\(text)’ is not a number of microseconds from 1 to 1000000")
                    }
                    slowerSync = microseconds
                case ("--only", nil), ("--slower-sync", nil): Wishes.refuse("behind \(option) something is missing")
                default: Wishes.refuse("‘\(option)’ is not an option")
                }
            }
            (self.fortnight, self.output, self.size) = (fortnight, output, size)
            (self.only, self.slowerSync) = (only, slowerSync)
        }

        private static func refuse(_ why: String?) -> Never {
            let usage = "usage: benchmarks FORTNIGHT OUTPUT.json [--quick] [--only NAME]… [--slower-sync MICROSECONDS]"
            Benchmarks.tell((why.map { "benchmarks: \($0)\n" } ?? "") + usage)
            exit(64)
        }

        func wants(_ name: String) -> Bool {
            precondition(Benchmarks.names.contains(name), "\(name) cannot be asked for alone")
            return only.isEmpty || only.contains { name.contains($0) }
        }
    }

    /// What can be asked for alone.
    private static let names = [
        "cold start", "checks", "batches", "sign-ups", "opens", "memory", "growth", "trial expiry", "imports",
        "PostgreSQL",
    ]

    private static func run(_ wishes: Wishes) async throws {
        let size = wishes.size
        var results: [Measurement] = []
        if let extra = wishes.slowerSync {
            guard faulty_files_register() == 0 else { throw Failure("SQLite has no files of its own") }
            faulty_files_slow_syncs(extra * 1000)
            print("each sync by SQLite in this process takes at least \(extra) µs longer, the reference's as ours")
        }
        // A few hundred megabytes, so not where memory passes for a disk.
        try await withTemporaryDirectory { directory in
            let cases: [(name: String, measure: (SQLiteBench) async throws -> [Measurement])] = [
                ("cold start", { try await ColdStart(fortnight: wishes.fortnight, bench: $0, size: size).measure() }),
                ("checks", { try await Checks(bench: $0, size: size).measure() }),
                ("batches", { try await CheckBatches(bench: $0, size: size).measure() }),
                ("sign-ups", { try await SignUps(bench: $0, size: size).measure() }),
                ("opens", { try await Opens(bench: $0, size: size).measure() }),
                ("memory", { try await MemoryGrowth(bench: $0, size: size).measure() }),
            ]
            let wanted = cases.filter { wishes.wants($0.name) }
            if !wanted.isEmpty {
                try await SQLiteBench.compareRows(in: directory)
                let bench = try await SQLiteBench.make(
                    "bench", .init(accounts: size.accounts, over: size.accounts / 2, articles: size.articles),
                    in: directory)
                for (name, measure) in wanted { results += try await announced(name) { try await measure(bench) } }
            }
            let others: [(name: String, measure: () async throws -> [Measurement])] = [
                ("growth", { try await CheckGrowth(size: size, directory: directory).measure() }),
                ("trial expiry", { try await TrialExpiry(size: size, directory: directory).measure() }),
                ("imports", { try await Imports(size: size, directory: directory).measure() }),
            ]
            for (name, measure) in others where wishes.wants(name) { results += try await announced(name, measure) }
        }
        if let extra = wishes.slowerSync {
            results = results.map { $0.name == ColdStart.name ? $0 : $0.named("\($0.name), +\(extra) µs a sync") }
        }
        let server = PostgresServer.fromEnvironment
        if let server, wishes.wants("PostgreSQL") {
            results.append(try await PostgresChecks(server: server).measure(rounds: size.rounds))
            results.append(try await PostgresSignUps(server: server).measure(rounds: size.rounds))
        }
        print(Measurement.table(results))
        if server == nil { print("\nNothing of PostgreSQL was measured: that takes Scripts/postgres around it.") }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(results).write(to: URL(filePath: wishes.output))
        print("\nThe same as JSON: \(wishes.output)")
    }

    /// Tells on standard error what is being measured, and how long that took.
    private static func announced(
        _ name: String, _ measure: () async throws -> [Measurement]
    ) async throws -> [Measurement] {
        var results: [Measurement] = []
        let elapsed = try await ContinuousClock().measure { results = try await measure() }
        tell("\(name): \(elapsed)")
        return results
    }

    private static func tell(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
}
