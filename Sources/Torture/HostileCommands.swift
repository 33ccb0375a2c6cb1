import Foundation
import Membership
import MembershipService
import SampleFeeds
import TestSupport

/// Runs the built binary with mutated arguments, and with mutated questions on its standard input. Each time it has a
/// database of its own: what one command does is no matter to the next, and each can be had again alone.
struct HostileCommands {
    private let program: String
    private let seed: UInt64
    /// What every command begins with; never changed.
    private let start: DiskPlace
    /// What stands for a sample's words in braces.
    private var known = ["{article}": InputSamples.article, "{visitor}": InputSamples.visitor]

    /// Where in its place a command runs: what it makes in the folder above is gone with the place too.
    private static let folder = "here"

    /// The statuses that docs/operating.md has for what a caller did wrong, or what is so. A database that is sound is
    /// never unavailable, and nothing is ever unforeseen.
    private static let statuses: Set<Int32> = [0, 1, 64, 65, 66, 75]
    /// A database that a mutated word names may be none.
    private static let unavailable: Int32 = 69

    // MARK: - What is there to begin with

    /// Makes a database with a reader in every state, a backup of it, and files to read.
    init(_ setting: Setting, in place: DiskPlace) async throws {
        program = URL(filePath: setting.fortnight).path(percentEncoded: false)
        seed = setting.seed
        start = try place.within("start")
        let (made, here) = (try place.within("made"), try start.within(HostileCommands.folder))
        try here.write("feed.xml", SampleFeed.all[0].bytes)
        try here.write("rules.yaml", InputSamples.rules[0])
        try here.write("catalog.yaml", InputSamples.catalogs[0])
        try here.write("domains.txt", Array("mailinator.com # known\ntrash.example\n".utf8))
        let clock = MovedClock(at: DiskPlace.start).wallClock
        _ = try await DatabaseSetup(made.location, clock: clock).initialize(
            .init(sandbox: true, price: DiskPlace.price))
        // What is copied for each command was written by processes that have ended: nobody has it open.
        func said(_ words: [[UInt8]]) throws -> String {
            let child = try run(words, on: made.database, in: here.path)
            guard child.end == .exited(0) else { throw Stopped("\(shown(words)): \(child.end), \(child.output)") }
            return child.output
        }
        func output(_ words: String...) throws -> String { try said(words.map { Array($0.utf8) }) }
        for sample in CommandSample.preparation { _ = try said(sample.words(known)) }
        let grant = try output(
            "grant", "add", "ada@example.com", "all-titles", "--source", "gift", "--reason", "Won", "--json")
        let message = try output("outbox", "list", "--limit", "1", "--json")
        _ = try output("backup", "copy.db")
        _ = try output("restore", "copy.db", "--database", start.database)
        _ = try output("backup", "--to-dir", "moments", "--once")
        known["{grant}"] = try HostileCommands.identifier(grant)
        known["{message}"] = try HostileCommands.identifier(message)
    }

    private struct Identified: Decodable {
        let id: String
    }

    /// The id in the one document, or the first of a line each.
    private static func identifier(_ output: String) throws -> String {
        let first = output.hasPrefix("{\n") ? output[...] : output.prefix { $0 != "\n" }
        return try JSONDecoder().decode(Identified.self, from: Data(first.utf8)).id
    }

    // MARK: - Cases

    /// Runs a sample as it stands, which must be allowed, or in later rounds one that is mutated.
    ///
    /// - Returns: what did not hold.
    func command(_ number: Int) throws -> [String] {
        let sample = CommandSample.all[number % CommandSample.all.count]
        guard number >= CommandSample.all.count else {
            // There is nothing to serve but the jobs, and no question on standard input.
            let words = sample.words(known)
            let isRefused = sample.name == ["serve"] || words.contains(Array("--stdin".utf8))
            return try faults(words, mayEnd: isRefused ? [64] : [0, 1])
        }
        var dice = SeededNumbers(seed: seed, number)
        let words = sample.mutated(known, &dice)
        return try faults(words, mayEnd: mayEnd(words)).map { fault in
            let file = try KeptInputs.leave(Array(words.joined(separator: [0])), "command-\(seed)-\(number)")
            return "\(fault) (left in \(file))"
        }
    }

    /// Runs the command whose words are in a file, with a zero between them.
    func command(keptIn file: String) throws -> [String] {
        let words = try KeptInputs.bytes(file).split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
        return try faults(words, mayEnd: mayEnd(words)).map { "\($0) (\(file))" }
    }

    private func mayEnd(_ words: [[UInt8]]) -> Set<Int32> {
        CommandSample.makesFiles(words)
            ? HostileCommands.statuses.union([HostileCommands.unavailable]) : HostileCommands.statuses
    }

    /// How questions are asked on standard input: with a reader and an article on each line, or with one of them.
    private static let ways: [[[UInt8]]] = [
        ["check", "--stdin", "--json"], ["check", "ada@example.com", "--stdin", "--json"],
        ["check", "--stdin", "--article", InputSamples.article, "--json"],
    ].map { words in words.map { Array($0.utf8) } }

    /// Asks mutated questions.
    func questions(_ number: Int) throws -> [String] {
        var dice = SeededNumbers(seed: seed, number)
        let lines = Mutation(samples: InputSamples.questions, longest: 4000).make(&dice)
        let words = dice.pick(HostileCommands.ways)
        return try faults(words, reading: lines, mayEnd: HostileCommands.statuses).map { fault in
            let file = try KeptInputs.leave(lines, "questions-\(seed)-\(number)")
            return "\(fault) (left in \(file))"
        }
    }

    /// Asks the questions in a file in every way.
    func questions(keptIn file: String) throws -> [String] {
        let lines = try KeptInputs.bytes(file)
        return try HostileCommands.ways.flatMap { words in
            try faults(words, reading: lines, mayEnd: HostileCommands.statuses).map { "\($0) (\(file))" }
        }
    }

    // MARK: - One of them

    /// - Parameter lines: what it reads; each line that is not empty is one question, and has one answer.
    /// - Returns: the one thing that did not hold, if there is any.
    private func faults(
        _ words: [[UInt8]], reading lines: [UInt8]? = nil, mayEnd statuses: Set<Int32>
    ) throws -> [String] {
        let place = try start.copy("command")
        defer { place.remove() }
        let folder = place.path + "/" + HostileCommands.folder
        if let lines { try Data(lines).write(to: URL(filePath: folder + "/lines")) }
        let child = try run(words, on: place.database, in: folder, readsLines: lines != nil)
        guard case .exited(let status) = child.end, statuses.contains(status), status < 64 || !child.output.isEmpty,
            HostileInput.allows(child)
        else {
            let memory = child.memory / 1024
            return ["\(shown(words)): \(child.end), with \(memory) MiB, having said \(child.output.suffix(300))"]
        }
        guard let lines else { return [] }
        let (asked, answers) = (HostileCommands.questions(in: lines), child.output.utf8.filter { $0 == 0x0A }.count)
        // Where nothing is asked, that is said.
        let isAnswered = asked == 0 ? status == 64 : asked == answers
        return isAnswered ? [] : ["\(shown(words)): \(asked) questions had \(answers) answers"]
    }

    private func shown(_ words: [[UInt8]]) -> String {
        let shown = words.map { "'" + PlainText.visible(String(decoding: $0, as: UTF8.self)) + "'" }
        return String(shown.joined(separator: " ").prefix(500))
    }

    /// How many lines are not empty.
    static func questions(in lines: [UInt8]) -> Int {
        lines.split(separator: UInt8(ascii: "\n")).filter { line in
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            // Of one that is longer than any question nobody looks at what it is.
            return text.count > 1000
                || !String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespaces).isEmpty
        }.count
    }

    private func run(
        _ words: [[UInt8]], on database: String, in folder: String, readsLines: Bool = false
    ) throws -> WatchedChild {
        // Nothing of what is set where the trial runs: no key of its own, and no mail to anybody.
        let environment = ["FORTNIGHT_DATABASE": database, "FORTNIGHT_KEY_FILE": "", "FORTNIGHT_MAIL": ""]
        return try WatchedChild.run(
            program, words, environment: environment, in: folder, input: readsLines ? folder + "/lines" : "/dev/null",
            patience: HostileInput.patience)
    }
}
