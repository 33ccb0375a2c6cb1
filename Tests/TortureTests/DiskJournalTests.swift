import TestSupport
import Testing
@testable import Torture

struct DiskJournalTests {
    private static let database = "/tmp/torture.db"
    private static let log = database + "-wal"
    private static let rollback = database + "-journal"

    private func image(
        _ journal: DiskJournal, _ luck: DiskJournal.Luck, _ path: String = database, seed: UInt64 = 1
    ) -> [UInt8]? {
        var dice = SeededNumbers(seed: seed)
        return journal.images(luck, &dice).files[path]
    }

    private func lost(_ journal: DiskJournal, _ luck: DiskJournal.Luck, seed: UInt64 = 1) -> DiskJournal.Lost {
        var dice = SeededNumbers(seed: seed)
        return journal.images(luck, &dice).lost
    }

    private func seeds(_ count: UInt64) -> ClosedRange<UInt64> { 1...count }

    private func bytes(_ byte: UInt8, _ count: Int = 4096) -> [UInt8] { Array(repeating: byte, count: count) }

    @Test func whatWasSyncedIsThereWhateverTheLuck() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.database)
        script.write(bytes(2, 100), to: Self.database, at: 500)
        script.sync(Self.database)
        let journal = script.journal()
        let whole = bytes(1, 500) + bytes(2, 100) + bytes(1, 3496)
        for luck in DiskJournal.Luck.allCases {
            for seed in seeds(20) {
                #expect(image(journal, luck, seed: seed) == whole)
                #expect(lost(journal, luck, seed: seed) == DiskJournal.Lost())
            }
        }
    }

    @Test func whatWasNotSyncedIsThereByLuckAlone() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.database)
        script.sync(Self.database)
        script.write(bytes(2), to: Self.database)
        script.write(bytes(3), to: Self.database, at: 4096)
        let journal = script.journal()
        #expect(image(journal, .nothing) == bytes(1))
        #expect(lost(journal, .nothing) == DiskJournal.Lost(dropped: 2, torn: 0))
        #expect(image(journal, .everything) == bytes(2) + bytes(3))
        #expect(lost(journal, .everything) == DiskJournal.Lost())
    }

    @Test func whatWasNotSyncedIsDroppedTornAndReordered() throws {
        var script = ScriptedJournal()
        script.write(bytes(0, 8192), to: Self.database)
        script.sync(Self.database)
        script.write(bytes(1), to: Self.database)
        script.write(bytes(2), to: Self.database, at: 4096)
        let journal = script.journal()
        var seen: Set<String> = []
        for seed in seeds(300) {
            let file = try #require(image(journal, .some, seed: seed))
            #expect(file.count == 8192)
            let (first, second) = (Array(file[..<4096]), Array(file[4096...]))
            #expect(first.allSatisfy { $0 <= 1 } && second.allSatisfy { $0 == 0 || $0 == 2 })
            // Of each sector there is a beginning or an end.
            for sector in stride(from: 0, to: 8192, by: 512) {
                let changes = (sector..<sector + 511).count { file[$0] != file[$0 + 1] }
                #expect(changes <= 1)
            }
            let (isFirstGone, isSecondGone) = (first == bytes(0), second == bytes(0))
            let (isFirstWhole, isSecondWhole) = (first == bytes(1), second == bytes(2))
            if isFirstGone && isSecondGone { seen.insert("nothing") }
            if isFirstWhole && isSecondWhole { seen.insert("everything") }
            if isFirstGone && isSecondWhole { seen.insert("the later without the earlier") }
            if isFirstWhole && isSecondGone { seen.insert("the earlier without the later") }
            let dropped = (isFirstGone ? 1 : 0) + (isSecondGone ? 1 : 0)
            let torn = (isFirstGone || isFirstWhole ? 0 : 1) + (isSecondGone || isSecondWhole ? 0 : 1)
            #expect(lost(journal, .some, seed: seed) == DiskJournal.Lost(dropped: dropped, torn: torn))
            if torn > 0 { seen.insert("a torn write") }
        }
        #expect(
            seen == [
                "nothing", "everything", "the later without the earlier", "the earlier without the later",
                "a torn write",
            ])
    }

    @Test func aSyncKeepsWhatWasWrittenBeforeItBegan() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.database)
        let begun = script.end
        script.write(bytes(2), to: Self.database)
        script.sync(Self.database, begunAt: begun)
        #expect(image(script.journal(), .nothing) == bytes(1))
        #expect(image(script.journal(), .everything) == bytes(2))
        script.sync(Self.database)
        #expect(image(script.journal(), .nothing) == bytes(2))
    }

    @Test func aSyncThatHasNotComeToItsEndKeepsNothing() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.database)
        script.sync(Self.database)
        var journal = DiskJournal(script.recording)
        journal.advance(to: 1)
        #expect(image(journal, .nothing)?.isEmpty == true)
        journal.advance(to: 2)
        #expect(image(journal, .nothing) == bytes(1))
    }

    @Test func aSyncOfOneFileKeepsNothingOfAnother() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.database)
        script.write(bytes(2), to: Self.log)
        script.sync(Self.log)
        #expect(image(script.journal(), .nothing, Self.database)?.isEmpty == true)
        #expect(image(script.journal(), .nothing, Self.log) == bytes(2))
    }

    @Test func aTruncationMayHaveHappenedUntilItIsSynced() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.database)
        script.sync(Self.database)
        script.truncate(Self.database, to: 100)
        let journal = script.journal()
        #expect(image(journal, .nothing)?.count == 4096)
        #expect(image(journal, .everything)?.count == 100)
        let sizes = seeds(50).map { image(journal, .some, seed: $0)?.count }
        #expect(Set(sizes) == [100, 4096])
        script.sync(Self.database)
        #expect(image(script.journal(), .nothing)?.count == 100)
    }

    @Test func aFileMayHaveGrownWithoutWhatStandsInIt() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.database)
        let journal = script.journal()
        let images = seeds(200).map { image(journal, .some, seed: $0) }
        #expect(images.contains(bytes(0)))
        #expect(images.contains { $0?.isEmpty == true })
    }

    @Test func aRemovalIsKnownToTheDiskOnceANewLogWasSynced() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.rollback)
        script.sync(Self.rollback)
        script.remove(Self.rollback)
        #expect(image(script.journal(), .nothing, Self.rollback) == bytes(1))
        #expect(image(script.journal(), .everything, Self.rollback) == nil)
        let either = seeds(50).map {
            image(script.journal(), .some, Self.rollback, seed: $0) == nil
        }
        #expect(Set(either) == [true, false])
        script.write(bytes(2), to: Self.log)
        #expect(image(script.journal(), .nothing, Self.rollback) == bytes(1))
        script.sync(Self.log)
        for luck in DiskJournal.Luck.allCases { #expect(image(script.journal(), luck, Self.rollback) == nil) }
        #expect(image(script.journal(), .nothing, Self.log) == bytes(2))
    }

    @Test func aFileThatIsMadeAnewIsNotTheOldOne() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.log)
        script.sync(Self.log)
        script.remove(Self.log)
        script.write(bytes(2, 100), to: Self.log)
        #expect(image(script.journal(), .nothing, Self.log) == bytes(1))
        #expect(image(script.journal(), .everything, Self.log) == bytes(2, 100))
        script.sync(Self.log)
        for luck in DiskJournal.Luck.allCases { #expect(image(script.journal(), luck, Self.log) == bytes(2, 100)) }
    }

    @Test func aDiskThatOnlySaysThatItSyncsLosesWhatItWasGivenSince() {
        var script = ScriptedJournal()
        script.write(bytes(1), to: Self.database)
        script.sync(Self.database)
        let begun = script.end
        script.write(bytes(2), to: Self.database)
        script.sync(Self.database)
        let journal = script.journal(deafFrom: begun)
        #expect(image(journal, .nothing) == bytes(1))
        #expect(image(journal, .everything) == bytes(2))
        #expect(lost(journal, .nothing) == DiskJournal.Lost(dropped: 1, torn: 0))
    }
}

/// Writes a journal by hand.
private struct ScriptedJournal {
    private var records: [DiskRecord] = []
    private var paths: [String] = []
    private var removed: Set<Int> = []

    var end: Int64 { Int64(records.count) }

    var recording: DiskRecording {
        DiskRecording(end: end, record: { [records] in records[Int($0)] }, path: { [paths] in paths[Int($0)] })
    }

    /// The journal, followed to its end.
    func journal(deafFrom: Int64 = .max) -> DiskJournal {
        var journal = DiskJournal(recording, deafFrom: deafFrom)
        journal.advance(to: end)
        return journal
    }

    mutating func write(_ bytes: [UInt8], to path: String, at offset: Int = 0) {
        note(.write(bytes, at: offset), of: path)
    }

    mutating func truncate(_ path: String, to size: Int) { note(.truncation(to: size), of: path) }

    mutating func sync(_ path: String, begunAt begun: Int64? = nil) { note(.sync(begunAt: begun ?? end), of: path) }

    mutating func remove(_ path: String) {
        let file = number(of: path)
        records.append(DiskRecord(file: Int32(file), change: .removal))
        removed.insert(file)
    }

    private mutating func note(_ change: DiskRecord.Change, of path: String) {
        let file = number(of: path)
        records.append(DiskRecord(file: Int32(file), change: change))
    }

    /// The file that now stands under a path; a new one when there is none.
    private mutating func number(of path: String) -> Int {
        if let file = paths.indices.last(where: { paths[$0] == path && !removed.contains($0) }) { return file }
        paths.append(path)
        return paths.count - 1
    }
}
