public import Membership
import MembershipStore

/// What was read.
public struct ReadService: Sendable {
    let store: Store

    /// What was read in a month, and how much of the readers' reading went to what.
    ///
    /// Of a month that is over the answer stays the same, whatever becomes of accounts, titles and articles.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` for a month that has not begun.
    public func report(
        _ month: CalendarMonth, by grouping: ReadReport.Grouping = .title, in zone: Zone = .utc
    ) async throws -> ReadReport {
        try await store.read { tx in
            guard month <= CalendarMonth(containing: tx.now, in: zone) else {
                throw MembershipError(
                    .invalidInput, "The month ‘\(month)’ has not begun; it is \(tx.now) now.",
                    remedy: "Name this month or an earlier one.")
            }
            return try tx.readReport(of: month, in: zone, by: grouping)
        }
    }

    /// What a reader has opened, newest first. Those of accounts that have become part of another stay theirs.
    ///
    /// - Throws: ``MembershipError`` with code `unknown_account`, `invalid_input` for somebody of whom nothing is known.
    public func list(of reader: ReaderReference, limit: PageLimit) async throws -> [ArticleReadRecord] {
        try await store.read { tx in
            let holder: ReadHolder =
                switch reader {
                case .anonymous:
                    throw MembershipError(
                        .invalidInput, "Nobody knows who ‘anonymous’ is, so that nothing is recorded.",
                        remedy: "Name the reader, or a visitor by an id.")
                case .visitor(let id, _): .visitor(id)
                case .account(let name): .account(try tx.account(name).id)
                }
            return try tx.reads(of: holder, limit: limit.count)
        }
    }
}
