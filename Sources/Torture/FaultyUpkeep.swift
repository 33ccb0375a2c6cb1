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

    /// So many cases are tried in any case beside those that were found, at most all there are.
    private static let leastCases = 100

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

    func run(_ setting: Setting) async throws -> Outcome {
        guard faulty_files_register() == 0 else { throw Stopped("SQLite refused the VFS") }
        let start = try DiskPlace("upkeep-start")
        defer {
            faulty_files_heal()
            faulty_files_watch(nil)
            start.remove()
        }
        let works = try await FaultyUpkeep.works(in: start)
        var kinds: [[(work: Work, what: DiskCase)]] = []
        for work in works { kinds.append(try await FaultyUpkeep.cases(of: work).map { (work, $0) }) }
        var dice = SeededNumbers(seed: setting.seed)
        let (found, others) = try CaseTally.order(kinds, first: FaultyUpkeep.wasFound, &dice)
        var tally = CaseTally(least: found.count + FaultyUpkeep.leastCases, time: setting.time)
        for (work, what) in found + others {
            guard tally.goesOn else { break }
            let place = try work.start.copy("upkeep")
            defer { place.remove() }
            faulty_files_watch(place.path)
            what.begin()
            let flaws = try await FaultyUpkeep.faults(of: work, in: place, tells: what.fault.tells, &tally.refused)
            faulty_files_heal()
            tally.note("\(work.name), \(what)", wasMet: faulty_files_failures() > 0, flaws)
        }
        return tally.outcome(of: found.count + others.count)
    }

    /// Where something did not hold once: a database was said to be made, and its log had not been switched on. These
    /// come first, whatever the seed.
    private static func wasFound(_ one: (work: Work, what: DiskCase)) -> Bool {
        one.work.name == logWork
    }

    private static let logWork = "switching the log on"

    /// Every fault of every call that the work makes when nothing fails.
    private static func cases(of work: Work) async throws -> [DiskCase] {
        let place = try work.start.copy("upkeep")
        defer { place.remove() }
        faulty_files_watch(place.path)
        faulty_files_fail(0, 0, 0, false)
        try await work.call(place)
        let counts = DiskCase.counts
        if let flaw = try await work.faults(place).first { throw Stopped("\(work.name) without a fault: \(flaw)") }
        return DiskCase.all(counts)
    }

    private static func faults(
        of work: Work, in place: DiskPlace, tells: Set<MembershipError.Code>, _ refused: inout Int
    ) async throws -> [String] {
        let before = try files(in: place)
        do {
            try await work.call(place)
        } catch {
            refused += 1
            if let flaw = DiskFault.flaw(of: error, tells) { return [flaw] }
            if let mayRemain = work.mayRemain {
                let left = try files(in: place).subtracting(before).subtracting(mayRemain)
                guard left.isEmpty else { return ["left \(left.sorted().joined(separator: ", "))"] }
            }
            faulty_files_heal()
            do { try await work.call(place) } catch { return ["still fails when the cause is gone: \(error)"] }
        }
        faulty_files_heal()
        do { return try await work.faults(place) } catch { return ["what it made is no good: \(error)"] }
    }

    private static func files(in place: DiskPlace) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: place.path))
    }

    // MARK: - What is done

    /// - Parameter place: where what they begin with is made.
    private static func works(in place: DiskPlace) async throws -> [Work] {
        let clock = MovedClock(at: DiskPlace.start)
        let (empty, old) = (try place.within("empty"), try place.within("old"))
        let (live, kept) = (try place.within("live"), try place.within("kept"))
        try await OldReaders.write(to: old)
        // Fifteen days pass in it, so that the trials of the old readers are over.
        try await DiskScript.prepare(live, clock)
        try await fill(live, clock)
        _ = try DatabaseBackup(of: live.location).make(at: kept.path + "/copy.db")
        let wall = clock.wallClock
        // What SQLite may leave beside a database that is there.
        let besides: Set = ["torture.db-wal", "torture.db-shm"]
        return [
            Work(
                name: logWork, start: empty, mayRemain: nil,
                call: { place in _ = try SQLiteEngine.create(path: place.database, lockWait: DiskPlace.wait) },
                faults: { place in
                    try await place.location.open().examine().filter { $0.subject == "journal mode" && !$0.isSound }.map
                    {
                        "the journal mode is \($0.detail)"
                    }
                }),
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

    /// An article that takes several pages, and pages that are free again.
    private static func fill(_ place: DiskPlace, _ clock: MovedClock) async throws {
        let body = String(repeating: "<p>The bridge was closed for another night.</p>", count: 400)
        let feed = """
            {"version": "https://jsonfeed.org/version/1.1", "title": "Long", "home_page_url": "https://long.example",
            "items": [{"id": "1", "title": "A long night", "url": "https://long.example/1",
            "date_published": "2026-01-01T00:00:00Z", "content_html": "\(body)"}]}
            """
        let services = try await Services.open(place.location, clock: clock.wallClock)
        _ = try await services.articles.importFeed(path: place.write("long.json", Array(feed.utf8)), options: .init())
        try await place.location.open().upgrade { sql in
            try sql.runScript(
                """
                CREATE TABLE passing (t TEXT); INSERT INTO passing SELECT body_html FROM article_contents;
                DROP TABLE passing;
                """)
        }
    }

    /// What ``DiskScript/prepare(_:_:)`` leaves.
    private static let prepared: [Acknowledgement] = [
        .signedUp("ending@example.com"), .signedUp("running@example.com"),
    ]

    private static func faults(
        in place: DiskPlace, _ clock: WallClock, acknowledged: [Acknowledgement]
    ) async throws -> [String] {
        await DatabaseSoundness(place: place, clock: clock).faultsNowAndGoingOn(acknowledged: acknowledged)
    }
}

/// Readers in a database that the first version of this program left.
private enum OldReaders {
    private static let count = 40

    static func write(to place: DiskPlace) async throws {
        let engine = try SQLiteEngine.create(path: place.database, lockWait: .minutes(1))
        let (start, end) = (DiskPlace.start.milliseconds, (DiskPlace.start + .days(14)).milliseconds)
        try await engine.leave(atVersion: 1) { sql in
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
        // Their ledger has no key.
        let soundness = DatabaseSoundness(place: place, clock: clock, exempt: ["key file"])
        let faults = await soundness.faults(acknowledged: (1...count).map { .signedUp("r\($0)@example.com") })
        guard faults.isEmpty else { return faults }
        let ended = try await Services.open(place.patientLocation, clock: clock).jobs.run("trial-expiry")
        return ended.processed == count ? [] : ["of \(count) trials \(ended.processed) ended"]
    }
}
