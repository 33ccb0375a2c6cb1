import Foundation

/// A process that is ended when it says nothing for too long.
struct WatchedChild {
    /// What became of it.
    enum End: Equatable {
        case exited(Int32)
        case crashed(signal: Int32)
        case hung
    }

    let end: End
    /// What it wrote to standard output and standard error, the end of it when that is much.
    let output: String
    /// The most memory that it had, in KiB.
    let memory: Int

    private static let mostOutput = 1 << 20

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - arguments: with the program's path first; bytes, because nothing says that they are text.
    ///   - patience: how long it may be silent.
    static func run(
        _ arguments: [[UInt8]], environment: [String: String] = [:], in directory: String, patience: Duration
    ) throws -> WatchedChild {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Stopped("no pipe could be made") }
        defer { close(ends[0]) }
        let process = try spawn(arguments, environment, directory, output: ends[1])
        var (bytes, isHung) = ([UInt8](), false)
        while true {
            var waiting = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, Int32(patience / .milliseconds(1)))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else {
                isHung = true
                kill(process, SIGKILL)
                break
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(ends[0], &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
            if bytes.count > 2 * mostOutput { bytes.removeFirst(mostOutput) }
        }
        var (status, usage) = (Int32(0), rusage())
        while wait4(process, &status, 0, &usage) < 0, errno == EINTR {}
        let signal = status & 0x7F
        let end = isHung ? End.hung : signal == 0 ? .exited(status >> 8 & 0xFF) : .crashed(signal: signal)
        return WatchedChild(
            end: end, output: String(decoding: bytes, as: UTF8.self), memory: Int(usage.ru_maxrss))
    }

    private static func spawn(
        _ arguments: [[UInt8]], _ environment: [String: String], _ directory: String, output: Int32
    ) throws -> pid_t {
        defer { close(output) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        let inherited = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // env goes to the directory first.
        let command = ["/usr/bin/env", "-C", directory].map { Array($0.utf8) } + arguments
        var words = command.map { bytes -> UnsafeMutablePointer<CChar>? in
            strdup(bytes.filter { $0 != 0 }.map(CChar.init(bitPattern:)) + [0])
        }
        var variables = inherited.map { strdup("\($0)=\($1)") }
        defer { for word in words + variables { free(word) } }
        words.append(nil)
        variables.append(nil)
        var process: pid_t = 0
        let code = posix_spawn(&process, "/usr/bin/env", &actions, nil, words, variables)
        guard code == 0 else { throw Stopped("no process could be made: \(String(cString: strerror(code)))") }
        return process
    }
}
