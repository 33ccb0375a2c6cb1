import Foundation
import GRDB
import GRDBSQLite
import Membership
@testable import MembershipStore
import Testing
import TestSupport

/// What a commit writes to the log, gathered.
struct GatheredLogTests {
    /// A file as SQLite sees it, in memory, which can refuse to be written to.
    private final class MemoryFile {
        /// What is in it.
        private(set) var bytes: [UInt8] = []
        private(set) var writes = 0
        private(set) var syncs = 0
        /// The calls that write and are refused, by their number.
        var refused: Set<Int> = []
        let file: UnsafeMutablePointer<sqlite3_file>
        let methods: UnsafeMutablePointer<sqlite3_io_methods>

        /// What SQLite hands to each method, with what it stands for behind it.
        private struct Handle {
            var file: sqlite3_file
            let owner: Unmanaged<MemoryFile>
        }

        init() {
            methods = .allocate(capacity: 1)
            methods.initialize(to: sqlite3_io_methods())
            let handle = UnsafeMutablePointer<Handle>.allocate(capacity: 1)
            file = UnsafeMutableRawPointer(handle).assumingMemoryBound(to: sqlite3_file.self)
            methods.pointee.xWrite = { MemoryFile.of($0).write($1, Int($2), Int($3)) }
            methods.pointee.xRead = { MemoryFile.of($0).read($1, Int($2), Int($3)) }
            methods.pointee.xTruncate = { MemoryFile.of($0).truncate(Int($1)) }
            methods.pointee.xSync = { file, _ in
                MemoryFile.of(file).syncs += 1
                return SQLITE_OK
            }
            methods.pointee.xFileSize = { file, size in
                size?.pointee = sqlite3_int64(MemoryFile.of(file).bytes.count)
                return SQLITE_OK
            }
            handle.initialize(to: Handle(file: sqlite3_file(pMethods: methods), owner: .passUnretained(self)))
        }

        deinit {
            UnsafeMutableRawPointer(file).deallocate()
            methods.deallocate()
        }

        private static func of(_ file: UnsafeMutablePointer<sqlite3_file>?) -> MemoryFile {
            guard let file else { preconditionFailure("a call for no file") }
            return UnsafeMutableRawPointer(file).assumingMemoryBound(to: Handle.self).pointee.owner
                .takeUnretainedValue()
        }

        func write(_ new: UnsafeRawPointer?, _ count: Int, _ offset: Int) -> Int32 {
            writes += 1
            if refused.contains(writes) { return SQLITE_FULL }
            let end = offset + count
            if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
            bytes.replaceSubrange(offset..<end, with: UnsafeRawBufferPointer(start: new, count: count))
            return SQLITE_OK
        }

        func read(_ into: UnsafeMutableRawPointer?, _ count: Int, _ offset: Int) -> Int32 {
            let found = bytes.dropFirst(offset).prefix(count)
            found.withUnsafeBytes { if let start = $0.baseAddress, let into { memcpy(into, start, $0.count) } }
            return found.count == count ? SQLITE_OK : SQLITE_IOERR
        }

        func truncate(_ size: Int) -> Int32 {
            bytes.removeLast(max(0, bytes.count - size))
            return SQLITE_OK
        }
    }

    /// The calls that SQLite makes of a file.
    private struct Calls {
        let file: UnsafeMutablePointer<sqlite3_file>
        private var methods: sqlite3_io_methods { file.pointee.pMethods.pointee }

        init(_ memory: MemoryFile) { file = memory.file }

        func write(_ bytes: [UInt8], at offset: Int) -> Int32 {
            methods.xWrite(file, bytes, Int32(bytes.count), sqlite3_int64(offset))
        }

        func read(_ count: Int, at offset: Int) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: count)
            return methods.xRead(file, &bytes, Int32(count), sqlite3_int64(offset)) == SQLITE_OK ? bytes : nil
        }

        func truncate(to size: Int) { _ = methods.xTruncate(file, sqlite3_int64(size)) }
        func sync() -> Int32 { methods.xSync(file, SQLITE_SYNC_NORMAL) }

        func size() -> Int {
            var size: sqlite3_int64 = -1
            _ = methods.xFileSize(file, &size)
            return Int(size)
        }

        /// Writes a page with what stands in front of it, as SQLite does.
        func writePage(_ number: Int, of size: Int = 4096, filledWith byte: UInt8, isLast: Bool) -> [Int32] {
            var header = [UInt8](repeating: byte, count: 24)
            header.replaceSubrange(4..<8, with: isLast ? [0, 0, 0, 9] : [0, 0, 0, 0])
            let place = 32 + number * (size + 24)
            return [write(header, at: place), write([UInt8](repeating: byte, count: size), at: place + 24)]
        }
    }

    private func gather(_ memory: MemoryFile, _ log: GatheredLog = GatheredLog(), _ body: (Calls) throws -> Void)
        rethrows
    {
        try log.gather(memory.file, memory.methods) { try body(Calls(memory)) }
    }

    @Test func aTransactionIsInTheFileWithItsLastPage() {
        for count in [1, 2, 30, 31, 32, 100, 400] {
            let (memory, plain) = (MemoryFile(), MemoryFile())
            gather(memory) { calls in
                for page in 0..<count {
                    #expect(calls.writePage(page, filledWith: UInt8(page % 251), isLast: page == count - 1) == [0, 0])
                }
                let calls = Calls(plain)
                for page in 0..<count {
                    _ = calls.writePage(page, filledWith: UInt8(page % 251), isLast: page == count - 1)
                }
                #expect(memory.bytes == plain.bytes)
            }
            #expect(memory.writes == (count + 30) / 31)
            #expect(plain.writes == 2 * count)
        }
    }

    @Test func itIsInTheFileBeforeItIsSynced() {
        let memory = MemoryFile()
        gather(memory) { calls in
            _ = calls.writePage(0, filledWith: 7, isLast: false)
            #expect(memory.writes == 0)
            #expect(calls.sync() == SQLITE_OK)
            #expect(memory.bytes.count == 32 + 24 + 4096)
            #expect(memory.syncs == 1)
        }
    }

    /// Whatever SQLite writes, reads, cuts off and asks for, and wherever: the file answers as it would by itself.
    @Test(arguments: 0..<30) func nobodyCanTellTheDifference(seed: Int) {
        var dice = SeededNumbers(seed: UInt64(seed))
        let (memory, plain, log) = (MemoryFile(), MemoryFile(), GatheredLog())
        for _ in 0..<5 {
            gather(memory, log) { calls in
                let other = Calls(plain)
                for _ in 0..<60 {
                    let size = plain.bytes.count
                    // Mostly behind what was written last, often inside it, sometimes beyond it.
                    let offset = dice.chance(60) ? size : dice.below(size + 5000)
                    switch dice.below(20) {
                    case 0, 1:
                        let count = dice.below(9000)
                        #expect(calls.read(count, at: offset) == other.read(count, at: offset))
                    case 2: #expect(calls.size() == other.size())
                    case 3:
                        let size = dice.below(size + 1)
                        calls.truncate(to: size)
                        other.truncate(to: size)
                    case 4: #expect(calls.sync() == other.sync())
                    default:
                        let count = dice.pick([1, 24, 24, 24, 512, 4096, 4096, 4096, 65_536])
                        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
                        #expect(calls.write(bytes, at: offset) == other.write(bytes, at: offset))
                    }
                }
                #expect(calls.sync() == other.sync())
                #expect(memory.bytes == plain.bytes)
            }
        }
        #expect(memory.writes <= plain.writes)
    }

    /// SQLite reads pages while it takes a transaction back: that must not write what was refused before.
    @Test func behindAWriteThatIsRefusedNothingIsWrittenUntilTheCommitIsOver() {
        let memory = MemoryFile()
        memory.refused = [1]
        let log = GatheredLog()
        gather(memory, log) { calls in
            for page in 0..<31 { #expect(calls.writePage(page, filledWith: 1, isLast: false) == [0, 0]) }
            // The memory is full: what comes next needs room, and is refused with it.
            #expect(calls.writePage(31, filledWith: 1, isLast: false) == [SQLITE_FULL, SQLITE_FULL])
            #expect(calls.read(10, at: 100) == nil)
            #expect(calls.size() == 0)
            #expect(calls.sync() == SQLITE_FULL)
            #expect(calls.writePage(32, filledWith: 1, isLast: true) == [SQLITE_FULL, SQLITE_FULL])
            #expect(memory.writes == 1)
        }
        gather(memory, log) { calls in #expect(calls.writePage(0, filledWith: 2, isLast: true) == [0, 0]) }
        #expect(memory.bytes.count == 32 + 4120)
    }

    /// A disk that may write a whole sector when it is asked for a part of it gets the last page again, up to the end of a
    /// sector, cut where that is.
    @Test func whatFollowsTheLastPageIsNotKeptBack() {
        let memory = MemoryFile()
        gather(memory) { calls in
            _ = calls.writePage(0, filledWith: 1, isLast: true)
            for (offset, count) in [(4152, 8), (4160, 16), (4176, 4096)] {
                #expect(calls.write([UInt8](repeating: 5, count: count), at: offset) == SQLITE_OK)
                #expect(memory.bytes.count == offset + count)
            }
        }
    }

    @Test func whatACommitThatFailedHadGatheredIsForgotten() throws {
        struct Failed: Error {}
        let (memory, log) = (MemoryFile(), GatheredLog())
        memory.refused = [1]
        #expect(throws: Failed.self) {
            try gather(memory, log) { calls in
                _ = calls.writePage(0, filledWith: 1, isLast: false)
                #expect(calls.writePage(1, filledWith: 1, isLast: true)[1] == SQLITE_FULL)
                throw Failed()
            }
        }
        // By then another process may have written there.
        _ = Calls(memory).writePage(0, filledWith: 2, isLast: true)
        gather(memory, log) { calls in
            _ = calls.writePage(1, filledWith: 3, isLast: true)
        }
        #expect(memory.bytes[32 + 24] == 2)
        #expect(memory.bytes.last == 3)
    }

    /// Pages that do not fit into SQLite's cache go to the log before the commit, and stay there when it fails.
    @Test(.enabled(if: TestEngine.isSQLite)) func whatIsWrittenBeforeTheCommitIsThereToo() async throws {
        let database = try await TestDatabase.sandbox()
        let engine = try database.engine()
        try await engine.write { try $0.runScript("CREATE TABLE texts (t TEXT NOT NULL) STRICT") }
        let text = String(repeating: "x", count: 3000)
        // Twice as much as fits.
        let count = 2 * 16_384 * 1024 / 4096
        struct Refusal: Error {}
        func write(_ fails: Bool) async throws {
            try await engine.write { sql in
                for _ in 0..<count { try sql.submit("INSERT INTO texts (t) VALUES ($1)", [text]) }
                if fails { throw Refusal() }
            }
        }
        await #expect(throws: Refusal.self) { try await write(true) }
        try await write(false)
        let other = try DatabaseQueue(path: database.address)
        #expect(try await other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM texts") } == count)
        #expect(try await other.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
    }
}
