import FaultyFiles
import Foundation
import Membership
import MembershipService
import TestSupport

/// Fails one call of the disk after the other under a fixed script, once or until the cause is gone, and looks at what
/// the caller is told, at what the same services do next, and at what is in the file.
struct FaultyDisk: Trial {
    let name = "faulty disk"
    let engines: Set<Setting.Engine> = [.sqlite]
    let weight = 3.0

    /// So many cases are tried in any case beside those that were found, at most all there are.
    private static let leastCases = 120
    /// With so many files that may still be opened the script comes to its end.
    private static let mostSpare = 12

    func run(_ setting: Setting) async throws -> Outcome {
        guard faulty_files_register() == 0 else { throw Stopped("SQLite refused the VFS") }
        let start = try DiskPlace("start")
        defer {
            faulty_files_heal()
            faulty_files_watch(nil)
            start.remove()
        }
        let clock = MovedClock(at: DiskPlace.start)
        try await DiskScript.prepare(start, clock)
        let counts = try await calls(start, clock)
        var dice = SeededNumbers(seed: setting.seed)
        let kinds = Dictionary(grouping: DiskCase.all(counts), by: \.fault.name).sorted { $0.key < $1.key }.map(\.value)
        let (found, others) = try CaseTally.order(kinds, first: FaultyDisk.wasFound, &dice)
        var tally = CaseTally(least: FaultyDisk.mostSpare + found.count + FaultyDisk.leastCases, time: setting.time)
        try await fewFiles(start, clock, &tally)
        for one in found + others {
            guard tally.goesOn else { break }
            let script = try FaultyDisk.script(start, clock)
            defer { script.place.remove() }
            let faults = try await faults(of: one, script, &tally.refused)
            tally.note(one.description, wasMet: faulty_files_failures() > 0, faults)
        }
        return tally.outcome(of: found.count + others.count + FaultyDisk.mostSpare)
    }

    /// Where something did not hold once: a database that was read-only when it was opened stayed so.
    private static func wasFound(_ one: DiskCase) -> Bool {
        one.fault.call == FAULTY_FILES_OPEN_MAIN && one.fault.tells.contains(.databaseReadOnly) && one.lasts
    }

    /// The script on a copy of the database, whose files fail from now on when they are told to.
    private static func script(_ start: DiskPlace, _ clock: MovedClock) throws -> DiskScript {
        let place = try start.copy("disk")
        faulty_files_watch(place.path)
        return DiskScript(place: place, clock: clock)
    }

    /// How many calls of each kind the script makes when nothing fails.
    private func calls(_ start: DiskPlace, _ clock: MovedClock) async throws -> [Int64] {
        let script = try FaultyDisk.script(start, clock)
        defer { script.place.remove() }
        faulty_files_fail(0, 0, 0, false)
        let services = try await script.open()
        for step in try script.steps() {
            if let flaw = try await step.call(services).flaw { throw Stopped("\(step.name) without a fault: \(flaw)") }
        }
        return DiskCase.counts
    }

    private func faults(of one: DiskCase, _ script: DiskScript, _ refused: inout Int) async throws -> [String] {
        one.begin()
        defer { faulty_files_heal() }
        var acknowledged: [Acknowledgement] = []
        // The services are gone before the file is looked at, so that what closing does to it is seen too.
        let found = try await play(
            script, tells: one.fault.tells, lasts: one.lasts, &acknowledged, &refused
        ) { faulty_files_heal() }
        faulty_files_heal()
        guard found.isEmpty else { return found }
        return await soundness(script, acknowledged)
    }

    /// Goes through the script. A call that fails is made again: while the cause is there, when it lasts, and must then say
    /// what is wrong as well; and when it is gone, and must then succeed.
    private func play(
        _ script: DiskScript, tells: Set<MembershipError.Code>, lasts: Bool, _ acknowledged: inout [Acknowledgement],
        _ refused: inout Int, heal: () -> Void
    ) async throws -> [String] {
        func made<Result>(_ call: () async throws -> Result) async throws -> Result {
            for _ in 0..<(lasts ? 2 : 1) {
                do { return try await call() } catch {
                    refused += 1
                    if let flaw = DiskFault.flaw(of: error, tells) { throw Flaw(flaw) }
                }
            }
            heal()
            do { return try await call() } catch { throw Flaw("still fails when the cause is gone: \(error)") }
        }
        var step = "opening"
        do {
            let services = try await made { try await script.open() }
            for next in try script.steps() {
                step = next.name
                let answer = try await made { try await next.call(services) }
                if let flaw = answer.flaw { throw Flaw(flaw) }
                if let acknowledgement = answer.acknowledges { acknowledged.append(acknowledgement) }
            }
        } catch let flaw as Flaw {
            return ["\(step): \(flaw.what)"]
        }
        return []
    }

    /// What a caller must not be told.
    private struct Flaw: Error {
        let what: String

        init(_ what: String) { self.what = what }
    }

    private func soundness(_ script: DiskScript, _ acknowledged: [Acknowledgement]) async -> [String] {
        let soundness = DatabaseSoundness(place: script.place, clock: script.clock.wallClock)
        return await soundness.faultsNowAndGoingOn(acknowledged: acknowledged + [.imported(16)])
    }

    // MARK: - Too many open files

    /// The same with the system's own limit: so few files may be open that something of the script cannot be opened.
    private func fewFiles(_ start: DiskPlace, _ clock: MovedClock, _ tally: inout CaseTally) async throws {
        for spare in 0..<FaultyDisk.mostSpare {
            let script = try FaultyDisk.script(start, clock)
            defer { script.place.remove() }
            var acknowledged: [Acknowledgement] = []
            let before = tally.refused
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let usual = limit
            limit.rlim_cur = FaultyDisk.firstFree() + rlim_t(spare)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var restored = usual
            let found = try await play(
                script, tells: [.databaseUnavailable, .unreadableFile], lasts: true, &acknowledged, &tally.refused
            ) { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &restored) }
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &restored)
            let faults = found.isEmpty ? await soundness(script, acknowledged) : found
            tally.note("\(spare) files may be opened and no more", wasMet: tally.refused > before, faults)
        }
    }

    /// The lowest number that no open file has.
    private static func firstFree() -> rlim_t {
        let free = dup(STDOUT_FILENO)
        defer { close(free) }
        return rlim_t(free)
    }
}
