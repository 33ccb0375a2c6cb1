import Foundation

/// What this process has of the machine's memory.
enum ProcessMemory {
    /// Resident megabytes.
    static func resident() throws -> Double {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { throw Failure("/proc/self/statm cannot be read") }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }

    /// Gives back what was freed, so that what is resident afterwards is in use: nothing that follows fits into it
    /// unseen.
    static func idle() throws -> Double {
        _ = giveBack(0)
        return try resident()
    }
}

@_silgen_name("malloc_trim")
private func giveBack(_ padding: Int) -> Int32
