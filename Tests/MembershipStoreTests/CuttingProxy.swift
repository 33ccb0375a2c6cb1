import Foundation
import Synchronization
import TestSupport

/// Stands between a client and a PostgreSQL server on a unix socket, and cuts the line at a COMMIT when told to.
final class CuttingProxy: Sendable {
    /// Where the line is cut.
    enum Cut: Sendable {
        /// The server never hears of the COMMIT.
        case beforeCommit
        /// The server has committed; its answer is lost.
        case afterCommit
    }

    private let next = Mutex<Cut?>(nil)
    private let listener: Int32
    private let server: String

    /// Listens in the directory, where a client finds it under the name that PostgreSQL gives its socket.
    init(in directory: TemporaryDirectory, to serverDirectory: String) throws {
        server = serverDirectory + "/.s.PGSQL.5432"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = CuttingProxy.address(directory.path + "/.s.PGSQL.5432")
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 16) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        let (listening, server) = (listener, server)
        Thread.detachNewThread { [weak self] in
            while case let client = accept(listening, nil, nil), client >= 0 {
                let upstream = CuttingProxy.connect(to: server)
                let answers = Answers()
                Thread.detachNewThread { [weak self] in self?.pumpToServer(client, upstream, answers) }
                Thread.detachNewThread { CuttingProxy.pumpToClient(upstream, client, answers) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    func cutNext(_ cut: Cut) {
        next.withLock { $0 = cut }
    }

    /// Whether what the server says still reaches the client.
    private final class Answers: Sendable {
        let areLost = Mutex(false)
    }

    private func pumpToServer(_ client: Int32, _ upstream: Int32, _ answers: Answers) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(client, &buffer, buffer.count), count > 0 {
            let isCommit = String(decoding: buffer[..<count], as: UTF8.self).contains("COMMIT\0")
            let cut =
                isCommit
                ? next.withLock { next in
                    defer { next = nil }; return next
                } : nil
            if cut == .beforeCommit { break }
            if cut == .afterCommit { answers.areLost.withLock { $0 = true } }
            guard write(upstream, buffer, count) == count else { break }
        }
        shutdown(client, Int32(SHUT_RDWR))
        shutdown(upstream, Int32(SHUT_WR))
    }

    private static func pumpToClient(_ upstream: Int32, _ client: Int32, _ answers: Answers) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(upstream, &buffer, buffer.count), count > 0 {
            // The answer has come, so that the server is done; only the client never hears of it.
            if answers.areLost.withLock({ $0 }) { break }
            _ = send(client, buffer, count, Int32(MSG_NOSIGNAL))
        }
        shutdown(client, Int32(SHUT_RDWR))
        close(upstream)
        close(client)
    }

    private static func connect(to path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = address(path)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return descriptor
    }

    private static func address(_ path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return address
    }
}
