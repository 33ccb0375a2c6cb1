import Membership
import Synchronization

/// Says no so many times, and yes from then on.
final class Asked: Sendable {
    private let left: Locked<Int>

    init(after count: Int) {
        left = Locked(count)
    }

    var isTrue: @Sendable () -> Bool {
        { [self] in
            left.withLock { left in
                left -= 1
                return left < 0
            }
        }
    }
}
