package import Foundation

/// A server on this machine for one test: a program beside these tests, ended when the test lets go of it.
package final class LoopbackServer: Sendable {
    package let port: Int
    /// Where it puts what it receives.
    private let directory: TemporaryDirectory
    private let process: SpawnedProcess
    /// Where its input is written to. The program ends with it, also when these tests do not come to their end.
    private let input: FileHandle

    /// Debian's Python, which has Debian's python3-aiosmtpd.
    package static let python = "/usr/bin/python3"

    package static func script(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().path(percentEncoded: false) + "Servers/" + name
    }

    /// A real mail server, which takes mail by these rules; see real_server.py.
    package static func real(_ wishes: [String: any Sendable] = [:]) async throws -> LoopbackServer {
        let directory = try TemporaryDirectory()
        let all = wishes.merging(["directory": directory.path]) { $1 }
        return try await LoopbackServer("real_server.py", all, directory)
    }

    /// A server that answers as told; see scripted_server.py. Nil hangs up.
    package static func scripted(_ answers: [String: String?]) async throws -> LoopbackServer {
        let directory = try TemporaryDirectory()
        let wishes = answers.mapValues { answer -> any Sendable in answer ?? NSNull() }
        return try await LoopbackServer("scripted_server.py", wishes, directory)
    }

    private init(
        _ script: String, _ wishes: [String: any Sendable], _ directory: TemporaryDirectory
    ) async throws {
        self.directory = directory
        let (input, output) = (try Ends(), try Ends())
        let json = try JSONSerialization.data(withJSONObject: wishes)
        // A real server complains of what these tests do to it.
        process = try SpawnedProcess(
            LoopbackServer.python, [LoopbackServer.script(script), String(decoding: json, as: UTF8.self)],
            input: .descriptor(input.reading.fileDescriptor), output: .descriptor(output.writing.fileDescriptor))
        self.input = input.writing
        try input.reading.close()
        try output.writing.close()
        // To the end of the line: it may come in two pieces, and who writes the second must find somebody who reads.
        let line = try await onThread {
            var line = Data()
            while case let more = output.reading.availableData, !more.isEmpty {
                line += more
                if line.last == UInt8(ascii: "\n") { break }
            }
            return String(decoding: line, as: UTF8.self)
        }
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Failure.notStarted(line)
        }
        self.port = port
    }

    /// The two ends of a pipe, which no other program that is started meanwhile gets: it would hold them open.
    private struct Ends {
        let reading: FileHandle
        let writing: FileHandle

        init() throws {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw Failure.notStarted("no pipe could be made") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            reading = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
            writing = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
        }
    }

    package enum Failure: Error {
        case notStarted(String)
    }

    deinit {
        try? input.close()
        process.send(SIGTERM)
        _ = process.wait()
    }

    package struct Received: Decodable {
        package let from: String
        package let to: [String]
        package let options: [String]
        package let greeting: String
        package let encrypted: Bool
        package let authenticated: Bool
        package let mail: Data
    }

    /// What it has taken so far.
    package func received() throws -> [Received] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().map { name in
            try JSONDecoder().decode(Received.self, from: Data(contentsOf: URL(filePath: directory.path + "/" + name)))
        }
    }
}
