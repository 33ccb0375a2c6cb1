import Foundation
import Membership
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

    private let next = Locked<Cut?>(nil)
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
                let line = Line(client: client, upstream: CuttingProxy.connect(to: server))
                Thread.detachNewThread { [weak self] in self?.pumpToServer(line) }
                Thread.detachNewThread { CuttingProxy.pumpToClient(line) }
            }
            close(listening)
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    func cutNext(_ cut: Cut) {
        next.withLock { $0 = cut }
    }

    /// A client's connection and the one to the server behind it, closed when both directions are done with: a number
    /// that is closed belongs to the next who opens something.
    private final class Line: Sendable {
        let client: Int32
        let upstream: Int32
        /// Whether what the server says no longer reaches the client.
        let answersAreLost = Locked(false)

        init(client: Int32, upstream: Int32) {
            self.client = client
            self.upstream = upstream
        }

        deinit {
            close(upstream)
            close(client)
        }
    }

    private func pumpToServer(_ line: Line) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(line.client, &buffer, buffer.count), count > 0 {
            let isCommit = String(decoding: buffer[..<count], as: UTF8.self).contains("COMMIT\0")
            let cut =
                isCommit
                ? next.withLock { next in
                    defer { next = nil }; return next
                } : nil
            if cut == .beforeCommit { break }
            if cut == .afterCommit { line.answersAreLost.withLock { $0 = true } }
            guard write(line.upstream, buffer, count) == count else { break }
        }
        shutdown(line.client, Int32(SHUT_RDWR))
        shutdown(line.upstream, Int32(SHUT_WR))
    }

    private static func pumpToClient(_ line: Line) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(line.upstream, &buffer, buffer.count), count > 0 {
            // The answer has come, so that the server is done; only the client never hears of it.
            if line.answersAreLost.withLock({ $0 }) { break }
            _ = send(line.client, buffer, count, Int32(MSG_NOSIGNAL))
        }
        shutdown(line.client, Int32(SHUT_RDWR))
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
