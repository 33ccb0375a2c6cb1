/// A way in which a call to the system fails, as the library FaultyCalls has it.
struct CallFault: Sendable {
    let name: String
    /// Which call: a kind that the library counts.
    let kind: String
    /// What with (errno.h); 0 for a write of half of the bytes.
    let error: Int32

    /// The codes of what a command may say of it.
    var tells: Set<String> {
        switch (kind, error) {
        case (_, 28): ["database_full", "database_unavailable"]
        // Of a page that the disk refuses a running statement says SQLITE_CORRUPT, in place of SQLITE_IOERR_CORRUPTFS
        // (vdbe.c), and nothing of the error is left to tell the two apart by.
        case ("read", _): ["database_unavailable", "unreadable_file", "database_damaged"]
        // SQLite tries again to open for reading what it may not open for writing.
        case ("open", _): ["database_unavailable", "unreadable_file", "database_read_only"]
        case ("stat", _), ("list", _): ["database_unavailable", "unreadable_file"]
        default: ["database_unavailable"]
        }
    }

    /// Everything that is made to fail.
    static let all = [
        CallFault(name: "too many open files", kind: "open", error: 24),
        CallFault(name: "a file that cannot be opened", kind: "open", error: 5),
        CallFault(name: "a read that fails", kind: "read", error: 5),
        CallFault(name: "a directory that cannot be read", kind: "list", error: 5),
        CallFault(name: "a full disk", kind: "write", error: 28),
        CallFault(name: "a write that fails", kind: "write", error: 5),
        CallFault(name: "a write of a part", kind: "write", error: 0),
        CallFault(name: "a sync that fails", kind: "sync", error: 5),
        CallFault(name: "a full disk at a sync", kind: "sync", error: 28),
        CallFault(name: "a truncation that fails", kind: "truncate", error: 5),
        CallFault(name: "a full disk for a name", kind: "link", error: 28),
        CallFault(name: "a disk that takes no links", kind: "link", error: 1),
        CallFault(name: "a full disk for a directory", kind: "mkdir", error: 28),
        CallFault(name: "a removal that fails", kind: "unlink", error: 5),
        CallFault(name: "a question that fails", kind: "stat", error: 5),
    ]
}

/// The n-th call of a kind fails in a command.
struct CallCase: CustomStringConvertible, Sendable {
    let fault: CallFault
    let nth: Int
    /// Whether every later one fails too.
    let lasts: Bool

    /// Every fault of every call.
    ///
    /// - Parameter counts: how many calls of each kind there are.
    static func all(_ counts: [String: Int]) -> [CallCase] {
        CallFault.all.flatMap { fault in
            (0..<(counts[fault.kind] ?? 0)).flatMap { place in
                [false, true].map { CallCase(fault: fault, nth: place + 1, lasts: $0) }
            }
        }
    }

    /// What tells the library of it.
    var environment: [String: String] {
        [
            "FAULTY_CALLS_KIND": fault.kind, "FAULTY_CALLS_NTH": "\(nth)", "FAULTY_CALLS_ERRNO": "\(fault.error)",
            "FAULTY_CALLS_LASTS": lasts ? "1" : "0",
        ]
    }

    var description: String { "\(fault.name), \(fault.kind) \(nth)\(lasts ? " and all after it" : "")" }
}
