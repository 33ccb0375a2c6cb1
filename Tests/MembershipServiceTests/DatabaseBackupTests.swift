import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

@Suite(.enabled(if: TestEngine.isSQLite)) struct DatabaseBackupTests {
    @Test func aBackupTakenAtAnyMomentHasWhatWasAcknowledgedBeforeAndLivesOn() async throws {
        let database = try await BackedUpDatabase()
        // Free pages are copied too: more of them than one step of the copying takes.
        try DetachedSQLite(path: database.path).execute(
            "CREATE TABLE passing (t); INSERT INTO passing VALUES (zeroblob(5000000)); DROP TABLE passing")
        let clock = TickingClock()
        let others = OthersWriting(clock)
        var numbers = SeededNumbers(seed: 1)
        var (backups, lingering): ([TakenBackup], Int) = ([], 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<2 { group.addTask { try await others.write(database, as: writer) } }
            // Also when something is thrown below, or they would write for ever.
            defer { others.end() }
            for number in 0..<50 {
                let wanted = others.readers.count + numbers.below(3)
                let end = ContinuousClock().now + .seconds(60)
                while others.readers.count < wanted {
                    try #require(ContinuousClock().now < end, "nobody writes any more")
                    await Task.yield()
                }
                let lingers = numbers.chance(50)
                let path = database.directory.path + "/backup-\(number).db"
                backups.append(try await TakenBackup.take(database, at: path, while: others, clock, lingers: lingers))
                lingering += lingers ? 1 : 0
            }
            others.end()
            try await group.waitForAll()
        }
        let all = others.readers
        for backup in backups {
            let flaws = backup.readers.flaws(
                before: all.filter { $0.answered < backup.begun }, later: all.filter { $0.began > backup.settled },
                writers: 2)
            #expect(flaws == [], "\(backup.path)")
        }
        let during = backups.filter { backup in
            all.contains { $0.began > backup.settled && $0.answered < backup.ended }
        }
        #expect(lingering > 10 && during.count >= lingering)
        for backup in backups {
            let location = DatabaseLocation(backup.path)
            #expect(try await Doctor(location).examine().filter { !$0.isSound } == [])
            let services = try await Services.open(location)
            let verification = try await services.events.verify { Issue.record("\($0)") }
            #expect(verification.accounts == backup.readers.signedUp.count)
            _ = try await services.accounts.signUp(email: EmailAddress(parsing: "new@example.com"))
            _ = try await services.clock.advance(by: .days(15))
            #expect(try await services.jobs.run("trial-expiry").processed >= 1)
        }
    }

    @Test func nothingThatIsThereIsOverwritten() async throws {
        let database = try await BackedUpDatabase()
        for (name, taken) in [("a.db", "a.db"), ("b.db", "b.db-wal"), ("c.db", "c.db-journal")] {
            let file = try database.directory.write(taken, "something else")
            let error = #expect(throws: MembershipError.self) {
                try DatabaseBackup(of: database.location).make(at: database.directory.path + "/" + name)
            }
            #expect(error?.code == .databaseExists)
            #expect(error?.message.contains(file) == true)
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "something else")
        }
        let key = try database.directory.write("d.db.key", "another key")
        let error = #expect(throws: MembershipError.self) {
            try DatabaseBackup(of: database.location).make(at: database.directory.path + "/d.db")
        }
        #expect(error?.code == .keyMismatch)
        #expect(try String(contentsOfFile: key, encoding: .utf8) == "another key")
        let left = try FileManager.default.contentsOfDirectory(atPath: database.directory.path).sorted()
        #expect(left.filter { $0.hasSuffix(".part") || $0 == "a.db.key" || $0 == "d.db" } == [])
    }

    @Test(arguments: ["", "-wal", "-journal"])
    func aRefusedBackupLeavesNoKey(end: String) async throws {
        let database = try await BackedUpDatabase()
        let path = database.directory.path + "/copy.db"
        _ = try database.directory.write("copy.db" + end, [1])
        let error = #expect(throws: MembershipError.self) { try DatabaseBackup(of: database.location).make(at: path) }
        #expect(error?.code == .databaseExists)
        #expect(!FileManager.default.fileExists(atPath: path + ".key"))
    }

    @Test func theKeyGoesAlongUnlessItIsKeptApart() async throws {
        let database = try await BackedUpDatabase()
        let (first, second) = (database.directory.path + "/a.db", database.directory.path + "/b.db")
        _ = try DatabaseBackup(of: database.location).make(at: first)
        for file in [first, first + ".key"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
        let report = try DatabaseBackup(of: database.location).make(at: second, withKey: false)
        #expect(report.keyPath == nil && report.missingKey == nil)
        #expect(!FileManager.default.fileExists(atPath: second + ".key"))
        // Put back by hand before, it is taken; another is not.
        try FileManager.default.copyItem(atPath: first + ".key", toPath: database.directory.path + "/c.db.key")
        #expect(try database.restore(second, to: "c.db").report.missingKey == nil)
        #expect(try database.restore(second, to: "d.db").report.missingKey?.contains("b.db.key") == true)
        _ = try database.directory.write("e.db.key", String(repeating: "0a", count: 32))
        let error = #expect(throws: MembershipError.self) { try database.restore(first, to: "e.db") }
        #expect(error?.code == .keyMismatch)
        #expect(!FileManager.default.fileExists(atPath: database.directory.path + "/e.db"))
        try FileManager.default.removeItem(atPath: database.location.keyPath)
        let withoutKey = try DatabaseBackup(of: database.location).make(at: database.directory.path + "/f.db")
        #expect(withoutKey.keyPath == nil && withoutKey.missingKey?.contains("fortnight.db.key") == true)
    }

    @Test func aRestoredBackupIsWhatWasBackedUp() async throws {
        let database = try await BackedUpDatabase()
        try await database.addReader("ada")
        let copy = database.directory.path + "/a.db"
        _ = try DatabaseBackup(of: database.location).make(at: copy)
        let bytes = try Data(contentsOf: URL(filePath: copy))
        let (restored, report) = try database.restore(copy)
        #expect(report.moment == nil && !report.isOlder && report.missingKey == nil)
        #expect(
            try await BackedUpDatabase.contents(restored) == BackedUpDatabase.contents(database.location))
        #expect(try Data(contentsOf: URL(filePath: copy)) == bytes)
        #expect(!FileManager.default.fileExists(atPath: copy + "-wal"))
    }

    @Test func whatCannotBeRestoredIsNamedAndNothingIsLeft() async throws {
        let database = try await BackedUpDatabase()
        let copy = database.directory.path + "/a.db"
        _ = try DatabaseBackup(of: database.location).make(at: copy)
        func refuse(_ backup: String, _ code: MembershipError.Code, _ named: String, at time: Timestamp? = nil) {
            let error = #expect(throws: MembershipError.self) { try database.restore(backup, at: time, to: "r.db") }
            #expect(error?.code == code, "\(String(describing: error))")
            #expect(error?.message.contains(named) == true, "\(String(describing: error))")
            #expect(!FileManager.default.fileExists(atPath: database.directory.path + "/r.db"))
            #expect(!FileManager.default.fileExists(atPath: database.directory.path + "/r.db.key"))
        }
        refuse(database.directory.path + "/nothing.db", .unknownBackup, "nothing.db")
        refuse(try database.directory.write("text.db", "Not a database."), .notADatabase, "text.db")
        refuse(try database.directory.write("empty.db", ""), .notADatabase, "empty.db")
        refuse(copy, .invalidInput, "a.db", at: TestDatabase.start)
        refuse(database.path, .invalidInput, "fortnight.db-wal")
        var bytes = try Array(Data(contentsOf: URL(filePath: copy)))
        refuse(try database.directory.write("cut.db", bytes.dropLast(9000)), .databaseDamaged, "cut.db")
        for place in 8192..<16384 { bytes[place] ^= 0x55 }
        refuse(try database.directory.write("changed.db", bytes), .databaseDamaged, "changed.db")
        let other = database.directory.path + "/other.db"
        try DetachedSQLite(path: other).execute("CREATE TABLE cats (name TEXT)")
        refuse(other, .notADatabase, "cats")
        let newer = database.directory.path + "/newer.db"
        try FileManager.default.copyItem(atPath: copy, toPath: newer)
        try DetachedSQLite(path: newer).execute("INSERT INTO schema_migrations VALUES (999, 'm0999_later', 'x', 0)")
        refuse(newer, .databaseNewer, "999")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: database.directory.path)
                .filter { $0.hasPrefix("r.db") } == [])
    }

    @Test func nothingIsRestoredOverADatabaseOrItsLog() async throws {
        let database = try await BackedUpDatabase()
        let copy = database.directory.path + "/a.db"
        _ = try DatabaseBackup(of: database.location).make(at: copy)
        for (name, there) in [("fortnight.db", "fortnight.db"), ("b.db", "b.db-wal")] {
            if name == "b.db" { _ = try database.directory.write(there, "") }
            let error = #expect(throws: MembershipError.self) { try database.restore(copy, to: name) }
            #expect(error?.code == .databaseExists)
            #expect(error?.message.contains(there) == true)
        }
    }

    @Test func aServerHasToolsOfItsOwn() async throws {
        let directory = try TemporaryDirectory()
        let server = DatabaseLocation("postgres://news:hunter2@db.example/fortnight")
        let calls: [() throws -> Void] = [
            { _ = try DatabaseBackup(of: server).make(at: directory.path + "/a.db") },
            { _ = try DatabaseBackup(of: server).follow(into: directory.path + "/b") },
            { _ = try DatabaseRestoration(of: directory.path).restore(to: server) },
        ]
        for call in calls {
            let error = #expect(throws: MembershipError.self) { try call() }
            #expect(error?.code == .invalidInput)
            #expect(error?.remedy?.contains("pg_basebackup") == true)
            #expect(error?.message.contains("hunter2") == false)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }

    @Test func whatIsBackedUpMustBeADatabaseOfThisSystem() async throws {
        let directory = try TemporaryDirectory()
        let missing = DatabaseLocation(directory.path + "/none.db")
        #expect(throws: MembershipError.self) { try DatabaseBackup(of: missing).make(at: directory.path + "/a.db") }
        let other = directory.path + "/other.db"
        try DetachedSQLite(path: other).execute("CREATE TABLE cats (name TEXT)")
        let error = #expect(throws: MembershipError.self) {
            try DatabaseBackup(of: DatabaseLocation(other)).make(at: directory.path + "/a.db")
        }
        #expect(error?.code == .notADatabase)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["other.db"])
    }
}

/// A backup that was taken while others wrote, with moments of their clock.
private struct TakenBackup: Sendable {
    let path: String
    let begun: Timestamp
    /// When it was copied already, so that it was settled of which moment it is.
    let settled: Timestamp
    let ended: Timestamp
    let readers: KnownReaders

    private struct Copying: Sendable {
        let report: DatabaseBackup.Report
        let begun: Timestamp
        let settled: Timestamp?
        let ended: Timestamp
    }

    private static let patience = Duration.seconds(60)

    /// - Parameter lingers: whether the copying goes on until somebody is answered who began while it was under way.
    static func take(
        _ database: BackedUpDatabase, at path: String, while others: OthersWriting, _ clock: TickingClock, lingers: Bool
    ) async throws -> TakenBackup {
        let copying = try await onThread { () throws -> Copying in
            let begun = clock.tick()
            var settled: Timestamp?
            let report = try DatabaseBackup(of: database.location).make(at: path) { _, _ in
                guard settled == nil else { return }
                let moment = clock.tick()
                settled = moment
                let end = ContinuousClock().now + patience
                while lingers, ContinuousClock().now < end, !others.readers.contains(where: { $0.began > moment }) {
                    sched_yield()
                }
            }
            return Copying(report: report, begun: begun, settled: settled, ended: clock.tick())
        }
        let report = copying.report
        #expect(report.keyPath == path + ".key" && report.missingKey == nil && report.bytes > 5_000_000)
        return TakenBackup(
            path: path, begun: copying.begun, settled: try #require(copying.settled), ended: copying.ended,
            readers: try await KnownReaders(DatabaseLocation(path)))
    }
}

/// The readers that a database knows, by the part of their address before the `@`.
struct KnownReaders: Sendable {
    let signedUp: Set<String>
    let opened: Set<String>
    let paid: Set<String>

    init(_ location: DatabaseLocation) async throws {
        let sets = try await TestDatabase.engine(of: location).read { sql in
            try [
                "SELECT email FROM accounts",
                "SELECT a.email FROM reads AS r JOIN accounts AS a ON a.account_id = r.account_id",
                "SELECT a.email FROM payments AS p JOIN accounts AS a ON a.account_id = p.account_id",
            ].map { question in
                Set(try sql.query(question, []) { row in String(try row.text(0).prefix { $0 != "@" }) })
            }
        }
        (signedUp, opened, paid) = (sets[0], sets[1], sets[2])
    }

    /// What is not as at one moment, while each of some writers adds one reader after the other, who signs up, then opens,
    /// and then pays.
    ///
    /// - Parameters:
    ///   - before: who had been answered before that moment.
    ///   - later: who began after it.
    func flaws(before: [OthersWriting.Reader], later: [OthersWriting.Reader], writers: Int) -> [String] {
        let lost = before.filter { !paid.contains($0.name) }.map { "\($0.name) was answered before, and has not paid" }
        let early = later.filter { signedUp.contains($0.name) }.map { "\($0.name) is there, and began later" }
        var flaws = lost + early
        if !paid.isSubset(of: opened) { flaws.append("somebody has paid, and has opened nothing before") }
        if !opened.isSubset(of: signedUp) { flaws.append("somebody has opened, and has not signed up before") }
        if signedUp.count > paid.count + writers {
            flaws.append("\(signedUp.count) have signed up, and \(paid.count) have paid")
        }
        return flaws
    }
}
