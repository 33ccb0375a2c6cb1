/// How many things a batch does: so many that others who want to write wait only for milliseconds, on whatever machine
/// this is.
///
/// It doubles and halves, so that there are few sizes: statements that name each thing are compiled once for each.
struct BatchSize: Equatable, Sendable {
    private(set) var count = 200

    private static let counts = 25...3200
    private static let longest = Duration.milliseconds(25)
    /// Twice as much would still be short of the longest.
    private static let shortest = Duration.milliseconds(11)

    /// Learns from a batch how long it kept others from writing.
    mutating func adapt(toHolding duration: Duration) {
        if duration > BatchSize.longest {
            count = max(count / 2, BatchSize.counts.lowerBound)
        } else if duration < BatchSize.shortest {
            count = min(count * 2, BatchSize.counts.upperBound)
        }
    }
}
