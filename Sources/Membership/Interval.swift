/// A stretch of time from its start up to, but without, its end: `[startsAt, endsAt)`. No end means for ever.
public struct Interval: Hashable, Sendable {
    /// The first moment inside.
    public let startsAt: Timestamp
    /// The first moment after; nil when there is none.
    public let endsAt: Timestamp?

    /// Makes an interval; one that ends no later than it starts contains nothing.
    public init(from startsAt: Timestamp, until endsAt: Timestamp?) {
        self.startsAt = startsAt
        self.endsAt = endsAt
    }

    /// Whether the moment lies inside. The end is exclusive.
    public func contains(_ moment: Timestamp) -> Bool {
        startsAt <= moment && !hasEnded(by: moment)
    }

    /// Whether the end has come.
    public func hasEnded(by moment: Timestamp) -> Bool {
        guard let endsAt else { return false }
        return endsAt <= moment
    }

    /// What both contain; nil when that is nothing.
    func intersection(_ other: Interval) -> Interval? {
        let start = max(startsAt, other.startsAt)
        let end = [endsAt, other.endsAt].compactMap(\.self).min()
        return end.map { start < $0 } ?? true ? Interval(from: start, until: end) : nil
    }

    /// The same, where what lies ahead of `now`, but not behind `last`, has come.
    func caughtUp(to last: Timestamp, at now: Timestamp) -> Interval {
        func met(_ boundary: Timestamp) -> Timestamp { boundary <= last ? min(boundary, now) : boundary }
        return Interval(from: met(startsAt), until: endsAt.map(met))
    }

    /// Whether this interval goes on after the other has ended.
    func outlasts(_ other: Interval) -> Bool {
        guard let otherEnd = other.endsAt else { return false }
        guard let endsAt else { return true }
        return endsAt > otherEnd
    }
}
