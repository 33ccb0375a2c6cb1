import FaultyFiles
import Foundation
import Membership
import MembershipService
import SampleFeeds
import TestSupport

/// Takes the power away: puts the files together as a disk could have them at a random moment, with what was not synced
/// dropped, kept or torn sector by sector, and looks at the database that they are.
struct PowerLoss: Trial {
    let name = "power loss"
    let engines: Set<Setting.Engine> = [.sqlite]
    let weight = 3.0

    /// A database lives through so many rounds, and then so many cuts are made; one is lived through in any case.
    private static let rounds = 6
    private static let cuts = 100
    /// What is wrong with one cut is often wrong with many.
    private static let mostFaults = 5

    private struct Tally {
        var databases = 0
        var cuts = 0
        var records: Int64 = 0
        /// What of the records the disks of the cuts did not have.
        var lost = DiskJournal.Lost()
        var acknowledged = 0
        var letters = 0
        var faults: [String] = []
    }

    func run(_ setting: Setting) async throws -> Outcome {
        guard faulty_files_register() == 0 else { throw Stopped("SQLite refused the VFS") }
        let end = ContinuousClock().now + setting.time
        defer {
            faulty_files_watch(nil)
            faulty_files_record(false)
        }
        var tally = Tally()
        while tally.faults.count < PowerLoss.mostFaults, tally.databases == 0 || ContinuousClock().now < end {
            // A place of its own: whatever was open in the one before may still be about to be closed.
            let place = try DiskPlace("power")
            defer { place.remove() }
            let clock = MovedClock(at: DiskPlace.start)
            let workload = DiskWorkload(
                place: place, clock: clock, seed: setting.seed &+ UInt64(tally.databases))
            let beginning = try await live(workload, place, clock)
            guard faulty_files_position() > beginning else { throw Stopped("nothing was recorded") }
            try await look(at: workload, beginning, from: place, setting, until: end, &tally)
            tally.databases += 1
            tally.records += faulty_files_position()
            tally.acknowledged += workload.acknowledged.count
            tally.letters += workload.letters.count
        }
        // A disk that had everything was not tried.
        if tally.faults.isEmpty, tally.lost.dropped == 0 || tally.lost.torn == 0 {
            tally.faults.append(
                "seed \(setting.seed): \(tally.lost.dropped) writes were dropped and \(tally.lost.torn) torn, so that "
                    + "nothing was shown")
        }
        return Outcome(
            did: "\(tally.cuts) cuts in \(tally.records) writes and syncs, \(tally.lost.dropped) writes dropped, "
                + "\(tally.lost.torn) torn, \(tally.acknowledged) acknowledged, \(tally.letters) letters",
            faults: tally.faults)
    }

    /// - Returns: the position at which the database was ready.
    private func live(_ workload: DiskWorkload, _ place: DiskPlace, _ clock: MovedClock) async throws -> Int64 {
        faulty_files_watch(place.path)
        faulty_files_record(true)
        defer { faulty_files_watch(nil) }
        try await place.setUp(clock: clock.wallClock, feed: SampleFeed.all[0])
        let beginning = faulty_files_position()
        for round in 0..<PowerLoss.rounds { try await workload.round(round) }
        return beginning
    }

    /// Cuts at random moments, in the order of time, so that the journal is followed once.
    private func look(
        at workload: DiskWorkload, _ beginning: Int64, from place: DiskPlace, _ setting: Setting,
        until end: ContinuousClock.Instant, _ tally: inout Tally
    ) async throws {
        let (acknowledged, issued, last) = (workload.acknowledged, workload.issued, faulty_files_position())
        let key = try [UInt8](Data(contentsOf: URL(filePath: place.keyPath)))
        let letters = try CutLetters(workload.letters, in: place)
        let recording = DiskRecording.ofVFS(until: last)
        var dice = SeededNumbers(seed: setting.seed, tally.databases)
        let moments = (0..<PowerLoss.cuts).map { number in
            // Half of them right after an answer, which is when most can be missing.
            number.isMultiple(of: 2)
                ? dice.pick(acknowledged).position : beginning + Int64(dice.below(Int(last - beginning) + 1))
        }.sorted()
        if tally.databases == 0 {
            tally.faults += try await blindness(workload, beginning, recording, key, setting)
        }
        var journal = DiskJournal(recording)
        for (number, moment) in moments.enumerated() {
            guard tally.faults.count < PowerLoss.mostFaults, tally.databases == 0 || ContinuousClock().now < end else {
                return
            }
            journal.advance(to: moment)
            let luck = DiskJournal.Luck.allCases[number % 3]
            let images = journal.images(luck, &dice)
            let files = PowerLoss.files(images, key)
            let cut = try DiskPlace("cut")
            defer { cut.remove() }
            for (name, bytes) in files { try cut.write(name, bytes) }
            let known = acknowledged.prefix { $0.position <= moment }.map(\.what)
            let found = await soundness(of: cut, at: moment, workload.time(at: moment), known, issued, letters, &dice)
            tally.cuts += 1
            tally.lost += images.lost
            guard let first = found.first else { continue }
            let evidence = try DiskPlace("evidence")
            for (name, bytes) in files { try evidence.write(name, bytes) }
            tally.faults.append(
                "seed \(setting.seed), database \(tally.databases + 1), cut \(number + 1) at \(moment) of \(last), "
                    + "\(luck) of what was not synced: \(first); the files as they were: \(evidence.path)")
        }
    }

    /// The same callers on a disk that only said that it had synced, from when they began: all that they were told is lost
    /// when the power goes at the end. Where that is not found, nothing would be.
    private func blindness(
        _ workload: DiskWorkload, _ beginning: Int64, _ recording: DiskRecording, _ key: [UInt8], _ setting: Setting
    ) async throws -> [String] {
        var dice = SeededNumbers(seed: setting.seed)
        var journal = DiskJournal(recording, deafFrom: beginning)
        journal.advance(to: recording.end)
        let cut = try DiskPlace("deaf")
        defer { cut.remove() }
        for (name, bytes) in PowerLoss.files(journal.images(.nothing, &dice), key) { try cut.write(name, bytes) }
        let told = workload.acknowledged.map(\.what)
        let found = await DatabaseSoundness(place: cut, clock: WallClock { DiskPlace.start }).faults(
            acknowledged: told, issued: workload.issued)
        let isSeen = found.first?.hasPrefix("\(told.count) of \(told.count) acknowledged were lost") == true
        return isSeen
            ? [] : ["seed \(setting.seed): of a disk that synced nothing was found: \(found.first ?? "nothing")"]
    }

    /// The files of a cut by name, with the key, which was there long before.
    private static func files(_ images: DiskJournal.Images, _ key: [UInt8]) -> [String: [UInt8]] {
        var files = ["torture.db.key": key]
        for (path, image) in images.files { files[URL(filePath: path).lastPathComponent] = image }
        return files
    }

    private func soundness(
        of cut: DiskPlace, at moment: Int64, _ now: Timestamp, _ known: [Acknowledgement],
        _ issued: Set<Acknowledgement>, _ letters: CutLetters, _ dice: inout SeededNumbers
    ) async -> [String] {
        let before = DatabaseSoundness(place: cut, clock: WallClock { now })
        // Who held a job, or some messages, when the power went is not waited for any longer.
        let later = DatabaseSoundness(place: cut, clock: WallClock { now + .hours(1) })
        var faults = await before.faults(acknowledged: known, issued: issued)
        guard faults.isEmpty else { return faults }
        do {
            let (there, missing) = try await letters.put(into: cut, at: moment, before.clock, &dice)
            guard missing.isEmpty else { return missing }
            faults = await later.faultsGoingOn(with: "after@example.com")
            if faults.isEmpty { faults = try letters.changes(of: there, in: cut) }
            guard faults.isEmpty else { return faults }
            // Old runs of jobs are purged.
            return await later.faults(acknowledged: known.filter { if case .ran = $0 { false } else { true } })
        } catch {
            return ["its letters cannot be looked at: \(error)"]
        }
    }
}

/// Why a trial could not be made.
struct Stopped: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
