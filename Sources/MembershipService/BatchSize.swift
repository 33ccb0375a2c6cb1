/// How many things a batch does: so many that others who want to write wait only for milliseconds, on whatever machine
/// this is.
///
/// It doubles, perhaps twice at once, and halves, so that there are few sizes: statements that name each thing are compiled once for each.
struct BatchSize: Equatable, Sendable {
    private(set) var count = 200

    private static let counts = 25...3200
    private static let longest = Duration.milliseconds(25)
    /// Twice as much would still be short of the longest.
    private static let shortest = Duration.milliseconds(11)

    /// Learns from a batch how long it kept others from writing.
    ///
    /// - Parameter done: how many things it did.
    mutating func adapt(toHolding duration: Duration, by done: Int) {
        if duration > BatchSize.longest {
            count = max(done / 2, BatchSize.counts.lowerBound)
        } else if let growth = [4, 2].first(where: { duration < BatchSize.shortest * 2 / $0 }) {
            count = min(done * growth, BatchSize.counts.upperBound)
        } else {
            count = done
        }
    }
}
