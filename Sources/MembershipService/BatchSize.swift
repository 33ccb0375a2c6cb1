/// How many things a batch does: so many that others who want to write wait only for milliseconds, on whatever machine
/// this is.
///
/// There are few sizes: statements that name each thing are compiled once for each.
struct BatchSize: Equatable, Sendable {
    private(set) var count = 400

    private static let sizes = [25, 50, 100, 200, 400, 800, 1600, 3200]
    private static let longest = Duration.milliseconds(25)
    /// Twice as much would still be short of the longest.
    private static let shortest = Duration.milliseconds(11)

    /// Learns from a batch how long it took. After one that took too long, the next has half as many; after a short one
    /// twice or four times as many.
    ///
    /// - Parameter done: how many things it did.
    mutating func adapt(to duration: Duration, for done: Int) {
        let wanted =
            if duration > BatchSize.longest {
                done / 2
            } else if let growth = [4, 2].first(where: { duration < BatchSize.shortest * 2 / $0 }) {
                done * growth
            } else {
                done
            }
        count = BatchSize.sizes.last { $0 <= wanted } ?? BatchSize.sizes[0]
    }
}
