import Foundation
import Membership
import MembershipService
import TestSupport

/// A process that copies a database, and then what is written to it, into a directory, and is killed at any moment.
struct KilledFollower {
    private let place: TrialPlace
    private let fortnight: String
    private var process: SpawnedProcess?

    private(set) var kills = 0
    /// How often one has gone on with what the one before had left, and has copied some of the log behind it.
    private(set) var continued = 0
    private(set) var restored = 0
    /// The last piece of log when the one that is at work was started.
    private var last: Piece?

    private struct Piece: Equatable {
        let copy: String
        let segments: Int
    }

    private var directory: String { place.folder + "/copies" }
    private var complaints: String { place.folder + "/copies.err" }
    private var variables: [String: String] { ["FORTNIGHT_KEY_FILE": place.keyPath] }

    init(place: TrialPlace, fortnight: String) {
        (self.place, self.fortnight) = (place, fortnight)
    }

    /// Starts one when none is at work.
    mutating func goOn() throws {
        guard process == nil else { return }
        last = try newest()
        process = try SpawnedProcess(
            fortnight, ["backup", "--to-dir", directory, "--database", place.address], variables: variables,
            errors: .file(complaints))
    }

    /// Starts one, and waits until it has copied something: whoever closes the database last before that empties the log,
    /// so that there is none to go on with.
    mutating func goOnAtOnce() async throws {
        try goOn()
        let end = ContinuousClock().now + .seconds(5)
        while try newest() == last, process?.isRunning == true, ContinuousClock().now < end {
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// Kills the one that is at work.
    ///
    /// - Returns: what does not hold: it must not have ended by itself.
    mutating func kill() throws -> String? {
        guard let process else { return nil }
        self.process = nil
        process.send(SIGKILL)
        let status = process.wait()
        kills += 1
        if let last, let newest = try newest(), newest.copy == last.copy, newest.segments > last.segments {
            continued += 1
        }
        guard status != -SIGKILL else { return nil }
        let said = (try? String(contentsOfFile: complaints, encoding: .utf8)) ?? ""
        return "backup --to-dir ended by itself with \(status): \(said)"
    }

    /// Kills it, restores what it has left there as it is, and again once the rest was copied, when it must be all that is
    /// in the database; the directory begins anew then.
    ///
    /// - Parameter clock: what time it is in the database.
    /// - Returns: what does not hold.
    mutating func examine(_ clock: WallClock) async throws -> [String] {
        if let fault = try kill() { return [fault] }
        defer { DiskPlace.remove(directory) }
        let left = try extents()
        if let fault = left.compactMap(\.fault).first { return ["of the copies: \(fault)"] }
        if !left.isEmpty {
            let faults = try await restore { location in
                // What it lags behind is due there.
                try await WholeDatabase(location: location, clock: clock).faults(
                    exempt: WholeDatabase.overdueSubjects)
            }
            guard faults.isEmpty else { return faults }
        }
        let rest = try SpawnedProcess(
            fortnight, ["backup", "--to-dir", directory, "--once", "--database", place.address], variables: variables,
            errors: .file(complaints))
        let status = rest.wait(atMost: .seconds(60))
        guard status == 0 else {
            return ["backup --once behind a kill: \(try String(contentsOfFile: complaints, encoding: .utf8))"]
        }
        let there = try await DatabaseContents.of(place.location())
        return try await restore { location in
            let restored = try await DatabaseContents.of(location)
            let other = Set(there.keys).union(restored.keys).filter { there[$0] != restored[$0] }.sorted()
            return other.map { "\($0) is restored with \(restored[$0]?.count ?? 0) rows of \(there[$0]?.count ?? 0)" }
        }
    }

    /// What is in the directory.
    private func extents() throws -> [DatabaseRestoration.Extent] {
        do { return try DatabaseRestoration(of: directory).extents() } catch let error as MembershipError
            where error.code == .unknownBackup
        {
            return []
        }
    }

    private func newest() throws -> Piece? {
        try extents().last.map { Piece(copy: $0.name, segments: $0.segments) }
    }

    /// Restores what is in the directory to a place of its own, and looks at it there.
    private mutating func restore(_ faults: (DatabaseLocation) async throws -> [String]) async throws -> [String] {
        let folder = place.folder + "/restored-\(restored)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { DiskPlace.remove(folder) }
        let location = DatabaseLocation(folder + "/trial.db", keyPath: folder + "/trial.db.key", wait: .minutes(1))
        _ = try DatabaseRestoration(of: directory).restore(to: location)
        restored += 1
        return try await faults(location).map { "of the copies: \($0)" }
    }
}
