import Foundation

/// Measures this system beside a reference that does the same work in the same run, prints a table of ratios, and
/// leaves them as JSON. Run by Scripts/bench; not part of what is installed.
@main
struct Benchmarks {
    static func main() async {
        do {
            try await run()
        } catch {
            print("benchmarks: \(error)")
            exit(1)
        }
    }

    private static func run() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let fortnight = arguments.first, let output = arguments.dropFirst().first else {
            print("usage: benchmarks FORTNIGHT OUTPUT.json [--quick]")
            exit(64)
        }
        let rounds = arguments.contains("--quick") ? 5 : 15
        var results = [try await ColdStart(fortnight: fortnight).measure(rounds: rounds)]
        let server = PostgresServer.fromEnvironment
        if let server {
            results.append(try await PostgresChecks(server: server).measure(rounds: rounds))
            results.append(try await PostgresSignUps(server: server).measure(rounds: rounds))
        }
        print(Measurement.table(results))
        if server == nil { print("\nNothing of PostgreSQL was measured: that takes Scripts/postgres around it.") }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(results).write(to: URL(filePath: output))
        print("\nThe same as JSON: \(output)")
    }
}
