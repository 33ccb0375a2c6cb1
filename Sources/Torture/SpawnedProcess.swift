import Foundation
import Membership

/// A process that this one has started, and ends by its number.
struct SpawnedProcess: Sendable {
    let id: pid_t

    /// This program itself.
    static let ourselves = CommandLine.arguments[0]

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - variables: what it finds in its environment beside our own.
    ///   - output: the file that its standard output goes to, and `errors` that of its complaints.
    init(
        _ program: String, _ arguments: [String], variables: [String: String] = [:], output: String = "/dev/null",
        errors: String = "/dev/null"
    ) throws {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&files, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        // Swift's threads keep signals away, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        var words = ([program] + arguments).map { strdup($0) }
        var settings = environment.map { strdup("\($0.key)=\($0.value)") }
        defer { for text in words + settings { free(text) } }
        words.append(nil)
        settings.append(nil)
        var id: pid_t = 0
        let failure = posix_spawn(&id, program, &files, &attributes, words, settings)
        guard failure == 0 else {
            throw MembershipError(.unreadableFile, "\(program) cannot be run: \(String(cString: strerror(failure))).")
        }
        self.id = id
    }

    /// Sends it a signal.
    func send(_ signal: Int32) { kill(id, signal) }

    /// Whether it is still at work. One that has ended is not waited for.
    var isRunning: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo == 0
    }

    /// Waits until it has ended, which blocks the thread.
    ///
    /// - Returns: its exit status, or the number of the signal that ended it, below zero.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }
}

/// Runs a body that blocks on a thread of its own: the few that tasks share must not wait.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
