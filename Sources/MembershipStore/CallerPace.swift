/// How closely callers follow each other, each behind the answer to the one before.
struct CallerPace {
    /// Whoever comes so soon comes at once.
    static let closest = Duration.microseconds(100)

    /// Whether the last one came at once, so that the next is worth waiting for.
    private(set) var isClose = false
    /// Since when nobody is waited for; nil when somebody was in vain, so that the time says nothing of who comes next.
    private var idleSince: ContinuousClock.Instant?

    /// Nobody is there any more.
    mutating func nobodyCame(by now: ContinuousClock.Instant) {
        idleSince = isClose ? nil : now
        isClose = false
    }

    /// Somebody came when nobody was waited for.
    mutating func somebodyCame(at now: ContinuousClock.Instant) {
        isClose = idleSince.map { now - $0 < CallerPace.closest } ?? false
    }
}
