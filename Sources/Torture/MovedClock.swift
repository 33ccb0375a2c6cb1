import Dispatch
import Membership
import Synchronization

/// A clock that a trial moves by hand, also back.
final class MovedClock: Sendable {
    private let moment: Locked<Timestamp>

    init(at moment: Timestamp) { self.moment = Locked(moment) }

    var now: Timestamp { moment.withLock { $0 } }

    func move(to moment: Timestamp) { self.moment.withLock { $0 = moment } }

    func move(by span: TimeSpan) { moment.withLock { $0 = $0 + span } }

    var wallClock: WallClock { WallClock { [self] in now } }
}

extension WallClock {
    /// A clock that shows a moment now, or has shown it then, and goes on from there.
    ///
    /// - Parameter begun: when it has, by ``uptime``: processes that are told the same have the same clock.
    static func going(onFrom moment: Timestamp, since begun: UInt64 = uptime) -> WallClock {
        WallClock { moment + TimeSpan(milliseconds: Int64(uptime - begun) / 1_000_000) }
    }

    /// For how many nanoseconds the machine has been up.
    static var uptime: UInt64 { DispatchTime.now().uptimeNanoseconds }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
