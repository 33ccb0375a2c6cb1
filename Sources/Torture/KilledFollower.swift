import Foundation
import Membership
import MembershipService
import MembershipStore
import TestSupport

/// A process that copies a database, and then what is written to it, into a directory, and is killed at any moment.
struct KilledFollower {
    private let place: TrialPlace
    private let fortnight: String
    private var choices: SeededNumbers
    private var process: SpawnedProcess?

    private(set) var kills = 0
    /// How often one has gone on with what the one before had left, and has copied some of the log behind it.
    private(set) var continued = 0
    private(set) var restored = 0
    /// How many moments were restored that lay between two of which it is known what was there.
    private(set) var bounded = 0
    /// The last piece of log when the one that is at work was started.
    private var last: Piece?
    /// Moments at which nobody wrote, oldest first, since the directory began anew.
    private var marks: [Mark] = []

    private struct Piece: Equatable {
        let copy: String
        let segments: Int
    }

    private struct Mark {
        /// By the clock of this machine, as the moments of the directory are.
        let at: Timestamp
        /// By the clock of the database, as ``facts(_:)`` are: all that was there is no newer, all that came later is.
        let newest: Int64
    }

    /// A moment that was restored, and what was there.
    private struct Restored {
        let moment: DatabaseRestoration.Moment
        let facts: [String: Int64]
    }

    /// So many moments of a directory are restored beside the newest.
    private static let momentsOfADirectory = 10

    private var directory: String { place.folder + "/copies" }
    private var complaints: String { place.folder + "/copies.err" }
    private var variables: [String: String] { ["FORTNIGHT_KEY_FILE": place.keyPath] }

    init(place: TrialPlace, fortnight: String, seed: UInt64) {
        (self.place, self.fortnight, choices) = (place, fortnight, SeededNumbers(seed: seed))
    }

    /// Starts one when none is at work. Nobody may be writing; and the clock of the database must have moved on by more
    /// than all that was written lasted since the last time.
    mutating func goOn() throws {
        try mark()
        try start()
    }

    /// Starts one, and waits until it has copied something: whoever closes the database last before that empties the log,
    /// so that there is none to go on with.
    mutating func goOnAtOnce() async throws {
        try start()
        let end = ContinuousClock().now + .seconds(5)
        while try newest() == last, process?.isRunning == true, ContinuousClock().now < end {
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private mutating func start() throws {
        guard process == nil else { return }
        last = try newest()
        process = try SpawnedProcess(
            fortnight, ["backup", "--to-dir", directory, "--database", place.address], variables: variables,
            errors: .file(complaints))
    }

    /// Notes what is there now.
    private mutating func mark() throws {
        // All of it was written before.
        let now = WallClock.system.now()
        let question = """
            SELECT max(coalesce((SELECT max(recorded_at) FROM events), 0),
                coalesce((SELECT max(opened_at) FROM reads), 0))
            """
        let newest = try place.engine().readInPlace { sql in try sql.first(question, []) { try $0.integer(0) } }
        marks.append(Mark(at: now, newest: newest ?? 0))
    }

    /// Kills the one that is at work.
    ///
    /// - Returns: what does not hold: it must not have ended by itself.
    mutating func kill() throws -> String? {
        guard let process else { return nil }
        self.process = nil
        let status = process.end()
        kills += 1
        if let last, let newest = try newest(), newest.copy == last.copy, newest.segments > last.segments {
            continued += 1
        }
        guard status != -SIGKILL else { return nil }
        let said = (try? String(contentsOfFile: complaints, encoding: .utf8)) ?? ""
        return "backup --to-dir ended by itself with \(status): \(said)"
    }

    /// Kills it, restores moments of what it has left there as it is, and the newest again once the rest was copied, when
    /// it must be all that is in the database; the directory begins anew then.
    ///
    /// - Parameter clock: what time it is in the database.
    /// - Returns: what does not hold.
    mutating func examine(_ clock: WallClock) async throws -> [String] {
        if let fault = try kill() { return [fault] }
        defer {
            DiskPlace.remove(directory)
            marks = []
        }
        let left = try extents()
        if let fault = left.compactMap(\.fault).first { return ["of the copies: \(fault)"] }
        let faults = try await faultsOfMoments(left, clock)
        guard faults.isEmpty else { return faults }
        let rest = try SpawnedProcess(
            fortnight, ["backup", "--to-dir", directory, "--once", "--database", place.address], variables: variables,
            errors: .file(complaints))
        let status = rest.wait(atMost: .seconds(60))
        guard status == 0 else {
            return ["backup --once behind a kill: \(try String(contentsOfFile: complaints, encoding: .utf8))"]
        }
        let there = try await DatabaseContents.of(place.location())
        let restored = try await restore { location, _ in try await DatabaseContents.of(location) }
        let other = Set(there.keys).union(restored.keys).filter { there[$0] != restored[$0] }.sorted()
        return other.map {
            "of the copies: \($0) is restored with \(restored[$0]?.count ?? 0) rows of \(there[$0]?.count ?? 0)"
        }
    }

    // MARK: - Moments

    /// Restores moments of what is in the directory, oldest first, and looks at each.
    @inline(never)
    private mutating func faultsOfMoments(
        _ left: [DatabaseRestoration.Extent], _ clock: WallClock
    ) async throws -> [String] {
        let there = try place.engine().readInPlace(KilledFollower.facts)
        var before: Restored?
        for time in times(of: left) {
            let known = before?.moment
            let (found, unsound) = try await restore(at: time) { location, moment -> (Restored?, [String]) in
                let facts = try location.open().readInPlace(KilledFollower.facts)
                // The same moment is the same database; and what lags behind is due there.
                let unsound =
                    moment == known
                    ? []
                    : try await WholeDatabase(location: location, clock: clock).faults(
                        exempt: WholeDatabase.overdueSubjects)
                return (moment.map { Restored(moment: $0, facts: facts) }, unsound)
            }
            guard let restored = found else { return ["of the copies: what was restored does not name its moment"] }
            var faults = unsound + self.faults(of: restored, among: there)
            if let time, restored.moment.copiedAt > time { faults.append("what came later was restored") }
            if let before {
                let lost = before.facts.keys.filter { restored.facts[$0] == nil }.sorted()
                if let first = lost.first { faults.append("\(lost.count) were there a moment before, first \(first)") }
            }
            guard faults.isEmpty else {
                let asked = time?.rfc3339 ?? "the newest"
                return faults.map { "of the copies, --at \(asked), as of \(restored.moment.copiedAt): \($0)" }
            }
            before = restored
        }
        return []
    }

    /// Moments at random, oldest first, half of them from behind a copy of which some log was copied too; nil is the
    /// newest.
    private mutating func times(of left: [DatabaseRestoration.Extent]) -> [Timestamp?] {
        guard let first = left.first?.from, let last = left.last?.until else { return [] }
        let followed = left.filter { $0.segments > 0 }
        var times: [Timestamp] = []
        for number in 0..<KilledFollower.momentsOfADirectory {
            let one = followed.isEmpty || number.isMultiple(of: 2) ? nil : choices.pick(followed)
            let (from, until) = (one?.from ?? first, one?.until ?? last)
            let span = max(0, Int((until - from).milliseconds))
            times.append(from + TimeSpan(milliseconds: Int64(choices.below(span + 1))))
        }
        return times.sorted().map(Optional.some) + [nil]
    }

    /// What of a moment is not as it was then.
    ///
    /// - Parameter there: all that is in the database now.
    private mutating func faults(of restored: Restored, among there: [String: Int64]) -> [String] {
        let (moment, facts) = (restored.moment, restored.facts)
        let earlier = marks.last { $0.at < moment.completeUntil }?.newest
        let later = marks.first { $0.at > moment.copiedAt }?.newest
        if earlier != nil, later != nil { bounded += 1 }
        func fault(_ what: String, _ found: [String: Int64]) -> String? {
            found.keys.min().map { "\(found.count) \(what), first \($0)" }
        }
        return [
            earlier.flatMap { earlier in
                fault("that were there before are missing", there.filter { $1 <= earlier && facts[$0] == nil })
            },
            later.flatMap { later in fault("are from later", facts.filter { $1 > later }) },
            fault("are not in the database", facts.filter { there[$0] != $1 }),
        ].compactMap(\.self)
    }

    /// What is written once and stays as it is, with its time in milliseconds: all that clients are told of is among it.
    private static func facts(_ sql: any SQLConnection) throws -> [String: Int64] {
        let question = """
            SELECT 'account ' || account_id || ' ' || email, created_at FROM accounts
            UNION ALL
            SELECT 'event ' || account_id || ' ' || sequence || ' ' || hash, recorded_at FROM events
            UNION ALL
            SELECT 'read ' || account_id || ' ' || read_id || ' ' || coalesce(client_key, ''), opened_at FROM reads
            UNION ALL
            SELECT 'payment ' || account_id || ' ' || payment_id || ' ' || coalesce(reference, ''), recorded_at
                FROM payments
            """
        let rows = try sql.query(question, []) { row in (try row.text(0), try row.integer(1)) }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    // MARK: - The directory

    /// What is in the directory.
    @inline(never)
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

    /// Restores a moment that is in the directory to a place of its own, and looks at it there.
    ///
    /// - Parameter time: the last moment up to this one; nil for the newest.
    // Not inlined, as the other two: Swift 6.3.1 crashes over what the examination becomes then.
    @inline(never)
    private mutating func restore<Result>(
        at time: Timestamp? = nil,
        _ look: (DatabaseLocation, DatabaseRestoration.Moment?) async throws -> Result
    ) async throws -> Result {
        let folder = place.folder + "/restored-\(restored)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { DiskPlace.remove(folder) }
        let location = DatabaseLocation(folder + "/trial.db", keyPath: folder + "/trial.db.key", wait: .minutes(1))
        let report = try DatabaseRestoration(of: directory).restore(to: location, at: time)
        restored += 1
        return try await look(location, report.moment)
    }
}
