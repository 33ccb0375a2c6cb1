import Foundation

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
}
