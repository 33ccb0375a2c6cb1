package import Foundation
import Membership

/// A process that this one has started, and ends by its number.
///
/// Foundation's `Process` is not used: on Linux it copies each name of an open file as if it were as long as any can be,
/// which reads behind its memory when a thousand are open (Swift 6.3.1).
package struct SpawnedProcess: Sendable {
    package let id: pid_t

    /// What a stream of it is.
    package enum Stream: Sendable {
        case file(String)
        /// An open file of this process.
        case descriptor(Int32)
    }

    /// This program itself.
    package static let ourselves = CommandLine.arguments[0]

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - variables: what it finds in its environment beside our own.
    ///   - directory: where it is at work; nil for where we are.
    ///   - errors: where its complaints go.
    package init(
        _ program: String, _ arguments: [String], variables: [String: String] = [:], in directory: String? = nil,
        input: Stream = .file("/dev/null"), output: Stream = .file("/dev/null"), errors: Stream = .file("/dev/null")
    ) throws {
        try self.init(
            program, bytes: arguments.map { Array($0.utf8) }, variables: variables, in: directory, input: input,
            output: output, errors: errors)
    }

    /// Starts a program with arguments that need not be text; a zero in one is left out.
    package init(
        _ program: String, bytes arguments: [[UInt8]], variables: [String: String] = [:], in directory: String? = nil,
        input: Stream = .file("/dev/null"), output: Stream = .file("/dev/null"), errors: Stream = .file("/dev/null")
    ) throws {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        for (number, stream) in [(Int32(0), input), (1, output), (2, errors)] {
            switch stream {
            case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&files, descriptor, number)
            case .file(let path):
                posix_spawn_file_actions_addopen(
                    &files, number, path, number == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            }
        }
        // Swift's threads keep signals away, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        // What would change the directory of a process that is started cannot be called from Swift.
        let way = directory.map { ["/usr/bin/env", "-C", $0, program] } ?? [program]
        var words = (way.map { Array($0.utf8) } + arguments).map { bytes in
            strdup(bytes.filter { $0 != 0 }.map(CChar.init(bitPattern:)) + [0])
        }
        var settings = environment.map { strdup("\($0.key)=\($0.value)") }
        defer { for text in words + settings { free(text) } }
        words.append(nil)
        settings.append(nil)
        var id: pid_t = 0
        let failure = posix_spawn(&id, way[0], &files, &attributes, words, settings)
        guard failure == 0 else {
            throw MembershipError(.unreadableFile, "\(program) cannot be run: \(String(cString: strerror(failure))).")
        }
        self.id = id
    }

    /// Sends it a signal.
    package func send(_ signal: Int32) { kill(id, signal) }

    /// Whether it is still at work. One that has ended is not waited for.
    package var isRunning: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo == 0
    }

    /// Ends it at once, whatever it does.
    ///
    /// - Returns: as ``wait()`` does.
    @discardableResult
    package func end() -> Int32 {
        send(SIGKILL)
        return wait()
    }

    /// Waits until it has ended, which blocks the thread, and ends it when that takes too long.
    ///
    /// - Returns: as ``wait()`` does.
    package func wait(atMost patience: Duration) -> Int32 {
        let end = ContinuousClock().now + patience
        while isRunning {
            if ContinuousClock().now > end { send(SIGKILL) }
            usleep(1000)
        }
        return wait()
    }

    /// Waits until it has ended, which blocks the thread.
    ///
    /// - Returns: its exit status, or the number of the signal that ended it, below zero.
    package func wait() -> Int32 { waitForEnd().status }

    /// Waits as ``wait()`` does.
    ///
    /// - Returns: what that does, and the most memory that the process had, in KiB.
    package func waitForEnd() -> (status: Int32, memory: Int) {
        var (status, usage) = (Int32(0), rusage())
        while wait4(id, &status, 0, &usage) < 0 && errno == EINTR {}
        return (status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F), Int(usage.ru_maxrss))
    }
}

/// Runs a body that blocks on a thread of its own: the few that tasks share must not wait.
package func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
