package import Membership
import Synchronization

/// Makes identifiers: 42 bits of milliseconds, then 21 bits that tell apart what was made in the same one.
package final class IdentifierSource: Sendable {
    private let last = Locked<(millisecond: Int64, number: Int64)>((-1, 0))

    package init() {}

    /// Counts up from a random number in each millisecond, so that one process never repeats itself.
    package func next(at moment: Timestamp) -> Int64 {
        last.withLock { last in
            let first = IdentifierSource.first(at: moment)
            last = first == last.millisecond ? (first, last.number + 1) : (first, random(at: moment))
            return last.number
        }
    }

    /// A random one of the two million of a millisecond: whoever meets another's draws again.
    package func random(at moment: Timestamp) -> Int64 {
        IdentifierSource.first(at: moment) + Int64.random(in: 0..<1 << 21)
    }

    /// The smallest identifier of a millisecond.
    package static func first(at moment: Timestamp) -> Int64 {
        min(max(moment.milliseconds, 0), 1 << 42 - 1) << 21
    }
}
