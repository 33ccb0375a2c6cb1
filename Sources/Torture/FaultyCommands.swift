import Foundation
import Membership
import MembershipService
import MembershipStore
import TestSupport

/// Fails one call to the system after the other, whoever makes it, in commands that write whole files: those that make a
/// database, copy it, copy what is new in it, and put it back. Looks at what the command says, at what it leaves, and at
/// what the same command does next.
struct FaultyCommands: Trial {
    let name = "faulty commands"
    let engines: Set<Setting.Engine> = [.sqlite]
    let weight = 2.0

    /// So many cases are tried in any case beside those that were found.
    private static let leastCases = 60

    /// A command.
    private struct Work: Sendable {
        let name: String
        /// What it begins with.
        let start: DiskPlace
        /// Its words in a place.
        let words: @Sendable (DiskPlace) -> [String]
        /// What must not be there when it failed.
        var result: String?
        /// What it removes when nothing fails.
        var removes: String?
        /// What is wrong with what must be there though it failed.
        var faultsMeanwhile: @Sendable (DiskPlace) async throws -> [String] = { _ in [] }
        /// What is wrong with what it made.
        let faults: @Sendable (DiskPlace) async throws -> [String]
    }

    func run(_ setting: Setting) async throws -> Outcome {
        let start = try DiskPlace("commands-start")
        defer { start.remove() }
        let commands = Commands(fortnight: setting.fortnight)
        let works = try await FaultyCommands.works(in: start, commands)
        var kinds: [[(work: Work, what: CallCase)]] = []
        for work in works { kinds.append(try await FaultyCommands.cases(of: work, commands).map { (work, $0) }) }
        var dice = SeededNumbers(seed: setting.seed)
        let (found, others) = try CaseTally.order(kinds, first: FaultyCommands.wasFound, &dice)
        guard Set(found.map(\.what.fault.kind)) == ["list", "stat", "sync", "write"] else {
            throw Stopped("some of what was found once is no case any more")
        }
        var tally = CaseTally(least: found.count + FaultyCommands.leastCases, time: setting.time)
        for (work, what) in found + others {
            guard tally.goesOn else { break }
            let place = try work.start.copy("commands")
            defer { place.remove() }
            let (wasMet, flaws) = try await FaultyCommands.faults(of: work, what, in: place, commands, &tally.refused)
            tally.note("\(work.name), \(what)", wasMet: wasMet, flaws)
        }
        return tally.outcome(of: found.count + others.count)
    }

    /// Where something did not hold once: a file whose directory could not be synced was there all the same, a directory
    /// of which a part could not be looked at was restored without it, and SQLite's own words were shown. These come
    /// first, whatever the seed.
    private static func wasFound(_ one: (work: Work, what: CallCase)) -> Bool {
        switch one.what.fault.kind {
        case "sync": one.work.result != nil && one.what.fault.error == 5 && !one.what.lasts
        case "list", "stat": one.work.name == "restore of a directory" && !one.what.lasts
        case "write": one.work.name == "restore of a directory" && one.what.fault.error == 5 && one.what.lasts
        default: false
        }
    }

    /// Every fault of every call that the command makes when nothing fails.
    private static func cases(of work: Work, _ commands: Commands) async throws -> [CallCase] {
        let place = try work.start.copy("commands")
        defer { place.remove() }
        let counts = try commands.counts(work.words(place), in: place)
        if let flaw = try await work.faults(place).first { throw Stopped("\(work.name) without a fault: \(flaw)") }
        if let gone = work.removes, FileManager.default.fileExists(atPath: place.path + "/" + gone) {
            throw Stopped("\(work.name) without a fault left \(gone)")
        }
        return CallCase.all(counts)
    }

    /// - Returns: whether the call came, and failed; and what did not hold.
    private static func faults(
        of work: Work, _ what: CallCase, in place: DiskPlace, _ commands: Commands, _ refused: inout Int
    ) async throws -> (wasMet: Bool, faults: [String]) {
        let (child, counts) = try commands.runCounted(work.words(place), in: place, what.environment)
        let wasMet = counts[what.fault.kind] ?? 0 >= what.nth
        return (wasMet, try await faults(of: work, what, child, in: place, commands, &refused))
    }

    private static func faults(
        of work: Work, _ what: CallCase, _ child: WatchedChild, in place: DiskPlace, _ commands: Commands,
        _ refused: inout Int
    ) async throws -> [String] {
        switch child.end {
        case .exited(0): break
        case .exited:
            refused += 1
            guard let code = Commands.code(child.output), what.fault.tells.contains(code) else {
                return ["said \(child.output)"]
            }
            if let result = work.result, FileManager.default.fileExists(atPath: place.path + "/" + result) {
                return ["failed and left \(result), saying \(child.output)"]
            }
            do {
                if let flaw = try await work.faultsMeanwhile(place).first {
                    return ["said \(child.output), and what was there before is not: \(flaw)"]
                }
            } catch {
                return ["said \(child.output), and what was there before is no good: \(error)"]
            }
            let again = try commands.run(work.words(place), in: place)
            guard again.end == .exited(0) else {
                return ["first said \(child.output), and when the cause was gone \(again.output)"]
            }
        case .crashed, .hung: return ["\(child.end): \(child.output)"]
        }
        do { return try await work.faults(place) } catch { return ["what it made is no good: \(error)"] }
    }

    // MARK: - What is done

    /// - Parameter place: where what they begin with is made.
    private static func works(in place: DiskPlace, _ commands: Commands) async throws -> [Work] {
        let clock = MovedClock(at: DiskPlace.start)
        let (empty, live) = (try place.within("empty"), try place.within("live"))
        try await DiskScript.prepare(live, clock)
        let wall = clock.wallClock
        let (followed, kept) = (try follow(live, commands), try place.within("kept"))
        defer { followed.remove() }
        for name in ["copy.db", "copy.db.key", "copies"] {
            try FileManager.default.copyItem(atPath: followed.path + "/" + name, toPath: kept.path + "/" + name)
        }
        let (begun, aged) = (try place.within("begun"), try place.within("aged"))
        for (from, to) in [(followed, begun), (live, aged)] {
            for name in try FileManager.default.contentsOfDirectory(atPath: from.path) where !name.hasPrefix("copy.") {
                try FileManager.default.copyItem(atPath: from.path + "/" + name, toPath: to.path + "/" + name)
            }
        }
        try age(aged)
        @Sendable func sound(_ place: DiskPlace, _ names: [String]) async -> [String] {
            await DatabaseSoundness(place: place, clock: wall).faultsNowAndGoingOn(
                acknowledged: names.map { .signedUp($0) })
        }
        @Sendable func restored(_ backup: String, _ names: [String], at time: Timestamp? = nil) async throws -> [String]
        {
            let again = try DiskPlace("again")
            defer { again.remove() }
            _ = try DatabaseRestoration(of: backup).restore(to: again.location, at: time)
            return await sound(again, names)
        }
        return [
            Work(
                name: "init", start: empty,
                words: { ["init", "--price", "9.99", "--currency", "EUR", "--database", $0.database] },
                faults: { await sound($0, []) }),
            Work(
                name: "backup", start: live,
                words: { ["backup", $0.path + "/copy.db", "--database", $0.database] }, result: "copy.db",
                faults: { try await restored($0.path + "/copy.db", first) }),
            Work(
                name: "backup --to-dir", start: live,
                words: { ["backup", "--to-dir", $0.path + "/copies", "--once", "--database", $0.database] },
                faults: { try await restored($0.path + "/copies", first) }),
            Work(
                name: "backup --to-dir again", start: begun,
                words: { ["backup", "--to-dir", $0.path + "/copies", "--once", "--database", $0.database] },
                faultsMeanwhile: { try await restored($0.path + "/copies", first + [second]) },
                faults: { place in
                    guard FileManager.default.fileExists(atPath: place.path + "/copies/000001/base.json") else {
                        return ["the copy that was there is gone"]
                    }
                    return try await restored(place.path + "/copies", first + [second, third])
                }),
            Work(
                name: "backup --to-dir --keep", start: aged,
                words: { place in
                    ["backup", "--to-dir", place.path + "/copies", "--once", "--base-every", "1m", "--keep", "1m"]
                        + ["--database", place.database]
                },
                removes: "copies/000001",
                faultsMeanwhile: { try await restored($0.path + "/copies", first) },
                faults: { place in
                    // The first copy of the two is no longer needed; it stays where it could not be looked at.
                    let faults = try await restored(place.path + "/copies", first, at: longAgo + .minutes(2))
                    return faults.isEmpty ? try await restored(place.path + "/copies", first) : faults
                }),
            Work(
                name: "restore", start: kept,
                words: { ["restore", $0.path + "/copy.db", "--database", $0.database] }, result: "torture.db",
                faults: { await sound($0, first) }),
            Work(
                name: "restore of a directory", start: kept,
                words: { ["restore", $0.path + "/copies", "--database", $0.database] }, result: "torture.db",
                faults: { await sound($0, first + [second]) }),
        ]
    }

    /// Who is there from the beginning, who comes behind the first copy of the whole, and who behind what followed on it.
    private static let first = ["ending@example.com", "running@example.com"]
    private static let (second, third) = ("second@example.com", "third@example.com")

    private static let longAgo = Timestamp(milliseconds: 1_767_225_600_000)  // 2026-01-01T00:00:00Z

    /// Makes two copies of the whole database, long ago, in a directory beside it.
    private static func age(_ place: DiskPlace) throws {
        let clock = MovedClock(at: longAgo)
        var options = DatabaseBackup.FollowOptions()
        options.newBaseAfter = .minutes(1)
        let follower = try DatabaseBackup(of: place.location, clock: clock.wallClock).follow(
            into: place.path + "/copies", options)
        for _ in 0..<2 {
            guard try follower.followOnce().newBase != nil else { throw Stopped("no copy was made") }
            clock.move(by: .minutes(2))
        }
    }

    /// A place with a database that has a log, and copies of it: one whole, and a directory with what was there at first
    /// and, in a piece of log, the second reader.
    private static func follow(_ live: DiskPlace, _ commands: Commands) throws -> DiskPlace {
        let place = try live.copy("followed")
        defer { place.remove() }
        let once = ["backup", "--to-dir", place.path + "/copies", "--once", "--database", place.database]
        // As long as somebody reads what was there at first, the log goes on.
        return try place.location.open().readInPlace { sql in
            _ = try sql.first("SELECT count(*) FROM accounts", []) { try $0.count(0) }
            try commands.succeed(["backup", place.path + "/copy.db", "--database", place.database], in: place)
            try commands.succeed(["signup", "first@example.com", "--database", place.database], in: place)
            try commands.succeed(once, in: place)
            try commands.succeed(["signup", second, "--database", place.database], in: place)
            try commands.succeed(once, in: place)
            try commands.succeed(["signup", third, "--database", place.database], in: place)
            let copy = try place.copy("followed")
            let again = try copy.copy("followed")
            defer { again.remove() }
            try commands.succeed(
                ["backup", "--to-dir", again.path + "/copies", "--once", "--database", again.database], in: again)
            let pieces = try FileManager.default.contentsOfDirectory(atPath: again.path + "/copies/000001").filter {
                $0.hasSuffix(".segment")
            }
            guard pieces.count > 1, !FileManager.default.fileExists(atPath: again.path + "/copies/000002") else {
                throw Stopped("the copies do not go on: \(pieces)")
            }
            return copy
        }
    }
}

/// Runs commands, with calls of theirs to the system that fail.
private struct Commands {
    let fortnight: String

    /// A command that is silent for longer hangs.
    private static let patience = Duration.seconds(60)

    /// The code of the error that a command has said last, as JSON.
    static func code(_ output: String) -> String? {
        output.split(separator: "\n").last.flatMap { line in
            line.split(separator: "\"code\":\"", maxSplits: 1).last?.split(separator: "\"").first.map(String.init)
        }
    }

    /// The library that is loaded before the system's: it is built beside this program.
    private static let library: String = {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (program as NSString).deletingLastPathComponent + "/libFaultyCalls.so"
    }()

    func run(
        _ words: [String], in place: DiskPlace, _ environment: [String: String] = [:]
    ) throws -> WatchedChild {
        guard FileManager.default.fileExists(atPath: Commands.library) else {
            throw Stopped("\(Commands.library) is not there; swift build --product FaultyCalls makes it")
        }
        var all = environment
        all["FORTNIGHT_KEY_FILE"] = place.keyPath
        if !environment.isEmpty {
            all["LD_PRELOAD"] = Commands.library
            all["FAULTY_CALLS_UNDER"] = place.path
        }
        return try WatchedChild.run(
            fortnight, (words + ["--json"]).map { Array($0.utf8) }, environment: all, in: place.path,
            patience: Commands.patience)
    }

    /// Runs a command, and counts the calls of each kind; there are no counts of one that did not end by itself.
    func runCounted(
        _ words: [String], in place: DiskPlace, _ environment: [String: String] = [:]
    ) throws -> (WatchedChild, counts: [String: Int]) {
        let path = NSTemporaryDirectory() + "/fortnight-torture-counts-\(UUID().uuidString)"
        defer { unlink(path) }
        let child = try run(words, in: place, environment.merging(["FAULTY_CALLS_COUNTS": path]) { $1 })
        guard case .exited = child.end else { return (child, [:]) }
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: " ")
        }
        return (child, Dictionary(uniqueKeysWithValues: lines.map { (String($0[0]), Int($0[1]) ?? 0) }))
    }

    /// How many calls of each kind a command makes that must succeed.
    func counts(_ words: [String], in place: DiskPlace) throws -> [String: Int] {
        let (child, counts) = try runCounted(words, in: place)
        guard child.end == .exited(0) else { throw Stopped("\(words) without a fault: \(child.output)") }
        guard ["open", "read", "stat"].allSatisfy({ counts[$0] ?? 0 > 0 }) else {
            throw Stopped("the library does not see what \(words) does: \(counts)")
        }
        return counts
    }

    func succeed(_ words: [String], in place: DiskPlace) throws {
        let child = try run(words, in: place)
        guard child.end == .exited(0) else { throw Stopped("\(words): \(child.output)") }
    }
}
