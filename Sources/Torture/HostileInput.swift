import Foundation
import Membership
import MembershipService
import SampleFeeds
import TestSupport

/// Mutates valid inputs of every kind and feeds them to processes that are watched: none may crash, hang or take much
/// memory, and each input is taken or refused with a reason.
struct HostileInput: Trial {
    let name = "input"
    let engines: Set<Setting.Engine> = [.sqlite]
    let weight = 2.0

    private static let mostFaults = 8
    /// A child that says nothing for so long hangs. Two cores may be shared with much else.
    private static let patience = Duration.seconds(20)
    /// The most memory that a command may have, or the reading of a file, in KiB: a feed is mapped, and everything in it
    /// has a limit.
    static let mostMemory = 400 << 10
    /// Commands that are run at a time, and in any case.
    private static let commandBatch = 40

    private struct Tally {
        var counts: [String: Int] = [:]
        var faults: [String] = []
    }

    func run(_ setting: Setting) async throws -> Outcome {
        let end = ContinuousClock().now + setting.time
        let place = try DiskPlace("input")
        defer { place.remove() }
        try await prepare(place)
        var tally = Tally()
        var batch = 0
        while tally.faults.count < HostileInput.mostFaults, batch == 0 || ContinuousClock().now < end {
            for kind in InputKind.allCases where batch == 0 || ContinuousClock().now < end {
                try parse(kind, from: batch * kind.batch, setting, place, &tally)
            }
            try command(batch * HostileInput.commandBatch, setting, place, until: batch == 0 ? nil : end, &tally)
            batch += 1
        }
        let counts = tally.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return Outcome(did: counts.joined(separator: ", "), faults: tally.faults)
    }

    // MARK: - Files and values

    /// Has a child read a batch of cases. One that dies is followed by another that begins behind the case it died of.
    private func parse(
        _ kind: InputKind, from first: Int, _ setting: Setting, _ place: DiskPlace, _ tally: inout Tally
    ) throws {
        var next = first
        let last = first + kind.batch
        while next < last, tally.faults.count < HostileInput.mostFaults {
            let child = try WatchedChild.run(
                ([CommandLine.arguments[0]] + again(kind, setting.seed, next, last - next)).map { Array($0.utf8) },
                in: FileManager.default.currentDirectoryPath, patience: HostileInput.patience)
            let lines = child.output.split(separator: "\n").map(String.init)
            let reached = lines.last { $0.hasPrefix("case ") }.flatMap { Int($0.dropFirst("case ".count)) } ?? next
            for line in lines where line.hasPrefix("fault ") {
                let words = line.split(separator: " ", maxSplits: 2).map(String.init)
                tally.faults.append("\(words.last ?? line) (\(told(kind, setting.seed, words[1])))")
            }
            tally.counts[kind.rawValue, default: 0] += reached - next + 1
            next = reached + 1
            guard child.end != .exited(0) else { continue }
            let said = lines.last { !$0.hasPrefix("case ") } ?? "nothing"
            tally.faults.append(
                "\(child.end), having said \(said.prefix(300)) (\(told(kind, setting.seed, "\(reached)")))")
        }
    }

    private func again(_ kind: InputKind, _ seed: UInt64, _ first: Int, _ count: Int) -> [String] {
        ["parse", "--kind", kind.rawValue, "--seed", "\(seed)", "--first", "\(first)", "--count", "\(count)"]
    }

    /// How to see a case again.
    private func told(_ kind: InputKind, _ seed: UInt64, _ number: String) -> String {
        "torture parse --kind \(kind.rawValue) --seed \(seed) --first \(number) --shows"
    }

    // MARK: - Arguments

    private func prepare(_ place: DiskPlace) async throws {
        let clock = MovedClock(at: DiskPlace.start)
        _ = try await DatabaseSetup(place.location, clock: clock.wallClock).initialize(
            .init(sandbox: true, price: DiskPlace.price))
        let services = try await Services.open(place.location, clock: clock.wallClock)
        _ = try await services.articles.importFeed(
            path: place.write("feed.xml", SampleFeed.all[0].bytes), options: .init())
        _ = try await services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        try place.write("rules.yaml", InputSamples.rules[0])
        try place.write("catalog.yaml", InputSamples.catalogs[0])
    }

    /// The statuses that docs/operating.md has for what a caller did wrong, or what is so. A database that is sound is
    /// never unavailable, and nothing is ever unforeseen.
    private static let statuses: Set<Int32> = [0, 1, 64, 65, 66, 75]

    private func command(
        _ first: Int, _ setting: Setting, _ place: DiskPlace, until end: ContinuousClock.Instant?, _ tally: inout Tally
    ) throws {
        for number in first..<first + HostileInput.commandBatch {
            guard tally.faults.count < HostileInput.mostFaults, end.map({ ContinuousClock().now < $0 }) ?? true else {
                return
            }
            var dice = SeededNumbers(seed: setting.seed, number)
            let arguments = HostileInput.arguments(&dice)
            let child = try WatchedChild.run(
                [Array(URL(filePath: setting.fortnight).path(percentEncoded: false).utf8)] + arguments,
                environment: ["FORTNIGHT_DATABASE": place.database, "FORTNIGHT_KEY_FILE": place.keyPath],
                in: place.path, patience: HostileInput.patience)
            tally.counts["commands", default: 0] += 1
            if case .exited(let status) = child.end, HostileInput.statuses.contains(status),
                status < 64 || !child.output.isEmpty, child.memory <= HostileInput.mostMemory
            {
                continue
            }
            let shown = arguments.map { "'" + PlainText.visible(String(decoding: $0, as: UTF8.self)) + "'" }
            tally.faults.append(
                "seed \(setting.seed), command \(number), \(shown.joined(separator: " ").prefix(500)): \(child.end), "
                    + "with \(child.memory / 1024) MiB, having said \(child.output.suffix(300))")
        }
    }

    /// A command with some of its words mutated, doubled, missing or in another order. Its first two say which it is.
    private static func arguments(_ dice: inout SeededNumbers) -> [[UInt8]] {
        var words = dice.pick(InputSamples.commands).map { Array($0.utf8) }
        let mutation = Mutation(samples: InputSamples.values + words)
        for _ in 0...dice.below(3) {
            let place = dice.below(words.count)
            switch dice.below(8) {
            case 0: words.swapAt(place, dice.below(words.count))
            case 1 where words.count > 1: words.remove(at: place)
            case 2: words.insert(words[place], at: place)
            case 3: words.insert(mutation.make(&dice), at: place)
            default: words[place] = Mutation(samples: [words[place]]).make(&dice)
            }
        }
        // A word longer than the system passes to a program says nothing.
        return words.map { Array($0.prefix(100_000)) }.filter { !HostileInput.endless.contains($0) }
    }

    /// What would not end, or make files elsewhere.
    private static let endless: [[UInt8]] = ["serve", "--follow", "demo", "init", "backup", "--database"].map {
        Array($0.utf8)
    }
}
