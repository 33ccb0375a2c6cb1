import Foundation

/// Measures this system beside a reference that does the same work in the same run, prints a table of ratios, and
/// leaves them as JSON. Run by Scripts/bench; not part of what is installed.
@main
struct Benchmarks {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let fortnight = arguments.first, let output = arguments.dropFirst().first else {
            print("usage: benchmarks FORTNIGHT OUTPUT.json [--quick]")
            exit(64)
        }
        let rounds = arguments.contains("--quick") ? 5 : 15
        let results = [try await ColdStart(fortnight: fortnight).measure(rounds: rounds)]
        print(Measurement.table(results))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(results).write(to: URL(filePath: output))
        print("\nThe same as JSON: \(output)")
    }
}
