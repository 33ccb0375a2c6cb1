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
    /// A clock that shows a moment now and goes on from there.
    static func going(onFrom moment: Timestamp) -> WallClock {
        let begun = ContinuousClock().now
        return WallClock { moment + TimeSpan(milliseconds: (ContinuousClock().now - begun).milliseconds) }
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
