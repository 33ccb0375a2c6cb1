import ArgumentParser
import Foundation

/// Breaks this system on purpose, in every way there is a trial of, and says what was done and what held. Run by
/// Scripts/torture; not part of what is installed.
@main
struct Torture: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture", abstract: "Break Fortnight on purpose, and see what held.",
        subcommands: [Trials.self, KilledWorker.self, ParseInput.self], defaultSubcommand: Trials.self)
}

/// Every trial, one after the other.
struct Trials: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "trials", abstract: "Run the trials; the default.")

    @Option(help: "How long to go on, in seconds; each trial gets its share and does its least in any case.")
    var seconds = 120

    @Option(help: "The number that every choice follows from; printed, so that a run can be had again.")
    var seed = UInt64.random(in: 1...UInt64(Int64.max))

    @Option(help: "sqlite or postgres; postgres takes Scripts/postgres around it.")
    var engine = Setting.Engine.sqlite

    @Option(help: "The fortnight binary, for trials that run it.")
    var fortnight: String

    @Option(help: "Only the trials with this in their name; may be given several times.")
    var only: [String] = []

    /// All there are, in the order in which they run.
    static var all: [any Trial] {
        [
            Kills(), KilledBackups(),
            ManyProcesses(),
            ClockJumps(),
            Linearizability(),
            PowerLoss(),
            FaultyDisk(),
            FaultyUpkeep(),
            FaultyCommands(),
            HostileInput(),
        ]
    }

    func run() async throws {
        let chosen = Trials.all.filter { trial in
            trial.engines.contains(engine) && (only.isEmpty || only.contains { trial.name.contains($0) })
        }
        guard !chosen.isEmpty else { throw ValidationError("There is no trial of that name on \(engine.rawValue).") }
        print("torture --engine \(engine.rawValue) --seconds \(seconds) --seed \(seed)")
        let share = Duration.seconds(Double(seconds) / chosen.reduce(0) { $0 + $1.weight })
        var rows = [(trial: "trial", held: "held", did: "did")]
        var faults: [String] = []
        for trial in chosen {
            let setting = Setting(
                engine: engine, fortnight: fortnight, seed: seed, time: share * trial.weight)
            let outcome = await Trials.outcome(of: trial, setting)
            rows.append((trial.name, outcome.faults.isEmpty ? "yes" : "NO", outcome.did))
            faults += outcome.faults.map { "\(trial.name): \($0)" }
        }
        print(Trials.table(rows))
        guard faults.isEmpty else {
            print("\nWhat did not hold:\n" + faults.map { "  " + $0 }.joined(separator: "\n"))
            throw ExitCode(1)
        }
    }

    private static func outcome(of trial: any Trial, _ setting: Setting) async -> Outcome {
        do {
            return try await trial.run(setting)
        } catch {
            return Outcome(did: "stopped", faults: ["\(error)"])
        }
    }

    /// What was done takes as many lines as it needs.
    private static func table(_ rows: [(trial: String, held: String, did: String)]) -> String {
        let widths = (rows.map(\.trial.count).max() ?? 0, rows.map(\.held.count).max() ?? 0)
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: width - text.count + 2)
        }
        let margin = "\n" + padded("", widths.0) + padded("", widths.1)
        return rows.map { row in
            var lines = [""]
            for word in row.did.split(separator: " ") {
                let line = lines[lines.count - 1]
                if line.isEmpty {
                    lines[lines.count - 1] = String(word)
                } else if line.count + word.count < 90 {
                    lines[lines.count - 1] += " " + word
                } else {
                    lines.append(String(word))
                }
            }
            return padded(row.trial, widths.0) + padded(row.held, widths.1) + lines.joined(separator: margin)
        }.joined(separator: "\n")
    }
}
