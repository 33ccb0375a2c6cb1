import Foundation
import GRDBSQLite

/// What stands at the beginning of the index of SQLite's write-ahead log, in the memory that all processes share: it
/// changes with every commit of any of them (https://www.sqlite.org/walformat.html, 2.1).
struct LogIndexHeader: Equatable {
    private let words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
    /// The pages that have been written into the database and need not stay in the log for anybody.
    let copiedPageCount: UInt32
    /// The pages that the log holds.
    let pageCount: UInt32

    /// Reads it as it is now.
    init(at memory: UnsafeRawPointer) {
        func word(_ index: Int) -> UInt64 { memory.load(fromByteOffset: index * 8, as: UInt64.self) }
        words = (word(0), word(1), word(2), word(3), word(4), word(5))
        pageCount = memory.load(fromByteOffset: 16, as: UInt32.self)
        copiedPageCount = memory.load(fromByteOffset: 96, as: UInt32.self)
    }

    /// Whether nobody has committed anything between the two.
    static func == (left: LogIndexHeader, right: LogIndexHeader) -> Bool {
        // The words that a commit changes first.
        left.words.2 == right.words.2 && left.words.1 == right.words.1 && left.words.3 == right.words.3
            && left.words.4 == right.words.4 && left.words.5 == right.words.5 && left.words.0 == right.words.0
    }

    /// How many transactions have been committed, by whomever, since the index was made; begins anew behind the
    /// highest.
    var commitCount: UInt32 { UInt32(truncatingIfNeeded: words.1) }

    /// Whether the log has so many pages that it is emptied as soon as nobody reads it any more.
    func isLong(_ length: UInt32) -> Bool { pageCount >= length && uncopiedPageCount > 0 }

    /// The pages that are in the log alone. The two numbers are not of one moment.
    var uncopiedPageCount: UInt32 { pageCount > copiedPageCount ? pageCount - copiedPageCount : 0 }

    /// Says that nothing of the log is in the database, so that all of it is copied again, as after a crash. SQLite itself
    /// never takes that number back while a log is in use; nobody needs it to be as large as it could be. One of the
    /// locks on the index is of whoever copies (https://www.sqlite.org/walformat.html, 2.3.1), and is waited for for up to
    /// five seconds.
    static func forgetCopies(at memory: UnsafeRawPointer, of database: OpaquePointer) {
        guard let (file, methods) = file(of: database), let lock = methods.xShmLock else { return }
        var tries = 0
        while lock(file, 1, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) != SQLITE_OK {
            tries += 1
            guard tries < 5000 else { return }
            usleep(1000)
        }
        UnsafeMutableRawPointer(mutating: memory).storeBytes(of: 0, toByteOffset: 96, as: UInt32.self)
        _ = lock(file, 1, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE)
    }

    /// The file of a connection, as SQLite calls it.
    static func file(of database: OpaquePointer) -> (UnsafeMutablePointer<sqlite3_file>, sqlite3_io_methods)? {
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK, let file,
            let methods = file.pointee.pMethods?.pointee
        else { return nil }
        return (file, methods)
    }

    /// Where it stands in this process's memory; nil while a connection has no log open.
    ///
    /// - Parameter database: a connection that has been through a transaction.
    static func address(of database: OpaquePointer) -> UnsafeRawPointer? {
        guard let (file, methods) = file(of: database), methods.iVersion >= 2, let map = methods.xShmMap,
            let read = methods.xRead
        else { return nil }
        // Of a file that keeps no log, mapping its index would make one that nobody lets go of. A byte says whether it
        // does (https://www.sqlite.org/fileformat2.html, 1.3).
        var version: UInt8 = 0
        guard read(file, &version, 1, 19) == SQLITE_OK, version == 2 else { return nil }
        // The connection has mapped it already: that only tells where.
        var region: UnsafeMutableRawPointer?
        guard map(file, 0, 32768, 0, &region) == SQLITE_OK else { return nil }
        return region.map { UnsafeRawPointer($0) }
    }
}
