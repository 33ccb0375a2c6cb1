package import Membership
import Synchronization

/// Makes identifiers: 42 bits of milliseconds, then 21 bits that begin at random in each millisecond and count up,
/// so that one process never repeats itself and two rarely meet.
package final class IdentifierSource: Sendable {
    private let last = Mutex<(millisecond: Int64, number: Int64)>((-1, 0))

    package init() {}

    package func next(at moment: Timestamp) -> Int64 {
        last.withLock { last in
            let millisecond = min(max(moment.milliseconds, 0), 1 << 42 - 1)
            let number =
                millisecond == last.millisecond
                ? last.number + 1 : millisecond << 21 | Int64.random(in: 0..<1 << 21)
            last = (millisecond, number)
            return number
        }
    }
}
