import Foundation
import Membership
import MembershipService
import SampleFeeds
import TestSupport

/// Kills `fortnight backup TO` and `fortnight restore` with SIGKILL at random moments, the backup while others write, and
/// looks at what is there: a whole file under its name or none, and nothing that is in the way of the next try.
struct KilledBackups: Trial {
    let name = "killed backups"
    let engines: Set<Setting.Engine> = [.sqlite]
    let weight = 1.0

    /// Each command is killed so often in any case.
    private static let leastRounds = 20
    /// And up to so often when none of a kind was killed while it wrote: how long one takes was measured once.
    private static let mostRounds = 60
    /// What is wrong once is often wrong again.
    private static let mostFaults = 5

    func run(_ setting: Setting) async throws -> Outcome {
        let place = try DiskPlace("killed-backups")
        var isWorthALook = false
        defer { if !isWorthALook { place.remove() } }
        var site = try await BackupSite(place: place, setting: setting)
        let begun = ContinuousClock().now
        var round = 0
        while round < KilledBackups.leastRounds || ContinuousClock().now - begun < setting.time
            || (!site.hasEveryKind && round < KilledBackups.mostRounds)
        {
            round += 1
            for work in BackupWork.allCases { try await site.kill(work, round) }
            if site.faults.count >= KilledBackups.mostFaults { break }
        }
        if site.faults.isEmpty { site.requireEveryKind() }
        isWorthALook = !site.faults.isEmpty
        if isWorthALook { site.faults.append("what was left is in \(place.path)") }
        let tallies = BackupWork.allCases.map { "\($0.rawValue): \(site.tallies[$0, default: .init()])" }
        return Outcome(did: tallies.joined(separator: "; "), faults: site.faults)
    }
}

/// A command that is killed.
private enum BackupWork: String, CaseIterable, Sendable {
    case backup, restore
    case restoreOfAMoment = "restore --at"
}

/// How often a command was killed, and what it had left then.
private struct BackupTally: CustomStringConvertible {
    var kills = 0
    var drafts = 0
    var files = 0

    var description: String { "\(kills) kills, \(drafts) left a draft, \(files) the whole file" }
}

/// A database in use, backups of it, and commands that are killed at what they do with them.
private struct BackupSite {
    private let place: DiskPlace
    private let live: DiskPlace
    private let kept: DiskPlace
    private let setting: Setting
    private let clock = MovedClock(at: DiskPlace.start)
    private let workload: DiskWorkload
    private var choices: SeededNumbers
    /// How often the workload went on.
    private var lives = 0
    /// What was acknowledged beside it.
    private var signedUp: [Acknowledgement] = []
    /// The moments that the directory of backups holds, by the clock of this machine.
    private var moments: [(at: Timestamp, known: Known)] = []
    /// How long a command takes that nobody kills: until it begins to write, and from then on.
    private var paces: [BackupWork: (beginning: Duration, writing: Duration)] = [:]

    private(set) var tallies: [BackupWork: BackupTally] = [:]
    var faults: [String] = []

    /// What must be in a database, and what may be.
    private struct Known {
        let acknowledged: [Acknowledgement]
        let issued: Set<Acknowledgement>
    }

    private var acknowledged: [Acknowledgement] { signedUp + workload.acknowledged.map(\.what) }
    private var issued: Set<Acknowledgement> { workload.issued.union(signedUp) }

    /// What must be there, and may be, when nobody writes.
    private var known: Known { Known(acknowledged: acknowledged, issued: issued) }

    /// What is run.
    private struct Command {
        let words: [String]
        let keyPath: String
        /// What must be in what it makes; nil for what is in the database.
        let known: Known?
    }

    /// The workload goes on so often before the first backup, so that one takes a while.
    private static let livesBefore = 8
    private static let (momentsKept, readersAMoment) = (4, 20)
    private static let patience = Duration.seconds(60)

    init(place: DiskPlace, setting: Setting) async throws {
        (self.place, self.setting, choices) = (place, setting, SeededNumbers(seed: setting.seed))
        (live, kept) = (try place.within("live"), try place.within("kept"))
        workload = DiskWorkload(place: live, clock: clock, seed: setting.seed)
        try await live.setUp(clock: clock.wallClock, feed: SampleFeed.all[0])
        for _ in 0..<BackupSite.livesBefore {
            lives += 1
            try await workload.round(lives)
        }
        try await keepMoments()
        for work in BackupWork.allCases { paces[work] = try await pace(of: work) }
    }

    /// Makes the backups that are restored: a directory that holds a few moments, and a file of the last of them.
    private mutating func keepMoments() async throws {
        let backup = DatabaseBackup(of: live.patientLocation)
        let services = try await Services.open(live.patientLocation, clock: clock.wallClock)
        // The workload empties the log, and would wait for whoever follows it.
        let follower = try backup.follow(into: kept.path + "/copies")
        for moment in 0..<BackupSite.momentsKept {
            for number in 0..<BackupSite.readersAMoment {
                let email = try EmailAddress(parsing: "m\(moment)-\(number)@example.com")
                _ = try await services.accounts.signUp(email: email)
                signedUp.append(.signedUp(email.canonical))
            }
            _ = try follower.followOnce()
            moments.append((WallClock.system.now(), known))
        }
        _ = try backup.make(at: kept.path + "/copy.db")
    }

    // MARK: - Commands

    /// - Parameter target: where the database, or the copy of it, is to be.
    private mutating func command(_ work: BackupWork, _ target: DiskPlace) -> Command {
        switch work {
        case .backup:
            return Command(
                words: ["backup", target.database, "--database", live.database], keyPath: live.keyPath, known: nil)
        case .restore:
            return Command(
                words: ["restore", kept.path + "/copy.db", "--database", target.database], keyPath: target.keyPath,
                known: moments.last?.known)
        case .restoreOfAMoment:
            let moment = choices.pick(moments)
            return Command(
                words: ["restore", kept.path + "/copies", "--at", moment.at.rfc3339, "--database", target.database],
                keyPath: target.keyPath, known: moment.known)
        }
    }

    private func start(_ command: Command) throws -> SpawnedProcess {
        try SpawnedProcess(
            setting.fortnight, command.words, variables: ["FORTNIGHT_KEY_FILE": command.keyPath],
            errors: .file(complaints))
    }

    private var complaints: String { place.path + "/complaints" }

    private var said: String { (try? String(contentsOfFile: complaints, encoding: .utf8)) ?? "nothing" }

    /// Runs a command to its end.
    private func run(_ command: Command) async throws -> Int32 {
        let process = try start(command)
        return try await onThread { process.wait(atMost: BackupSite.patience) }
    }

    /// How long a command takes that nobody kills.
    private mutating func pace(of work: BackupWork) async throws -> (beginning: Duration, writing: Duration) {
        let target = try place.within("\(work) in peace")
        defer { target.remove() }
        let command = command(work, target)
        let begun = ContinuousClock().now
        let process = try start(command)
        await BackupSite.waitForDraft(of: process, in: target)
        let written = ContinuousClock().now
        let status = try await onThread { process.wait(atMost: BackupSite.patience) }
        guard status == 0 else { throw Stopped("\(work.rawValue), which nobody killed, ended with \(status): \(said)") }
        return (written - begun, ContinuousClock().now - written)
    }

    // MARK: - What is left

    private static func names(in target: DiskPlace) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: target.path)) ?? []
    }

    private static let (file, key) = ("torture.db", "torture.db.key")

    /// Whether a name is that of a draft, of the database or of its key, or of what SQLite keeps beside one.
    private static func isDraft(_ name: String) -> Bool {
        name.hasPrefix(file + ".") && ["", "-wal", "-shm", "-journal"].contains { name.hasSuffix(".part" + $0) }
    }

    private static func isDraftOfTheDatabase(_ name: String) -> Bool { isDraft(name) && !name.hasPrefix(key) }

    private static func waitForDraft(of process: SpawnedProcess, in target: DiskPlace) async {
        while process.isRunning, !names(in: target).contains(where: isDraftOfTheDatabase) {
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    // MARK: - A round

    /// Kills a command, most often while it writes, and looks at what it has left, and at what it does when it is run again.
    mutating func kill(_ work: BackupWork, _ round: Int) async throws {
        let target = try place.within("\(work) \(round)")
        let command = command(work, target)
        // Most of what can break is written once the file has been begun.
        let waitsForDraft = choices.chance(70)
        let pace = paces[work] ?? (beginning: .zero, writing: .zero)
        let delay = (waitsForDraft ? pace.writing : pace.beginning) * (Double(choices.below(1200)) / 1000)
        let before = acknowledged
        let writers = work == .backup ? workload : nil
        if writers != nil { lives += 1 }
        let life = lives
        async let writing: Void = BackupSite.write(writers, life)
        let status = try await cut(command, in: target, waitsForDraft: waitsForDraft, after: delay)
        let asked = issued
        try await writing
        let known = command.known ?? Known(acknowledged: before, issued: asked)
        var tally = tallies[work, default: .init()]
        let found = try await flaws(command, status, known, in: target, &tally)
        tallies[work] = tally
        for fault in found { faults.append("seed \(setting.seed), round \(round), \(work.rawValue): \(fault)") }
        if found.isEmpty { target.remove() }
    }

    /// Lets others write meanwhile, if anybody is to.
    private static func write(_ workload: DiskWorkload?, _ life: Int) async throws {
        try await workload?.round(life)
    }

    /// - Returns: its exit status, or the signal that ended it, below zero.
    private func cut(
        _ command: Command, in target: DiskPlace, waitsForDraft: Bool, after delay: Duration
    ) async throws -> Int32 {
        let process = try start(command)
        if waitsForDraft { await BackupSite.waitForDraft(of: process, in: target) }
        // Whatever becomes of the wait: none is left behind.
        try? await Task.sleep(for: delay)
        return process.end()
    }

    /// What does not hold of what was left, by a command that was killed or was done before.
    private func flaws(
        _ command: Command, _ status: Int32, _ known: Known, in target: DiskPlace, _ tally: inout BackupTally
    ) async throws -> [String] {
        let wasKilled = status == -SIGKILL
        guard wasKilled || status == 0 else { return ["ended by itself with \(status): \(said)"] }
        let names = BackupSite.names(in: target)
        let isThere = names.contains(BackupSite.file)
        if wasKilled {
            tally.kills += 1
            tally.drafts += names.contains(where: BackupSite.isDraftOfTheDatabase) ? 1 : 0
            tally.files += isThere ? 1 : 0
        }
        let others = names.filter { ![BackupSite.file, BackupSite.key].contains($0) && !BackupSite.isDraft($0) }
        guard others.isEmpty else { return ["left \(others.sorted().joined(separator: ", "))"] }
        guard isThere || wasKilled else { return ["ended well and made nothing"] }
        // The database is the last to get its name.
        guard !isThere || names.contains(BackupSite.key) else { return ["the file is there without its key"] }
        let bytes = isThere ? try Data(contentsOf: URL(filePath: target.database)) : nil
        let again = try await run(command)
        if let bytes {
            guard again > 0, said.contains("\(target.database) is there already") else {
                return ["the file is there, and once more it ended with \(again): \(said)"]
            }
            guard try Data(contentsOf: URL(filePath: target.database)) == bytes else {
                return ["the file was there, and once more it changed it"]
            }
        } else if again != 0 {
            return ["left \(names.sorted()), and once more it ended with \(again): \(said)"]
        }
        // They may be removed.
        for name in names where BackupSite.isDraft(name) { unlink(target.path + "/" + name) }
        // What was made the second time, nobody wrote meanwhile.
        let expected = isThere ? known : command.known ?? self.known
        return await DatabaseSoundness(place: target, clock: clock.wallClock).faults(
            acknowledged: expected.acknowledged, issued: expected.issued)
    }

    /// Whether each command was killed while it wrote.
    var hasEveryKind: Bool { missing.isEmpty }

    private var missing: [BackupWork] { BackupWork.allCases.filter { tallies[$0, default: .init()].drafts == 0 } }

    /// What never happened was not shown to hold.
    mutating func requireEveryKind() {
        for work in missing {
            faults.append("seed \(setting.seed): no \(work.rawValue) was killed while it wrote")
        }
    }
}
