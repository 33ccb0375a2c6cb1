import FaultyFiles
import Foundation
import Membership
import MembershipService
import MembershipStore
import SampleFeeds
import TestSupport

/// Fails one call of the disk after the other while a database is made, brought forward, copied or put back, once or
/// until the cause is gone, and looks at what the caller is told, at what is left, and at what the same call does next.
struct FaultyUpkeep: Trial {
    let name = "faulty upkeep"
    let engines: Set<Setting.Engine> = [.sqlite]
    let weight = 2.0

    /// So many cases are tried in any case, at most all there are.
    private static let leastCases = 100
    private static let mostFaults = 5

    /// Something that is done to a database as a whole.
    private struct Work: Sendable {
        let name: String
        /// What it begins with.
        let start: DiskPlace
        /// What may be there behind a call that failed; nil for one that goes on from where it stopped.
        let mayRemain: Set<String>?
        let call: @Sendable (DiskPlace) async throws -> Void
        /// What is wrong with what it made.
        let faults: @Sendable (DiskPlace) async throws -> [String]
    }

    /// The n-th call of a kind fails in the work of a number.
    private struct Case {
        let work: Int
        let fault: DiskFault
        let nth: Int64
        let lasts: Bool
    }

    func run(_ setting: Setting) async throws -> Outcome {
        guard faulty_files_register() == 0 else { throw Stopped("SQLite refused the VFS") }
        let end = ContinuousClock().now + setting.time
        let works = try await FaultyUpkeep.works()
        defer {
            faulty_files_heal()
            faulty_files_watch(nil)
            for work in works { work.start.remove() }
        }
        var cases: [Case] = []
        for (number, work) in works.enumerated() { cases += try await FaultyUpkeep.cases(of: work, number) }
        var dice = SeededNumbers(seed: setting.seed)
        cases.shuffle(using: &dice)
        cases = cases.filter { FaultyUpkeep.wasFound($0, works) } + cases.filter { !FaultyUpkeep.wasFound($0, works) }
        var (tried, refused, unmet, faults) = (0, 0, 0, [String]())
        for one in cases {
            guard faults.count < FaultyUpkeep.mostFaults,
                tried < FaultyUpkeep.leastCases || ContinuousClock().now < end
            else { break }
            let (work, place) = (works[one.work], try works[one.work].start.copy("upkeep"))
            defer { place.remove() }
            faulty_files_watch(place.path)
            faulty_files_fail(Int32(one.fault.call.rawValue), one.nth, one.fault.code, one.lasts)
            let found = try await FaultyUpkeep.faults(of: work, in: place, tells: one.fault.tells, &refused)
            faulty_files_heal()
            if faulty_files_failures() > 0 { tried += 1 } else { unmet += 1 }
            faults += found.prefix(1).map {
                "\(work.name), \(one.fault.name), call \(one.nth)\(one.lasts ? " and all after it" : ""): \($0)"
            }
        }
        return Outcome(
            did: "\(tried) of \(cases.count) faults in turn, \(refused) calls refused, "
                + "\(unmet) whose call did not come", faults: faults)
    }

    /// Where something did not hold once; these come first, whatever the seed. A database was said to be made whose log
    /// had not been switched on, and a copy was said to be damaged that could not be read.
    private static func wasFound(_ one: Case, _ works: [Work]) -> Bool {
        switch (works[one.work].name, one.fault.call) {
        case ("init", FAULTY_FILES_WRITE): one.nth == 3 && !one.lasts
        case ("init", FAULTY_FILES_SYNC): one.nth == 1 && !one.lasts
        case ("backup", FAULTY_FILES_READ): one.nth == 122 && one.lasts
        case ("restore", FAULTY_FILES_READ): one.nth == 20 && one.lasts
        default: false
        }
    }

    /// Every fault of every call that the work makes when nothing fails.
    private static func cases(of work: Work, _ number: Int) async throws -> [Case] {
        let place = try work.start.copy("upkeep")
        defer { place.remove() }
        faulty_files_watch(place.path)
        faulty_files_fail(0, 0, 0, false)
        try await work.call(place)
        let counts = (0..<Int32(FAULTY_FILES_CALLS.rawValue)).map { faulty_files_count($0) }
        if let flaw = try await work.faults(place).first { throw Stopped("\(work.name) without a fault: \(flaw)") }
        return DiskFault.all.flatMap { fault -> [Case] in
            let count = counts[Int(fault.call.rawValue)]
            guard count > 0 else { return [] }
            // A lock of shared memory that nobody gives back is waited for ten seconds, whatever SQLite is told.
            let isSlow = fault.call == FAULTY_FILES_SHM_LOCK && fault.tells == [.databaseBusy]
            return (1...count).flatMap { nth in
                (isSlow ? [false] : [false, true]).map { Case(work: number, fault: fault, nth: nth, lasts: $0) }
            }
        }
    }

    private static func faults(
        of work: Work, in place: DiskPlace, tells: Set<MembershipError.Code>, _ refused: inout Int
    ) async throws -> [String] {
        let before = try files(in: place)
        do {
            try await work.call(place)
        } catch {
            refused += 1
            guard let error = error as? MembershipError else { return ["an error of no kind: \(error)"] }
            guard tells.contains(error.code) else { return ["told \(error.code.rawValue): \(error.message)"] }
            if let mayRemain = work.mayRemain {
                let left = try files(in: place).subtracting(before).subtracting(mayRemain)
                guard left.isEmpty else { return ["left \(left.sorted().joined(separator: ", "))"] }
            }
            faulty_files_heal()
            do { try await work.call(place) } catch { return ["still fails when the cause is gone: \(error)"] }
        }
        faulty_files_heal()
        return try await work.faults(place)
    }

    private static func files(in place: DiskPlace) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: place.path))
    }

    // MARK: - What is done

    private static func works() async throws -> [Work] {
        let clock = MovedClock(at: DiskPlace.start)
        let (empty, old) = (try DiskPlace("empty"), try DiskPlace("old"))
        try await OldReaders.write(to: old)
        let live = try DiskPlace("live")
        try await DiskScript.prepare(live, clock)
        let kept = try DiskPlace("kept")
        _ = try DatabaseBackup(of: live.location).make(at: kept.path + "/copy.db")
        let wall = clock.wallClock
        // What SQLite may leave beside a database that is there.
        let besides: Set = ["torture.db-wal", "torture.db-shm"]
        return [
            Work(
                name: "init", start: empty, mayRemain: nil,
                call: { place in
                    _ = try await DatabaseSetup(place.location, clock: wall).initialize(.init(price: DiskPlace.price))
                },
                faults: { place in try await faults(in: place, wall, acknowledged: []) }),
            Work(
                name: "migrate", start: old, mayRemain: nil,
                call: { place in _ = try await DatabaseSetup(place.location, clock: wall).migrate(dryRun: false) },
                faults: { place in try await OldReaders.faults(in: place, wall) }),
            Work(
                name: "backup", start: live, mayRemain: besides,
                call: { place in _ = try DatabaseBackup(of: place.location).make(at: place.path + "/copy.db") },
                faults: { place in
                    let again = try DiskPlace("again")
                    defer { again.remove() }
                    _ = try DatabaseRestoration(of: place.path + "/copy.db").restore(to: again.location)
                    return try await faults(in: again, wall, acknowledged: prepared)
                }),
            Work(
                name: "restore", start: kept, mayRemain: [],
                call: { place in
                    _ = try DatabaseRestoration(of: place.path + "/copy.db").restore(to: place.location)
                },
                faults: { place in try await faults(in: place, wall, acknowledged: prepared) }),
        ]
    }

    /// What ``DiskScript/prepare(_:_:)`` leaves.
    private static let prepared: [Acknowledgement] = [
        .signedUp("ending@example.com"), .signedUp("running@example.com"),
    ]

    private static func faults(
        in place: DiskPlace, _ clock: WallClock, acknowledged: [Acknowledgement]
    ) async throws -> [String] {
        let soundness = DatabaseSoundness(place: place, clock: clock)
        let faults = await soundness.faults(acknowledged: acknowledged)
        return faults.isEmpty ? await soundness.faultsGoingOn(with: "after@example.com", jobs: []) : faults
    }
}

/// Readers in a database that the first version of this program left.
private enum OldReaders {
    private static let count = 40

    static func write(to place: DiskPlace) async throws {
        let engine = try SQLiteEngine.create(path: place.database, lockWait: .minutes(1))
        let first = engine.schema.migrations.prefix(1)
        let (start, end) = (DiskPlace.start.milliseconds, (DiskPlace.start + .days(14)).milliseconds)
        try await engine.upgrade { sql in
            try sql.createMigrationsTable()
            for step in first { try sql.apply(step, at: DiskPlace.start) }
            var rows = [
                "INSERT INTO deployment (deployment_id, key_fingerprint, created_at) VALUES (1, 'none', \(start))",
                "INSERT INTO plan_versions (plan, version, trial_days, created_at) VALUES ('membership', 1, 14, \(start))",
                "INSERT INTO plan_entitlements (plan, version, entitlement) VALUES ('membership', 1, 'all-titles')",
                "INSERT INTO titles (title_id, slug, name, access, created_at) "
                    + "VALUES (1, 'golem', 'Golem', 'premium', \(start))",
            ]
            for id in 1...count {
                rows += [
                    "INSERT INTO accounts (account_id, email, time_zone, created_at) "
                        + "VALUES (\(id), 'r\(id)@example.com', 'Europe/Berlin', \(start))",
                    "INSERT INTO account_emails (canonical_email, account_id) VALUES ('r\(id)@example.com', \(id))",
                    "INSERT INTO trial_ledger (identity_hmac, started_at) "
                        + "VALUES ('\(String(repeating: "0", count: 62) + String(id + 10))', \(start))",
                    "INSERT INTO subscriptions (account_id, subscription_id, plan, plan_version, status, trial_start, "
                        + "trial_end, created_at) VALUES (\(id), 7, 'membership', 1, 'trialing', \(start), \(end), \(start))",
                    "INSERT INTO grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at, "
                        + "recorded_at) VALUES (\(id), 9, 'all-titles', 'trial', 7, \(start), \(end), \(start))",
                    "INSERT INTO events (account_id, sequence, kind, recorded_at) "
                        + "VALUES (\(id), 1, 'account.created', \(start))",
                    "INSERT INTO events (account_id, sequence, kind, subscription_id, recorded_at) "
                        + "VALUES (\(id), 2, 'trial.started', 7, \(start))",
                    "INSERT INTO outbox (account_id, event_sequence, message, created_at) "
                        + "VALUES (\(id), 2, 'welcome', \(start))",
                ]
            }
            for row in rows { _ = try sql.run(row, []) }
        }
    }

    /// What is wrong once the database was brought forward: all of them must be there, and their trials end.
    static func faults(in place: DiskPlace, _ clock: WallClock) async throws -> [String] {
        let soundness = DatabaseSoundness(place: place, clock: clock)
        let faults = await soundness.faults(acknowledged: (1...count).map { .signedUp("r\($0)@example.com") })
        guard faults.isEmpty else { return faults }
        let ended = try await Services.open(place.location, clock: clock).jobs.run("trial-expiry")
        return ended.processed == count ? [] : ["of \(count) trials \(ended.processed) ended"]
    }
}
