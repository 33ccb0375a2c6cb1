import Foundation
import TestSupport

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
    ///   - arguments: bytes, because nothing says that they are text.
    ///   - input: the file that it reads on standard input.
    ///   - patience: how long it may be silent.
    static func run(
        _ program: String, _ arguments: [[UInt8]], environment: [String: String] = [:], in directory: String? = nil,
        input: String = "/dev/null", patience: Duration
    ) throws -> WatchedChild {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Stopped("no pipe could be made") }
        defer { close(ends[0]) }
        let process = try spawn(program, arguments, environment, directory, input, output: ends[1])
        var (bytes, isHung) = ([UInt8](), false)
        while true {
            var waiting = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, Int32(patience / .milliseconds(1)))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else {
                isHung = true
                process.send(SIGKILL)
                break
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(ends[0], &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
            if bytes.count > 2 * mostOutput { bytes.removeFirst(mostOutput) }
        }
        let (status, memory) = process.waitForEnd()
        let end = isHung ? End.hung : status < 0 ? .crashed(signal: -status) : .exited(status)
        return WatchedChild(end: end, output: String(decoding: bytes, as: UTF8.self), memory: memory)
    }

    private static func spawn(
        _ program: String, _ arguments: [[UInt8]], _ environment: [String: String], _ directory: String?,
        _ input: String, output: Int32
    ) throws -> SpawnedProcess {
        defer { close(output) }
        return try SpawnedProcess(
            program, bytes: arguments, variables: environment, in: directory, input: .file(input),
            output: .descriptor(output), errors: .descriptor(output))
    }
}
