import Foundation

/// One case: ours beside a reference, over several rounds.
struct Measurement: Encodable {
    private(set) var name: String
    /// What the numbers are, such as `ms`.
    let unit: String
    /// The median over the rounds; the worst of them where there is a bound that all must keep.
    private(set) var ours: Double
    let reference: Double
    let ratio: Double
    /// From the lowest ratio of a round to the highest.
    let spread: [Double]
    /// What is aimed at, as text: a ratio such as `<= 4` or `>= 0.7`, or a bound of its own such as `<= 50 ms`, or
    /// `<= +64 MB` over the reference.
    let aim: String
    let holds: Bool

    private enum CodingKeys: String, CodingKey {
        case name = "case"
        case unit, ours, reference, ratio, spread, aim, holds
    }

    /// The same under another name.
    func named(_ name: String) -> Measurement {
        var copy = self
        copy.name = name
        return copy
    }

    /// The times of ours and of the reference on the same questions. Ours comes first on one half of them and the
    /// reference on the other, because whoever comes second finds what the first has brought into the caches.
    static func pair<Questions>(
        _ halves: (Questions, Questions), ours: (Questions) async throws -> Double,
        reference: (Questions) async throws -> Double
    ) async rethrows -> (ours: Double, reference: Double) {
        let oursFirst = try await ours(halves.0)
        let referenceSecond = try await reference(halves.0)
        let referenceFirst = try await reference(halves.1)
        let oursSecond = try await ours(halves.1)
        return (ours: (oursFirst + oursSecond) / 2, reference: (referenceFirst + referenceSecond) / 2)
    }

    /// A case in which less is better, such as a time.
    ///
    /// - Parameter rounds: ours and the reference, a pair a round.
    init(_ name: String, unit: String, rounds: [(ours: Double, reference: Double)], atMost aim: Double) {
        self.init(name, unit: unit, rounds: rounds, aim: "<= \(aim.formatted())") { $0 <= aim }
    }

    /// A case in which more is better, such as a rate.
    ///
    /// - Parameter rounds: ours and the reference, a pair a round.
    init(_ name: String, unit: String, rounds: [(ours: Double, reference: Double)], atLeast aim: Double) {
        self.init(name, unit: unit, rounds: rounds, aim: ">= \(aim.formatted())") { $0 >= aim }
    }

    /// A case with a bound of its own, which every round must keep: ours is the worst of them.
    ///
    /// - Parameter rounds: ours and the reference, a pair a round.
    init(_ name: String, unit: String, rounds: [(ours: Double, reference: Double)], eachAtMost aim: Double) {
        self.init(name, unit: unit, rounds: rounds, aim: "<= \(aim.formatted()) \(unit)") { _ in
            rounds.allSatisfy { $0.ours <= aim }
        }
        ours = rounds.map(\.ours).max() ?? .nan
    }

    /// A case with a bound for how much more ours may be than the reference, which every round must keep: ours is the
    /// worst of them.
    ///
    /// - Parameter rounds: ours and the reference, a pair a round.
    init(_ name: String, unit: String, rounds: [(ours: Double, reference: Double)], eachMoreByAtMost aim: Double) {
        self.init(name, unit: unit, rounds: rounds, aim: "<= +\(aim.formatted()) \(unit)") { _ in
            rounds.allSatisfy { $0.ours - $0.reference <= aim }
        }
        ours = rounds.map(\.ours).max() ?? .nan
    }

    private init(
        _ name: String, unit: String, rounds: [(ours: Double, reference: Double)], aim: String,
        holds: (Double) -> Bool
    ) {
        self.name = name
        self.unit = unit
        let ratios = rounds.map { $0.ours / $0.reference }
        ours = Measurement.median(rounds.map(\.ours))
        reference = Measurement.median(rounds.map(\.reference))
        ratio = Measurement.median(ratios)
        spread = [ratios.min() ?? .nan, ratios.max() ?? .nan]
        self.aim = aim
        self.holds = holds(ratio)
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    static func table(_ results: [Measurement]) -> String {
        var lines = [["case", "ours", "reference", "ratio", "spread", "aim", "holds"]]
        for result in results {
            lines.append([
                result.name, number(result.ours) + " " + result.unit, number(result.reference) + " " + result.unit,
                number(result.ratio), result.spread.map(number).joined(separator: "…"), result.aim,
                result.holds ? "yes" : "NO",
            ])
        }
        let widths = (0..<7).map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func number(_ value: Double) -> String {
        value.formatted(.number.precision(.significantDigits(3)).locale(Locale(identifier: "en_US_POSIX")))
    }
}
