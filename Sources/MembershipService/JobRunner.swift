import Foundation

/// The process that runs a job, by a name that no other process has or will have: `host/pid/start/place`.
///
/// The start tells a process from a later one with the same number, the place one boot of a machine from another, and
/// one container from another on a machine of the same name.
struct JobRunner: Equatable {
    let name: String
    private let process: pid_t
    private let start: String
    private let place: String

    /// This process.
    static let current = JobRunner(
        process: getpid(), start: ProcessStatus(of: getpid())?.start ?? "0", place: JobRunner.thisPlace)

    private init(process: pid_t, start: String, place: String) {
        name = [JobRunner.host, String(process), start, place].joined(separator: "/")
        (self.process, self.start, self.place) = (process, start, place)
    }

    /// Reads a name; nil for one of another place, of which nothing can be known here.
    init?(ofThisPlace name: String) {
        let fields = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 4, fields[0] == JobRunner.host, fields[3] == JobRunner.thisPlace,
            let process = pid_t(fields[1]), process > 0
        else { return nil }
        self.init(process: process, start: fields[2], place: fields[3])
    }

    /// Whether the process is known to have ended. One of another machine never is.
    static func isGone(_ name: String) -> Bool {
        JobRunner(ofThisPlace: name)?.isGone ?? false
    }

    private var isGone: Bool {
        if kill(process, 0) == -1 && errno == ESRCH { return true }
        // Where there is no /proc, a process that has the number is taken for the one.
        guard let status = ProcessStatus(of: process) else { return false }
        return status.isZombie || status.start != start
    }

    private static let host: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            .replacing("/", with: "-")
    }()

    /// The boot of the machine, and the space in which processes are numbered.
    private static let thisPlace: String = {
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?.prefix(8) ?? ""
        let numbers = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
        return boot + "-" + numbers.filter { ("0"..."9").contains($0) }
    }()
}

/// What Linux tells of a process in `/proc/PID/stat` (proc_pid_stat(5)).
private struct ProcessStatus {
    /// When it began, in ticks since the machine did.
    let start: String
    /// Whether it has ended and only waits for its parent to hear of it.
    let isZombie: Bool

    init?(of process: pid_t) {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            // The name in brackets may hold anything.
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19 else { return nil }
        isZombie = fields[0] == "Z" || fields[0] == "X"
        start = String(fields[19])
    }
}
