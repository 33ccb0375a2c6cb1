/// How many things a batch does: so many that others who want to write wait only for milliseconds, on whatever machine
/// this is.
///
/// There are few sizes: statements that name each thing are compiled once for each.
struct BatchSize: Equatable, Sendable {
    private(set) var count = 400

    private static let sizes = [25, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200]
    private static let longest = Duration.milliseconds(18)

    /// Learns from a batch how long it took. After one that took too long, the next has half as many; after one that took
    /// less than half of that, one size more. Not more at a time: the next one may be put together while this is written,
    /// and one twice as large would not be ready by then.
    ///
    /// - Parameter done: how many things it did.
    mutating func adapt(to duration: Duration, for done: Int) {
        let wanted = duration > BatchSize.longest ? done / 2 : done
        let place = BatchSize.sizes.lastIndex { $0 <= wanted } ?? 0
        let isShort = duration < BatchSize.longest / 2
        count = BatchSize.sizes[min(place + (isShort ? 1 : 0), BatchSize.sizes.count - 1)]
    }
}
