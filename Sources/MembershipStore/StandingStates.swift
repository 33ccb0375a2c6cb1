import GRDB

/// A state of the database that somebody has looked at.
package struct SeenState: Sendable {
    /// What stood in the log's index before the look: what was seen is that, or something later.
    let header: LogIndexHeader
}

/// The states of a file that have followed each other by additions alone (``WriteKind/addition``): what was decided in one of
/// them stands in the newest too.
///
/// Only the connection that writes has it, and asks inside a transaction, while nobody else can commit. What another process,
/// or another connection, has committed is told by the header of the log's index, which is another then: all that came
/// before is given up.
final class StandingStates {
    /// The newest last; empty where there is no index.
    private var headers: [LogIndexHeader] = []
    /// Whether the transaction under way has changed something.
    private var hasChanged = false
    private var index: UnsafeRawPointer?

    /// More than commit while somebody goes from a look to her turn.
    private static let most = 32

    /// A transaction has begun.
    func begin(_ database: Database) {
        hasChanged = false
        let now = header(of: database)
        if let now, now == headers.last { return }
        headers = now.map { [$0] } ?? []
    }

    /// In the transaction under way something is to be written.
    func write(_ kind: WriteKind) {
        if kind != .addition { hasChanged = true }
    }

    /// The transaction under way has been committed.
    func commit(_ database: Database) {
        guard let before = headers.last, let now = header(of: database), now != before else { return }
        // Somebody else may have committed right behind it: then there are two more, of which one is not known.
        guard !hasChanged, now.commitCount == before.commitCount &+ 1 else { return headers = [] }
        if headers.count == StandingStates.most { headers.removeFirst() }
        headers.append(now)
    }

    /// Whether what was decided in a state stands in the transaction under way.
    func contain(_ state: SeenState) -> Bool { !hasChanged && headers.contains(state.header) }

    private func header(of database: Database) -> LogIndexHeader? {
        if index == nil { index = database.sqliteConnection.flatMap(LogIndexHeader.address(of:)) }
        return index.map(LogIndexHeader.init(at:))
    }
}
