/// What of the reading of several people went to one thing: a fraction of each, summed up.
///
/// Whole numbers alone, so that a sum is the same on every machine and in whatever order it is made.
public struct ReadingShare: Hashable, Comparable, Sendable {
    /// In parts of 10^-24, each fraction rounded down.
    private var parts: Int128

    private static let whole: Int128 = 1_000_000_000_000_000_000_000_000

    /// Nobody's reading.
    public static let none = ReadingShare(parts: 0)

    private init(parts: Int128) {
        self.parts = parts
    }

    /// Less comes first.
    public static func < (left: ReadingShare, right: ReadingShare) -> Bool { left.parts < right.parts }

    /// Adds `count` parts of a whole of `total`: of one reader, or of several who each have read as much.
    package mutating func add(_ count: Int, of total: Int) {
        guard total > 0 else { return }
        parts += Int128(count) * ReadingShare.whole / Int128(total)
    }

    /// How many hundredths of the reading of so many readers it is.
    public func percent(ofReaders readers: Int) -> ReadingShare {
        ReadingShare(parts: readers == 0 ? 0 : parts * 100 / Int128(readers))
    }

    /// The number with so many decimals behind a point, 1 to 9, halves rounded up.
    public func decimal(places: Int) -> String {
        // What was rounded down is far below the eighteenth place, so that a half is seen as one.
        let exact = ReadingShare.rounded(parts, by: 6)
        let digits = String(ReadingShare.rounded(exact, by: 18 - places))
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return padded.dropLast(places) + "." + padded.suffix(places)
    }

    private static func rounded(_ number: Int128, by places: Int) -> Int128 {
        let unit = (0..<places).reduce(Int128(1)) { unit, _ in unit * 10 }
        return (number + unit / 2) / unit
    }
}
