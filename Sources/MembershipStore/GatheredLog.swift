import Foundation
import GRDB
import GRDBSQLite

/// What a commit writes to the write-ahead log, gathered and written many pages at a time.
///
/// SQLite writes each page by two calls of the system, one for the 24 bytes in front of it
/// (https://www.sqlite.org/fileformat2.html, 4.1), and a call takes longer than copying what it is given. For as long as a
/// commit is under way, the file of the log has methods by which that goes into memory; from there it goes to the file when
/// the memory is full, with the page that ends the transaction, and before anything else is asked of the file. Nobody
/// can tell the difference: SQLite tells others of a transaction, and syncs it, when all of it is in the file.
///
/// Who commits has it for herself: one at a time.
final class GatheredLog {
    private let place: UnsafeMutablePointer<Place>
    /// Whether what the connection writes to is a log; nil before the first commit. A file that keeps none, such as a copy by
    /// `VACUUM INTO`, has a journal, which is closed while a commit is under way.
    private var isOfLog: Bool?

    /// What SQLite is led to in place of the file's methods.
    private struct Place {
        /// First: SQLite takes the address of this for that of the methods.
        var methods = sqlite3_io_methods()
        /// Those of the file itself.
        var file: UnsafePointer<sqlite3_io_methods>?
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: GatheredLog.room, alignment: 16)
        /// Where in the file the bytes belong.
        var start: sqlite3_int64 = 0
        var count = 0
        /// Whether the last page of the transaction has begun to be written: from then on nothing is kept back.
        var isEnding = false
        /// What the file refused a write with. SQLite takes the transaction back then, and the rest is forgotten: nothing of
        /// it may get into the file while SQLite does that, or later, when others write there.
        var failure = SQLITE_OK
    }

    private typealias File = UnsafeMutablePointer<sqlite3_file>

    /// SQLite's own files take less than 128 KiB at once (os_unix.c); a page has at most half of that.
    private static let room = 31 * (pageHeaderSize + 4096)
    private static let pageHeaderSize = 24

    init() {
        place = .allocate(capacity: 1)
        place.initialize(to: Place())
    }

    deinit {
        place.pointee.bytes.deallocate()
        place.deallocate()
    }

    /// Commits the transaction of a connection.
    func commit(_ database: Database) throws {
        var found: File?
        guard let handle = database.sqliteConnection else { return try database.commitCompiled() }
        let isOfLog = isOfLog ?? (LogIndexHeader.address(of: handle) != nil)
        self.isOfLog = isOfLog
        guard isOfLog, sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &found) == SQLITE_OK,
            let file = found, let methods = file.pointee.pMethods
        else { return try database.commitCompiled() }
        try gather(file, methods) { try database.commitCompiled() }
    }

    /// Gathers what a body writes to a file that is open; what has not reached it when the body throws is forgotten.
    func gather(
        _ file: UnsafeMutablePointer<sqlite3_file>, _ methods: UnsafePointer<sqlite3_io_methods>,
        _ body: () throws -> Void
    ) rethrows {
        place.pointee.methods = GatheredLog.gathering(methods.pointee)
        place.pointee.file = methods
        file.pointee.pMethods = UnsafeRawPointer(place).assumingMemoryBound(to: sqlite3_io_methods.self)
        defer {
            if file.pointee.pMethods == UnsafePointer(OpaquePointer(place)) { file.pointee.pMethods = methods }
            place.pointee.count = 0
            place.pointee.isEnding = false
            place.pointee.failure = SQLITE_OK
        }
        try body()
        precondition(place.pointee.count == 0, "a transaction was committed that is not in the log")
    }

    /// The methods of a file, but for those that have to do with what is in it.
    private static func gathering(_ original: sqlite3_io_methods) -> sqlite3_io_methods {
        var methods = original
        methods.xWrite = { file, bytes, count, offset in
            guard let file, let bytes else { return SQLITE_MISUSE }
            return GatheredLog.write(file, bytes, Int(count), at: offset)
        }
        methods.xRead = { file, bytes, count, offset in
            GatheredLog.behindWrites(file) { $0.xRead(file, bytes, count, offset) }
        }
        methods.xTruncate = { file, size in GatheredLog.behindWrites(file) { $0.xTruncate(file, size) } }
        methods.xSync = { file, flags in
            guard let file else { return SQLITE_MISUSE }
            let failure = GatheredLog.place(of: file).pointee.failure
            return failure == SQLITE_OK ? GatheredLog.behindWrites(file) { $0.xSync(file, flags) } : failure
        }
        methods.xFileSize = { file, size in GatheredLog.behindWrites(file) { $0.xFileSize(file, size) } }
        return methods
    }

    private static func place(of file: File) -> UnsafeMutablePointer<Place> {
        UnsafeMutableRawPointer(mutating: UnsafeRawPointer(file.pointee.pMethods)).assumingMemoryBound(to: Place.self)
    }

    /// Asks a file for something when all that was gathered is in it.
    private static func behindWrites(_ file: File?, _ ask: (sqlite3_io_methods) -> Int32) -> Int32 {
        guard let file, let methods = place(of: file).pointee.file else { return SQLITE_MISUSE }
        let code = write(file)
        return code == SQLITE_OK ? ask(methods.pointee) : code
    }

    /// Writes what was gathered.
    private static func write(_ file: File) -> Int32 {
        let place = place(of: file)
        guard place.pointee.count > 0, let methods = place.pointee.file else { return SQLITE_OK }
        let code = methods.pointee.xWrite(file, place.pointee.bytes, Int32(place.pointee.count), place.pointee.start)
        place.pointee.count = 0
        place.pointee.failure = code
        return code
    }

    private static func write(_ file: File, _ bytes: UnsafeRawPointer, _ length: Int, at offset: sqlite3_int64) -> Int32
    {
        let place = place(of: file)
        guard place.pointee.failure == SQLITE_OK else { return place.pointee.failure }
        // It begins inside what was gathered, or right behind it.
        let isNext = (0...sqlite3_int64(place.pointee.count)).contains(offset - place.pointee.start)
        if !isNext || Int(offset - place.pointee.start) + length > room {
            let code = write(file)
            guard code == SQLITE_OK else { return code }
            place.pointee.start = offset
        }
        let within = Int(offset - place.pointee.start)
        memcpy(place.pointee.bytes + within, bytes, length)
        place.pointee.count = max(place.pointee.count, within + length)
        if place.pointee.isEnding { return write(file) }
        place.pointee.isEnding = endsTransaction(bytes, length)
        return SQLITE_OK
    }

    /// Whether it is what stands in front of the last page of a transaction: with how many pages the database has then.
    private static func endsTransaction(_ bytes: UnsafeRawPointer, _ length: Int) -> Bool {
        length == pageHeaderSize && bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self) != 0
    }
}
