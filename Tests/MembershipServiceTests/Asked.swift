import Synchronization

/// Says no so many times, and yes from then on.
final class Asked: Sendable {
    private let left: Mutex<Int>

    init(after count: Int) {
        left = Mutex(count)
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
