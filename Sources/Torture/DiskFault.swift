import FaultyFiles
import Membership

/// A way in which a disk fails, and what a caller may be told then.
struct DiskFault: Sendable {
    let name: String
    /// Which call fails.
    let call: FaultyFilesCall
    /// What with, as SQLite has it.
    let code: Int32
    /// What a caller may be told.
    let tells: Set<MembershipError.Code>

    /// Result codes of SQLite (sqlite3.h), which no target but the store's and FaultyFiles' links.
    private enum SQLite {
        static let (busy, readOnly, inputOutput, full, cannotOpen): (Int32, Int32, Int32, Int32, Int32) =
            (5, 8, 10, 13, 14)

        static func inputOutput(_ detail: Int32) -> Int32 { inputOutput | detail << 8 }
    }

    /// Everything that is made to fail.
    static let all = [
        DiskFault("a read that fails", FAULTY_FILES_READ, SQLite.inputOutput(1), [.databaseUnavailable]),
        DiskFault("a full disk", FAULTY_FILES_WRITE, SQLite.full, [.databaseFull]),
        DiskFault("a write that fails", FAULTY_FILES_WRITE, SQLite.inputOutput(3), [.databaseUnavailable]),
        DiskFault("a file that became read-only", FAULTY_FILES_WRITE, SQLite.readOnly, [.databaseReadOnly]),
        DiskFault("a sync that fails", FAULTY_FILES_SYNC, SQLite.inputOutput(4), [.databaseUnavailable]),
        DiskFault("a full disk at a sync", FAULTY_FILES_SYNC, SQLite.full, [.databaseFull]),
        DiskFault("a truncation that fails", FAULTY_FILES_TRUNCATE, SQLite.inputOutput(6), [.databaseUnavailable]),
        DiskFault("a size that cannot be told", FAULTY_FILES_FILE_SIZE, SQLite.inputOutput(7), [.databaseUnavailable]),
        DiskFault("a lock that fails", FAULTY_FILES_LOCK, SQLite.inputOutput(15), [.databaseUnavailable]),
        DiskFault("a file that is locked", FAULTY_FILES_LOCK, SQLite.busy, [.databaseBusy]),
        DiskFault("too many open files", FAULTY_FILES_OPEN_MAIN, SQLite.cannotOpen, [.databaseUnavailable]),
        DiskFault("too many open files for a log", FAULTY_FILES_OPEN, SQLite.cannotOpen, [.databaseUnavailable]),
        DiskFault(
            "a read-only file", FAULTY_FILES_OPEN_MAIN, SQLite.readOnly, [.databaseReadOnly, .databaseUnavailable]),
        DiskFault("a removal that fails", FAULTY_FILES_DELETE, SQLite.inputOutput(10), [.databaseUnavailable]),
        DiskFault("a question that fails", FAULTY_FILES_ACCESS, SQLite.inputOutput(13), [.databaseUnavailable]),
        DiskFault("a path that fails", FAULTY_FILES_FULL_PATHNAME, SQLite.cannotOpen, [.databaseUnavailable]),
        DiskFault(
            "shared memory that fails", FAULTY_FILES_SHM_MAP, SQLite.inputOutput(21), [.databaseUnavailable]),
        DiskFault(
            "shared memory that cannot grow", FAULTY_FILES_SHM_MAP, SQLite.inputOutput(19), [.databaseUnavailable]),
        DiskFault(
            "a lock in shared memory that fails", FAULTY_FILES_SHM_LOCK, SQLite.inputOutput(20),
            [.databaseUnavailable]),
        DiskFault("a database that is locked", FAULTY_FILES_SHM_LOCK, SQLite.busy, [.databaseBusy]),
    ]

    private init(_ name: String, _ call: FaultyFilesCall, _ code: Int32, _ tells: Set<MembershipError.Code>) {
        (self.name, self.call, self.code, self.tells) = (name, call, code, tells)
    }
}

extension DiskFault {
    /// What is wrong with an error that a caller is told; nil when it says what it should.
    ///
    /// - Parameter tells: what it may say.
    static func flaw(of error: any Error, _ tells: Set<MembershipError.Code>) -> String? {
        guard let error = error as? MembershipError else { return "an error of no kind: \(error)" }
        return tells.contains(error.code) ? nil : "told \(error.code.rawValue): \(error.message)"
    }
}

/// The n-th call of a kind fails.
struct DiskCase: CustomStringConvertible, Sendable {
    let fault: DiskFault
    let nth: Int64
    /// Whether every later one fails too, until the cause is gone.
    let lasts: Bool

    /// Every fault of every call.
    ///
    /// - Parameter counts: how many calls of each kind there are.
    static func all(_ counts: [Int64]) -> [DiskCase] {
        DiskFault.all.flatMap { fault -> [DiskCase] in
            let count = counts[Int(fault.call.rawValue)]
            guard count > 0 else { return [] }
            // A lock of shared memory that nobody gives back is waited for ten seconds, whatever SQLite is told.
            let isSlow = fault.call == FAULTY_FILES_SHM_LOCK && fault.tells == [.databaseBusy]
            return (1...count).flatMap { nth in
                (isSlow ? [false] : [false, true]).map { DiskCase(fault: fault, nth: nth, lasts: $0) }
            }
        }
    }

    /// Fails the call from now on.
    func begin() {
        faulty_files_fail(Int32(fault.call.rawValue), nth, fault.code, lasts)
    }

    /// How many calls of each kind there were since then.
    static var counts: [Int64] { (0..<Int32(FAULTY_FILES_CALLS.rawValue)).map { faulty_files_count($0) } }

    var description: String { "\(fault.name), call \(nth)\(lasts ? " and all after it" : "")" }
}
