/// What holds from a moment on, worked out once for what will be asked about often.
struct KeptPhases<Value: Sendable>: Sendable {
    struct Phase: Sendable {
        let value: Value
        let interval: Interval
    }

    /// What holds at first; nil when it is worked out each time.
    private let first: Phase?
    /// What holds after it.
    private let later: [Phase]

    /// - Parameters:
    ///   - start: nil when nothing is to be kept.
    ///   - boundaries: when something else may hold, in any order.
    init(from start: Timestamp?, changingAt boundaries: [Timestamp], _ make: (Timestamp) -> Value) {
        guard let start else {
            (first, later) = (nil, [])
            return
        }
        let ahead = boundaries.contains { $0 > start } ? Set(boundaries.lazy.filter { $0 > start }).sorted() : []
        func phase(_ start: Timestamp, until end: Timestamp?) -> Phase {
            Phase(value: make(start), interval: Interval(from: start, until: end))
        }
        first = phase(start, until: ahead.first)
        later = ahead.indices.prefix(KeptPhases.mostLater).map { index in
            phase(ahead[index], until: index + 1 < ahead.count ? ahead[index + 1] : nil)
        }
    }

    private static var mostLater: Int { 16 }

    func phase(at moment: Timestamp) -> Phase? {
        if let first, first.interval.contains(moment) { return first }
        return later.first { $0.interval.contains(moment) }
    }
}
