import Foundation
import Synchronization

/// Where a live database takes the time from.
public struct WallClock: Sendable {
    /// Tells the time.
    public let now: @Sendable () -> Timestamp

    /// Makes a clock of anything that tells the time.
    public init(now: @escaping @Sendable () -> Timestamp) {
        self.now = now
    }

    /// The clock of this machine.
    public static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// The same clock, except that it never goes back: behind what it has shown, or behind a moment.
    package func neverBackBehind(_ floor: Timestamp?) -> WallClock {
        let latest = LatestTime(floor ?? Timestamp(milliseconds: .min))
        return WallClock { [now] in latest.raise(to: now()) }
    }
}

/// The latest time that a clock has shown. It is looked at with every decision, and moves on once in a millisecond at
/// most.
private final class LatestTime: Sendable {
    private let milliseconds: Atomic<Int64>

    init(_ time: Timestamp) {
        milliseconds = Atomic(time.milliseconds)
    }

    func raise(to moment: Timestamp) -> Timestamp {
        let latest = milliseconds.load(ordering: .relaxed)
        guard moment.milliseconds > latest else { return Timestamp(milliseconds: latest) }
        let raised = milliseconds.max(moment.milliseconds, ordering: .relaxed).newValue
        return Timestamp(milliseconds: raised)
    }
}
