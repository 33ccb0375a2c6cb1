/// A state of the database that somebody has looked at.
package struct SeenState: Sendable {
    /// What stood in the log's index before the look: what was seen is that, or something later.
    let header: LogIndexHeader
}

/// The states of a file that have followed each other by additions alone (``WriteKind/addition``): what was decided in
/// one of them stands in the newest too.
///
/// Only the connection that writes has it, and asks inside a transaction, while nobody else can commit. What somebody
/// else has committed since, another process for instance, is told by the header of the log's index, which is another
/// then: all that came before is given up. A header does not say of which file it is: all are of the one that was
/// opened.
final class StandingStates {
    /// The newest last; empty where there is no index.
    private var headers: [LogIndexHeader] = []
    /// Whether the transaction under way has changed something.
    private var hasChanged = false

    /// More than commit while somebody goes from a look to her turn.
    private static let most = 32

    /// A transaction has begun.
    ///
    /// - Parameter header: of the log's index, now that nobody else can write; nil where there is none.
    func hasBegun(_ header: LogIndexHeader?) {
        hasChanged = false
        if let header, header == headers.last { return }
        headers = header.map { [$0] } ?? []
    }

    /// In the transaction under way something is going to be written.
    func willWrite(_ kind: WriteKind) {
        if kind != .addition { hasChanged = true }
    }

    /// The transaction under way has been committed.
    ///
    /// - Parameter header: of the log's index, now that others can write again.
    func hasCommitted(_ header: LogIndexHeader?) {
        guard let before = headers.last, let header, header != before else { return }
        // Somebody else may have committed right behind it: then there are two more, of which one is not known.
        guard !hasChanged, header.commitCount == before.commitCount &+ 1 else { return headers = [] }
        if headers.count == StandingStates.most { headers.removeFirst() }
        headers.append(header)
    }

    /// Whether what was decided in a state stands in the transaction under way.
    func contain(_ state: SeenState) -> Bool { !hasChanged && headers.contains(state.header) }
}
