import Foundation
public import Membership
import MembershipStore

/// The operator's list of domains for throwaway addresses. Who signs up from one, or from a part of one, gets an account
/// and no trial.
public struct DisposableDomainService: Sendable {
    let store: Store

    /// A domain on the list.
    public struct Entry: Equatable, Sendable {
        /// Which.
        public let domain: EmailDomain
        /// Since when it is on the list.
        public let addedAt: Timestamp
    }

    /// Puts domains on the list.
    ///
    /// - Returns: how many were not on it before.
    public func add(_ domains: [EmailDomain]) async throws -> Int {
        // Each once: PostgreSQL takes no row twice in a statement, and the operator's list may well have it twice.
        let wanted = Set(domains).sorted { $0.name < $1.name }
        return try await store.write { tx in
            let before = try tx.disposableDomainCount()
            try tx.insertDisposable(wanted)
            return try tx.disposableDomainCount() - before
        }
    }

    /// Takes domains off the list.
    ///
    /// - Returns: those that were on it.
    public func remove(_ domains: [EmailDomain]) async throws -> [EmailDomain] {
        try await store.write { tx in try domains.filter { try tx.deleteDisposable($0) } }
    }

    /// The list, in the order of its names.
    public func list() async throws -> [Entry] {
        try await store.read { tx in
            try tx.disposableDomains().map { Entry(domain: $0.domain, addedAt: $0.addedAt) }
        }
    }

    /// The longest list in bytes: a hundred times the longest that is known.
    private static let longestFile = 64 << 20

    /// Puts the domains of a file on the list: one a line, `#` before a comment. All of them, or when one line holds none,
    /// nothing.
    ///
    /// - Parameter path: `-` for standard input.
    /// - Returns: how many the file names, and how many were not on the list before.
    /// - Throws: ``MembershipError`` with code `invalid_input`, naming the line, or `unreadable_file`.
    public func importFile(_ path: String) async throws -> (named: Int, added: Int) {
        let name = path == "-" ? "standard input" : path
        let domains = try EmailDomain.list(DisposableDomainService.text(of: path, name: name), name: name)
        return (Set(domains).count, try await add(domains))
    }

    private static func text(of path: String, name: String) throws -> String {
        func unreadable(_ why: String) -> MembershipError {
            MembershipError(
                .unreadableFile, "‘\(name)’ cannot be read: \(why).",
                remedy: "Give the path of a text file, or - for standard input.")
        }
        let bytes: Data
        do {
            let file = path == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: path))
            bytes = try file.read(upToCount: longestFile + 1) ?? Data()
        } catch {
            throw unreadable(error.systemReason)
        }
        guard bytes.count <= longestFile else { throw unreadable("it is longer than \(longestFile >> 20) MiB") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw unreadable("it is not text in UTF-8") }
        return text
    }
}
