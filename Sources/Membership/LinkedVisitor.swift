/// A visitor that somebody was before she signed up.
public struct LinkedVisitor: Hashable, Sendable {
    /// What the site knew her by.
    public let id: VisitorID
    /// The last read of somebody who signed up before her as the same visitor: hers are later. Nil when nobody did.
    public let readAfter: Timestamp?
    /// When she signed up: what the visitor read by then is hers.
    public let linkedAt: Timestamp

    /// Makes one.
    public init(id: VisitorID, readAfter: Timestamp?, linkedAt: Timestamp) {
        self.id = id
        self.readAfter = readAfter
        self.linkedAt = linkedAt
    }
}
