import Foundation
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

@Suite(.enabled(if: TestEngine.isSQLite)) struct BackupDirectoryTests {
    private let start = TestDatabase.start

    private func seconds(_ count: Int) -> Timestamp { start + TimeSpan(milliseconds: Int64(count) * 1000) }

    @Test(arguments: [1, 2] as [UInt64])
    func fiftyRandomMomentsAreRestoredAsTheyWere(seed: UInt64) async throws {
        let database = try await BackedUpDatabase()
        var numbers = SeededNumbers(seed: seed)
        let clock = ManualClock()
        var follower: BackupFollower? = try database.follower(clock.wallClock)
        var known: [(at: Timestamp, contents: [String: Set<String>])] = []
        var (readers, bases) = (0, 0)
        for second in 0..<60 {
            for _ in 0..<numbers.below(4) {
                switch numbers.below(6) {
                case 0...2:
                    try await database.addReader("r\(readers)")
                    readers += 1
                case 3:
                    _ = try await database.services.clock.advance(by: .days(1))
                case 4:
                    for job in ["trial-expiry", "renewal"] { _ = try await database.services.jobs.run(job) }
                default:
                    // Other processes write the log into the database whenever they like.
                    try DetachedSQLite(path: database.path).execute("PRAGMA wal_checkpoint(PASSIVE)")
                }
            }
            // The follower ends, and another goes on now or later, with writes between. One that is killed is in the
            // trials (Scripts/torture).
            if numbers.chance(10) { follower = nil }
            if follower == nil, numbers.chance(50) { follower = try database.follower(clock.wallClock) }
            guard let follower else { continue }
            clock.set(seconds(second))
            if try follower.followOnce().newBase != nil { bases += 1 }
            known.append((seconds(second), try await BackedUpDatabase.contents(database.location)))
        }
        follower = nil
        #expect(readers > 20 && bases >= 1)
        let first = try #require(known.first?.at)
        for _ in 0..<50 {
            let last = Int(start.milliseconds) + 65_000
            let range = last - Int(first.milliseconds)
            let time = first + TimeSpan(milliseconds: Int64(numbers.below(range)))
            let (restored, report) = try database.restore(at: time)
            let model = try #require(known.last { $0.at <= time })
            #expect(try await BackedUpDatabase.contents(restored) == model.contents, "seed \(seed), at \(time)")
            let moment = try #require(report.moment)
            #expect(moment.copiedAt <= model.at && moment.completeUntil <= moment.copiedAt)
            #expect(report.missingKey == nil)
        }
    }

    @Test func whileOthersWriteAMomentHasWhatWasAnsweredBeforeAndNothingThatBeganLater() async throws {
        let database = try await BackedUpDatabase()
        let clock = TickingClock()
        let others = OthersWriting(clock)
        var follower: BackupFollower? = try database.follower(clock.wallClock)
        let first = try #require(try follower?.followOnce()).completeUntil
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<3 { group.addTask { try await others.write(database, as: writer) } }
            // Also when something is thrown below, or they would write for ever.
            defer { others.end() }
            var (pages, steps) = (0, 0)
            while pages < 6000 {
                pages += try follower?.followOnce().pages ?? 0
                steps += 1
                if steps.isMultiple(of: 40) {
                    follower = nil
                    follower = try database.follower(clock.wallClock)
                }
                await Task.yield()
            }
            others.end()
            try await group.waitForAll()
        }
        let last = try #require(try follower?.followOnce())
        let all = others.readers
        #expect(all.allSatisfy { $0.answered < last.completeUntil })
        var numbers = SeededNumbers(seed: 7)
        for round in 0...50 {
            let span = Int(last.completeUntil.milliseconds - first.milliseconds)
            let time =
                round == 0 ? nil : first + TimeSpan(milliseconds: Int64(10 + numbers.below(span)))
            let (restored, report) = try database.restore(at: time)
            let moment = try #require(report.moment)
            let readers = try await KnownReaders(restored)
            let flaws = readers.flaws(
                before: all.filter { $0.answered < moment.completeUntil },
                later: all.filter { $0.began > moment.copiedAt }, writers: 3)
            #expect(flaws == [], "at \(moment)")
            if round == 0 { #expect(readers.paid.count == all.count) }
            if round % 10 == 0 {
                #expect(try await Doctor(restored).examine().filter { !$0.isSound } == [])
                let services = try await Services.open(restored)
                _ = try await services.events.verify { Issue.record("\($0)") }
                _ = try await services.accounts.signUp(email: EmailAddress(parsing: "new@example.com"))
            }
        }
    }

    @Test func theLogIsUsedAgainThoughItIsFollowed() async throws {
        let database = try await BackedUpDatabase()
        let follower = try database.follower(ManualClock().wallClock)
        #expect(try follower.followOnce().newBase == "the directory is new")
        var (pages, largest) = (0, 0)
        var number = 0
        while pages < 8000 {
            for _ in 0..<5 {
                try await database.addReader("r\(number)")
                number += 1
            }
            let step = try follower.followOnce()
            #expect(step.newBase == nil && step.pages > 0)
            pages += step.pages
            let size = try FileManager.default.attributesOfItem(atPath: database.path + "-wal")[.size] as? NSNumber
            largest = max(largest, size?.intValue ?? 0)
        }
        // A thousand pages after the anchor has moved it moves again; one step more may have been written by then.
        #expect(largest < 3000 * 4120, "\(largest) bytes")
        #expect(
            try await BackedUpDatabase.contents(database.restore().location)
                == BackedUpDatabase.contents(database.location))
    }

    @Test func whereTheLogWasUsedAgainMeanwhileTheCopyingBeginsAnewAndElsewhereItGoesOn() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        var follower: BackupFollower? = try database.follower(clock.wallClock)
        #expect(try follower?.followOnce().newBase == "the directory is new")
        try await database.addReader("zoe")
        #expect(try #require(try follower?.followOnce()).pages > 0)
        follower = nil
        try await database.addReader("ada")
        follower = try database.follower(clock.wallClock)
        let goesOn = try #require(try follower?.followOnce())
        #expect(goesOn.newBase == nil && goesOn.pages > 0)
        follower = nil
        try DetachedSQLite(path: database.path).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        try await database.addReader("bob")
        follower = try database.follower(clock.wallClock)
        #expect(
            try follower?.followOnce().newBase
                == "its log has begun anew since the last copy, as it does when nobody has the database open")
        #expect(try follower?.followOnce() != nil)
        let extents = try DatabaseRestoration(of: database.backups).extents()
        #expect(extents.map(\.name) == ["000001", "000002"] && extents.allSatisfy { $0.fault == nil })
        #expect(try await BackedUpDatabase.readers(database.restore().location) == ["zoe", "ada", "bob"])
    }

    @Test func whenADirectoryCannotBeWrittenNothingIsLostByTryingAgain() async throws {
        let database = try await BackedUpDatabase()
        let follower = try database.follower(ManualClock().wallClock)
        _ = try follower.followOnce()
        for failures in [1, 3] {
            try await database.addReader("before-\(failures)")
            _ = try follower.followOnce()
            let away = database.directory.path + "/away"
            try FileManager.default.moveItem(atPath: database.backups, toPath: away)
            for number in 0..<failures {
                try await database.addReader("r\(failures)-\(number)")
                let error = #expect(throws: MembershipError.self) { try follower.followOnce() }
                #expect(error?.message.contains("backups") == true, "\(String(describing: error))")
            }
            try FileManager.default.moveItem(atPath: away, toPath: database.backups)
            let step = try follower.followOnce()
            #expect(step.pages > 0 || step.newBase != nil)
            if failures == 1 { #expect(step.newBase == nil) }
            #expect(
                try await BackedUpDatabase.contents(database.restore().location)
                    == BackedUpDatabase.contents(database.location))
        }
    }

    @Test func whatIsDamagedIsNamedAndWhatWasBeforeItCanBeRestored() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        let follower = try database.follower(clock.wallClock)
        _ = try follower.followOnce()
        for number in 1...4 {
            try await database.addReader("r\(number)")
            clock.set(seconds(number))
            _ = try follower.followOnce()
        }
        let segments = try database.segments()
        let third = try #require(segments.dropFirst(segments.count - 2).first)
        let whole = try Data(contentsOf: URL(filePath: third))
        let name = (third as NSString).lastPathComponent
        // Of another database, which has a segment of the same number.
        let stranger = try await BackedUpDatabase()
        let others = try stranger.follower(clock.wallClock)
        _ = try others.followOnce()
        for number in 1...4 {
            try await stranger.addReader("s\(number)")
            _ = try others.followOnce()
        }
        let foreign = try Data(contentsOf: URL(filePath: stranger.backups + "/000001/" + name))
        var flipped = whole
        flipped[flipped.count - 500] ^= 1
        let cases: [(bytes: Data?, isListed: Bool)] = [
            (nil, true), (whole.dropLast(100), true), (foreign, true), (flipped, false),
        ]
        for (damaged, isListed) in cases {
            try FileManager.default.removeItem(atPath: third)
            try damaged?.write(to: URL(filePath: third))
            let error = #expect(throws: MembershipError.self) { try database.restore() }
            #expect(
                error?.code == .backupDamaged && error?.message.contains(name) == true, "\(String(describing: error))")
            let extent = try #require(try DatabaseRestoration(of: database.backups).extents().first)
            #expect((extent.fault?.contains(name) == true) == isListed, "\(extent)")
            if isListed { #expect(error?.remedy?.contains("--at \(seconds(2))") == true) }
            #expect(try await BackedUpDatabase.readers(database.restore(at: seconds(2)).location) == ["r1", "r2"])
            if damaged == nil { try whole.write(to: URL(filePath: third)) }
        }
        try whole.write(to: URL(filePath: third))
        #expect(try await BackedUpDatabase.readers(database.restore().location).count == 4)
        let base = database.backups + "/000001/base.db"
        var bytes = try Data(contentsOf: URL(filePath: base))
        bytes[bytes.count - 10] ^= 1
        try bytes.write(to: URL(filePath: base))
        let error = #expect(throws: MembershipError.self) { try database.restore() }
        #expect(error?.code == .backupDamaged && error?.message.contains("base.db") == true)
    }

    @Test func aDamagedDirectoryIsFollowedWithANewCopy() async throws {
        let database = try await BackedUpDatabase()
        var follower: BackupFollower? = try database.follower(ManualClock().wallClock)
        _ = try follower?.followOnce()
        try await database.addReader("ada")
        _ = try follower?.followOnce()
        follower = nil
        try FileManager.default.removeItem(atPath: #require(try database.segments().first))
        follower = try database.follower(ManualClock().wallClock)
        #expect(try follower?.followOnce().newBase != nil)
        #expect(try await BackedUpDatabase.readers(database.restore().location) == ["ada"])
    }

    /// SQLite keeps the log beside the file that a link leads to.
    @Test func aDatabaseBehindALinkIsFollowedAndNeverReplaced() async throws {
        let database = try await BackedUpDatabase()
        let link = database.directory.path + "/link.db"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "fortnight.db")
        let linked = DatabaseLocation(link, keyPath: database.location.keyPath, wait: .minutes(1))
        let clock = ManualClock()
        let follower = try DatabaseBackup(of: linked, clock: clock.wallClock).follow(into: database.backups)
        for (number, name) in ["ada", "bob"].enumerated() {
            try await database.addReader(name)
            clock.set(seconds(number))
            _ = try follower.followOnce()
        }
        #expect(try await BackedUpDatabase.readers(database.restore().location) == ["ada", "bob"])
        let error = #expect(throws: MembershipError.self) { try database.restore(to: "link.db") }
        #expect(error?.code == .databaseExists)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "fortnight.db")
    }

    @Test func oneProcessCopiesIntoADirectoryAndOneDatabaseIsInIt() async throws {
        let (database, other) = (try await BackedUpDatabase(), try await BackedUpDatabase())
        var follower: BackupFollower? = try database.follower(ManualClock().wallClock)
        _ = try follower?.followOnce()
        func refuse(_ code: MembershipError.Code, _ body: () throws -> Void) {
            let error = #expect(throws: MembershipError.self) { try body() }
            #expect(error?.code == code, "\(String(describing: error))")
        }
        refuse(.databaseBusy) { _ = try database.follower(ManualClock().wallClock) }
        follower = nil
        refuse(.databaseExists) { _ = try other.follower(ManualClock().wallClock, into: database.backups) }
        refuse(.databaseExists) { _ = try database.follower(ManualClock().wallClock, into: database.directory.path) }
        refuse(.databaseExists) { _ = try database.follower(ManualClock().wallClock, into: database.path) }
        refuse(.unknownBackup) { try database.restore(at: seconds(-1)) }
        refuse(.unknownBackup) { try database.restore(TemporaryDirectory().path) }
        refuse(.unknownBackup) { _ = try DatabaseRestoration(of: database.path).extents() }
    }

    @Test func whatIsSomebodyElsesInADirectoryStays() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        var options = DatabaseBackup.FollowOptions()
        (options.newBaseAfter, options.keep) = (.minutes(1), .minutes(1))
        let follower = try database.follower(clock.wallClock, options)
        _ = try follower.followOnce()
        let folder = database.backups + "/000000"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        for name in ["notes.txt", "base.db", "base.db.1234.part"] {
            try Data("a".utf8).write(to: URL(filePath: folder + "/" + name))
        }
        for minute in 1...3 {
            clock.set(start + .minutes(minute))
            #expect(try follower.followOnce().newBase != nil)
        }
        #expect(!FileManager.default.fileExists(atPath: database.backups + "/000001"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["notes.txt"])
    }

    @Test func anotherDatabaseIsRefusedThoughACopyIsDamaged() async throws {
        let (database, other) = (try await BackedUpDatabase(), try await BackedUpDatabase())
        var options = DatabaseBackup.FollowOptions()
        options.newBaseAfter = .minutes(1)
        let clock = ManualClock()
        var follower: BackupFollower? = try database.follower(clock.wallClock, options)
        _ = try follower?.followOnce()
        clock.set(start + .minutes(1))
        #expect(try follower?.followOnce().newBase != nil)
        follower = nil
        try Data("{".utf8).write(to: URL(filePath: database.backups + "/000001/base.json"))
        let error = #expect(throws: MembershipError.self) {
            try other.follower(clock.wallClock, into: database.backups)
        }
        #expect(error?.code == .databaseExists && error?.message.contains("another database") == true)
        // Its own goes on behind the newest.
        #expect(try database.follower(clock.wallClock).followOnce().newBase == nil)
    }

    @Test func everyBitOfWhatACopyIsCounts() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        _ = try database.follower(clock.wallClock).followOnce()
        let file = URL(filePath: database.backups + "/000001/base.json")
        let bytes = try Data(contentsOf: file)
        let restoration = DatabaseRestoration(of: database.backups)
        #expect(try restoration.extents().count == 1)
        for (place, byte) in bytes.enumerated() {
            for bit in 0..<8 {
                var changed = bytes
                changed[changed.startIndex + place] = byte ^ 1 << bit
                try changed.write(to: file)
                let fault = try restoration.extents().first?.fault
                #expect(fault?.contains("base.json is damaged") == true, "bit \(bit) of byte \(place)")
            }
        }
        for length in 0..<bytes.count {
            try bytes.prefix(length).write(to: file)
            #expect(try restoration.extents().map { $0.fault == nil } == [false])
        }
        let error = #expect(throws: MembershipError.self) { try database.restore() }
        #expect(error?.code == .backupDamaged)
    }

    @Test func aDamagedCopyKeepsNothingButItsOwnMomentsFromBeingRestored() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        var options = DatabaseBackup.FollowOptions()
        options.newBaseAfter = .minutes(1)
        let follower = try database.follower(clock.wallClock, options)
        for minute in 0..<3 {
            clock.set(start + .minutes(minute))
            try await database.addReader("r\(minute)")
            #expect(try follower.followOnce().newBase != nil)
        }
        func damage(_ folder: String) throws {
            try Data("{".utf8).write(to: URL(filePath: database.backups + "/\(folder)/base.json"))
        }
        func readers(at time: Timestamp?) async throws -> Int {
            try await BackedUpDatabase.readers(database.restore(at: time).location).count
        }
        try damage("000002")
        #expect(try await readers(at: nil) == 3)
        #expect(try await readers(at: start + .minutes(2)) == 3)
        #expect(try await readers(at: start) == 1)
        let extents = try DatabaseRestoration(of: database.backups).extents()
        #expect(extents.map(\.name) == ["000001", "000002", "000003"])
        #expect(extents.map { $0.fault?.contains("000002/base.json is damaged") } == [nil, true, nil])
        #expect(extents.map(\.from) == [start, nil, start + .minutes(2)])
        try damage("000003")
        for time in [nil, start + .minutes(2)] {
            let error = await #expect(throws: MembershipError.self) { try await readers(at: time) }
            #expect(error?.code == .backupDamaged)
        }
        #expect(try await readers(at: start) == 1)
        try FileManager.default.removeItem(atPath: database.backups + "/000001/base.db")
        for time in [start, nil] {
            let error = await #expect(throws: MembershipError.self) { try await readers(at: time) }
            #expect(error?.code == .backupDamaged)
        }
        try damage("000001")
        let left = try DatabaseRestoration(of: database.backups).extents()
        #expect(left.map(\.name) == extents.map(\.name) && left.allSatisfy { $0.fault != nil && $0.until == nil })
    }

    @Test func aCopyOfWhichNothingSaysWhatItIsIsNamedAndKept() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        var options = DatabaseBackup.FollowOptions()
        (options.newBaseAfter, options.keep) = (.minutes(1), .minutes(1))
        let follower = try database.follower(clock.wallClock, options)
        #expect(try follower.followOnce().newBase != nil)
        try await database.addReader("zoe")
        #expect(try follower.followOnce().pages > 0)
        let lost = database.backups + "/000001/base.json"
        try FileManager.default.removeItem(atPath: lost)
        let restoration = DatabaseRestoration(of: database.backups)
        let listed = try restoration.extents()
        #expect(listed.map(\.name) == ["000001"])
        #expect(listed[0].fault?.contains("base.json is missing") == true)
        let error = #expect(throws: MembershipError.self) { try database.restore() }
        #expect(error?.code == .backupDamaged && error?.message.contains("base.json is missing") == true)
        // What can be had of it by other means stays.
        for minute in 1...5 {
            clock.set(start + .minutes(minute))
            _ = try follower.followOnce()
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: database.backups + "/000001")
        #expect(left.contains("base.db") && left.contains("00000001.segment"))
        #expect(try restoration.extents().dropFirst().allSatisfy { $0.fault == nil })
    }

    @Test func whyTheLastCopyIsNotGoneOnWithIsSaid() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        var follower: BackupFollower? = try database.follower(clock.wallClock)
        _ = try follower?.followOnce()
        try await database.addReader("zoe")
        #expect(try #require(try follower?.followOnce()).pages > 0)
        follower = nil
        let segment = try #require(try database.segments().last)
        try FileHandle(forWritingTo: URL(filePath: segment)).truncate(atOffset: 1000)
        follower = try database.follower(clock.wallClock)
        let told = try #require(try follower?.followOnce().newBase)
        #expect(told.contains("cannot be gone on with") && told.contains(segment), "\(told)")
    }

    @Test func whoeverCopiesAnEarlierStateIsTold() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        var follower: BackupFollower? = try database.follower(clock.wallClock)
        _ = try follower?.followOnce()
        clock.set(start + .minutes(1))
        _ = try await database.services.clock.advance(by: .minutes(1))
        try await database.addReader("zoe")
        #expect(try #require(try follower?.followOnce()).pages > 0)
        follower = nil
        let (restored, _) = try database.restore(at: start)
        var old: BackupFollower? = try DatabaseBackup(of: restored, clock: clock.wallClock).follow(
            into: database.backups)
        let told = try #require(try old?.followOnce().newBase)
        #expect(told.contains("earlier state") && told.contains("\(start + .minutes(1))"), "\(told)")
        old = nil
        // Behind which the newer one is none.
        follower = try database.follower(clock.wallClock)
        #expect(try follower?.followOnce().newBase?.contains("begun anew") == true)
    }

    @Test func whatWasBeingRemovedWhenItWasInterruptedIsRemoved() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        var options = DatabaseBackup.FollowOptions()
        options.newBaseAfter = .minutes(1)
        let follower = try database.follower(clock.wallClock, options)
        _ = try follower.followOnce()
        let files = FileManager.default
        try files.copyItem(atPath: database.backups + "/000001", toPath: database.backups + "/000000.removed")
        #expect(try DatabaseRestoration(of: database.backups).extents().map(\.name) == ["000001"])
        clock.set(start + .minutes(1))
        #expect(try follower.followOnce().removed == 0)
        #expect(!files.fileExists(atPath: database.backups + "/000000.removed"))
    }

    @Test func theKeyOfAnotherDatabaseIsNotKeptWithIt() async throws {
        let (database, other) = (try await BackedUpDatabase(), try await BackedUpDatabase())
        let location = DatabaseLocation(database.path, keyPath: other.location.keyPath, wait: .minutes(1))
        let follower = try DatabaseBackup(of: location).follow(into: database.backups)
        #expect(follower.missingKey?.contains("another database") == true)
        #expect(!FileManager.default.fileExists(atPath: database.backups + "/fortnight.key"))
    }

    @Test func theWholeDatabaseIsCopiedAgainAndWhatIsTooOldIsRemoved() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock()
        var options = DatabaseBackup.FollowOptions()
        (options.newBaseAfter, options.keep) = (.minutes(10), .minutes(25))
        let follower = try database.follower(clock.wallClock, options)
        var removed = 0
        for minute in 0...60 {
            try await database.addReader("r\(minute)")
            clock.set(start + .minutes(minute))
            removed += try follower.followOnce().removed
        }
        let extents = try DatabaseRestoration(of: database.backups).extents()
        // At 60 minutes those that began at 30 and later are needed for the 25 minutes before.
        #expect(extents.compactMap(\.from) == [30, 40, 50, 60].map { start + .minutes($0) })
        #expect(removed == 3)
        for minute in [35, 39, 40, 59] {
            let (restored, _) = try database.restore(at: start + .minutes(minute))
            #expect(try await BackedUpDatabase.readers(restored).count == minute + 1)
        }
    }

    @Test(arguments: [true, false]) func whereTheClockGoesBackTheTimesToComeHaveACopyOfTheirOwn(
        isWhileFollowing: Bool
    ) async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock(at: seconds(100))
        var follower: BackupFollower? = try database.follower(clock.wallClock)
        _ = try follower?.followOnce()
        try await database.addReader("ada")
        clock.set(seconds(101))
        _ = try follower?.followOnce()
        if !isWhileFollowing { follower = nil }
        clock.set(seconds(50))
        if !isWhileFollowing { follower = try database.follower(clock.wallClock) }
        try await database.addReader("bob")
        let begun = try #require(try follower?.followOnce())
        #expect(begun.newBase?.contains("the machine's clock says \(seconds(50))") == true)
        #expect(begun.completeUntil == seconds(50))
        try await database.addReader("cem")
        clock.set(seconds(52))
        #expect(try follower?.followOnce().newBase == nil)
        func readers(_ time: Timestamp?) async throws -> Set<String> {
            try await BackedUpDatabase.readers(database.restore(at: time).location)
        }
        #expect(try await readers(seconds(50)) == ["ada", "bob"])
        #expect(try await readers(seconds(52)) == ["ada", "bob", "cem"])
        // What only the older copy has is there still.
        #expect(try await readers(seconds(100)) == [])
        #expect(try await readers(seconds(101)) == ["ada"])
        let early = #expect(throws: MembershipError.self) { try database.restore(at: seconds(10)) }
        #expect(early?.remedy?.contains("\(seconds(50))") == true)
        #expect(try await readers(nil) == ["ada", "bob", "cem"])
        let extents = try DatabaseRestoration(of: database.backups).extents()
        #expect(extents.compactMap(\.from) == [seconds(100), seconds(50)] && extents.allSatisfy { $0.fault == nil })
        // Another goes on with the newest.
        follower = nil
        clock.set(seconds(53))
        try await database.addReader("dora")
        #expect(try database.follower(clock.wallClock).followOnce().newBase == nil)
        #expect(try await readers(seconds(53)) == ["ada", "bob", "cem", "dora"])
    }

    @Test func aClockThatGoesBackByAMomentMixesUpNoMoments() async throws {
        let database = try await BackedUpDatabase()
        let clock = ManualClock(at: seconds(100))
        let follower = try database.follower(clock.wallClock)
        _ = try follower.followOnce()
        clock.set(seconds(98))
        try await database.addReader("ada")
        #expect(try follower.followOnce().newBase == nil)
        #expect(try await BackedUpDatabase.readers(database.restore().location) == ["ada"])
        #expect(try DatabaseRestoration(of: database.backups).extents().compactMap(\.until) == [seconds(100)])
    }
}
