package import Foundation

/// A server on this machine for one test: a program beside these tests, ended when the test lets go of it.
package final class LoopbackServer: Sendable {
    package let port: Int
    /// Where it puts what it receives.
    private let directory: TemporaryDirectory
    private let process: Process
    private let input: Pipe

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
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(filePath: LoopbackServer.python)
        let json = try JSONSerialization.data(withJSONObject: wishes)
        process.arguments = [LoopbackServer.script(script), String(decoding: json, as: UTF8.self)]
        process.standardInput = input
        process.standardOutput = output
        // A real server complains of what these tests do to it.
        process.standardError = FileHandle.nullDevice
        try process.run()
        (self.process, self.input) = (process, input)
        let line: String = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    returning: String(decoding: output.fileHandleForReading.availableData, as: UTF8.self))
            }
        }
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Failure.notStarted(line)
        }
        self.port = port
    }

    package enum Failure: Error {
        case notStarted(String)
    }

    deinit {
        // The program ends with its input, also when these tests do not come to their end.
        try? input.fileHandleForWriting.close()
        process.terminate()
        process.waitUntilExit()
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
