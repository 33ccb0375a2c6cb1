import Foundation
import TestSupport

/// Mutates valid inputs of every kind and feeds them to processes that are watched: none may crash, hang or take much
/// memory or time, and each input is taken or refused with a reason. What is kept is tried before.
struct HostileInput: Trial {
    let name = "input"
    let engines: Set<Setting.Engine> = [.sqlite]
    let weight = 2.0

    private static let mostFaults = 8
    /// A child that says nothing for so long hangs. Two cores may be shared with much else.
    static let patience = Duration.seconds(20)
    /// The most memory that a command may have, or the reading of files and values, in KiB. No case is longer than 200
    /// kB, and none was seen to need a quarter of it.
    static let mostMemory = 160 << 10

    /// Whether a child that has ended had no more. What the system says of it is at least what its parent had.
    static func allows(_ child: WatchedChild) -> Bool {
        var ours = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &ours)
        return child.memory <= max(mostMemory, ours.ru_maxrss)
    }

    /// So often each command is run in any case: once as it stands, then mutated.
    private static let leastRounds = 3
    /// Inputs with questions that are asked at a time, and in any case.
    private static let questionBatch = 40

    private struct Tally {
        var counts: [String: Int] = [:]
        var faults: [String] = []
        var goesOn: Bool { faults.count < HostileInput.mostFaults }

        mutating func note(_ what: String, _ flaws: [String]) {
            counts[what, default: 0] += 1
            faults += flaws
        }
    }

    func run(_ setting: Setting) async throws -> Outcome {
        let end = ContinuousClock().now + setting.time
        let place = try DiskPlace("input")
        defer { place.remove() }
        let commands = try await HostileCommands(setting, in: place)
        var tally = Tally()
        try kept(commands, &tally)
        var (batch, round) = (0, 0)
        while tally.goesOn, batch == 0 || ContinuousClock().now < end {
            let deadline = batch == 0 ? nil : end
            for kind in InputKind.allCases where deadline.map({ ContinuousClock().now < $0 }) ?? true {
                let first = batch * kind.batch
                try parse(.mutated(kind, setting.seed, first..<first + kind.batch), &tally)
            }
            let first = batch * HostileInput.questionBatch
            try each(first..<first + HostileInput.questionBatch, until: deadline, &tally) { number, tally in
                tally.note("questions", try commands.questions(number))
            }
            let rounds = batch == 0 ? HostileInput.leastRounds : 1
            let next = round * CommandSample.all.count
            try each(next..<next + rounds * CommandSample.all.count, until: deadline, &tally) { number, tally in
                tally.note("commands", try commands.command(number))
            }
            round += rounds
            batch += 1
        }
        let counts = tally.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return Outcome(did: counts.joined(separator: ", "), faults: tally.faults)
    }

    private func each(
        _ numbers: Range<Int>, until deadline: ContinuousClock.Instant?, _ tally: inout Tally,
        _ body: (Int, inout Tally) throws -> Void
    ) throws {
        for number in numbers {
            guard tally.goesOn, deadline.map({ ContinuousClock().now < $0 }) ?? true else { return }
            try body(number, &tally)
        }
    }

    private func kept(_ commands: HostileCommands, _ tally: inout Tally) throws {
        for kind in InputKind.allCases { try parse(.kept(kind, KeptInputs.files(kind.rawValue)), &tally) }
        for file in try KeptInputs.files("questions") { tally.note("kept", try commands.questions(keptIn: file)) }
        for file in try KeptInputs.files("commands") { tally.note("kept", try commands.command(keptIn: file)) }
    }

    // MARK: - Files and values

    /// Cases that a child goes through.
    private enum Cases {
        case mutated(InputKind, UInt64, Range<Int>)
        case kept(InputKind, [String])

        /// What they are called in the line of the trial.
        var name: String {
            switch self {
            case .mutated(let kind, _, _): kind.rawValue
            case .kept: "kept"
            }
        }

        var numbers: Range<Int> {
            switch self {
            case .mutated(_, _, let numbers): numbers
            case .kept(_, let files): files.indices
            }
        }

        /// What a child is told.
        func words(from first: Int) -> [String] {
            switch self {
            case .mutated(let kind, let seed, let numbers):
                [
                    "parse", "--kind", kind.rawValue, "--seed", "\(seed)", "--first", "\(first)", "--count",
                    "\(numbers.upperBound - first)",
                ]
            case .kept(let kind, let files):
                ["parse", "--kind", kind.rawValue, "--first", "\(first)"] + files.flatMap { ["--file", $0] }
            }
        }

        /// How to see a case again.
        func told(_ number: Int) -> String {
            switch self {
            case .mutated(let kind, let seed, _):
                "torture parse --kind \(kind.rawValue) --seed \(seed) --first \(number) --shows"
            case .kept(let kind, let files):
                "torture parse --kind \(kind.rawValue) --file \(files[number]) --shows"
            }
        }
    }

    /// Has a child read some cases. One that dies is followed by another that begins behind the case it died of.
    private func parse(_ cases: Cases, _ tally: inout Tally) throws {
        var next = cases.numbers.lowerBound
        while next < cases.numbers.upperBound, tally.goesOn {
            let child = try WatchedChild.run(
                SpawnedProcess.ourselves, cases.words(from: next).map { Array($0.utf8) },
                patience: HostileInput.patience)
            let lines = child.output.split(separator: "\n").map(String.init)
            let reached = lines.last { $0.hasPrefix("case ") }.flatMap { Int($0.dropFirst("case ".count)) } ?? next
            for line in lines where line.hasPrefix("fault ") {
                let words = line.split(separator: " ", maxSplits: 2).map(String.init)
                tally.faults.append("\(words.last ?? line) (\(cases.told(Int(words[1]) ?? reached)))")
            }
            tally.counts[cases.name, default: 0] += reached - next + 1
            next = reached + 1
            guard child.end != .exited(0) else { continue }
            let said = lines.last { !$0.hasPrefix("case ") } ?? "nothing"
            tally.faults.append("\(child.end), having said \(said.prefix(300)) (\(cases.told(reached)))")
        }
    }
}
