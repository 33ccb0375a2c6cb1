import Foundation
public import Membership
import MembershipStore

/// Making a sandbox of a database: a copy with a clock of its own, whose messages go nowhere.
public struct DatabaseFork: Sendable {
    private let source: DatabaseLocation
    private let target: DatabaseLocation
    private let clock: WallClock

    /// The most accounts that can be named; for more, the whole database is copied.
    public static let mostAccounts = 1000

    /// Names the two databases; of either engine.
    public init(from source: DatabaseLocation, to target: DatabaseLocation, clock: WallClock = .system) {
        self.source = source
        self.target = target
        self.clock = clock
    }

    /// What was made.
    public struct Report: Equatable, Sendable {
        /// The time of the copy, at which the sandbox's clock stands.
        public let now: Timestamp
        /// How many rows each table has, in the order in which they were copied.
        public let tables: [Table]
        /// Why the sandbox has no key for its trial ledger; nil when it has.
        public let missingKey: String?

        /// A table of the copy.
        public struct Table: Equatable, Sendable {
            /// Its name.
            public let name: String
            /// How many rows it has.
            public let rows: Int
        }
    }

    /// Makes the sandbox. When anything fails, nothing of it is left.
    ///
    /// - Parameter accounts: only these, with those that became part of them, and what belongs to no account; empty for
    ///   everything.
    /// - Throws: ``MembershipError`` with code `database_exists` when the place is taken, `unknown_account`,
    ///   `invalid_input` for too many accounts, `key_mismatch` when another key is there, `database_full` and others of
    ///   the engines.
    public func make(accounts: [AccountReference] = []) async throws -> Report {
        guard accounts.count <= DatabaseFork.mostAccounts else {
            throw MembershipError(
                .invalidInput, "\(accounts.count) accounts are too many to name.",
                remedy: "Name at most \(DatabaseFork.mostAccounts), or leave --account out to copy everything.")
        }
        let store: Store
        do { store = try await Store.open(source.open(), clock: clock) } catch let error as MembershipError
            where [.databaseMissing, .notADatabase].contains(error.code)
        {
            throw MembershipError(error.code, error.message, remedy: "Name a database that is there.")
        }
        var (key, missingKey): (LedgerKey?, String?)
        do {
            key = try LedgerKeyFile(path: source.keyPath).load(matching: store.deployment.keyFingerprint)
        } catch {
            missingKey = error.message
        }
        var scope = CopyScope.everything
        if !accounts.isEmpty {
            var identity: (@Sendable (String) -> String)?
            if let key { identity = { key.identity(ofCanonicalEmail: $0) } }
            scope = .accounts(accounts, identity: identity, withArticles: true)
        }
        let engine = try target.createNew()
        var placedKey = false
        do {
            if let key { placedKey = try LedgerKeyFile(path: target.keyPath).place(key) }
            let report = try await store.copy(to: engine, named: target.name, scope)
            return Report(
                now: report.now, tables: report.tables.map { Report.Table(name: $0.name, rows: $0.rows) },
                missingKey: missingKey)
        } catch let error as MembershipError where error.code == .outcomeUnknown {
            // It may well be there, and would be of no use without its key.
            throw MembershipError(
                error.code, error.message, remedy: "Look whether \(target.name) has its tables before doing it again.")
        } catch {
            if placedKey { LedgerKeyFile(path: target.keyPath).remove() }
            target.remove()
            throw error
        }
    }
}
