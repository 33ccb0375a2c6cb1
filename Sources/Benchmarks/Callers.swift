import Foundation

/// Many who call at the same time, each again as soon as it is answered.
enum Callers {
    static let many = 64

    /// How often a second something is done.
    ///
    /// - Returns: the rate, and how often it was done in all.
    @concurrent
    static func rate(
        _ count: Int, for duration: Duration, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> (rate: Double, done: Int) {
        let clock = ContinuousClock()
        let start = clock.now
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<count {
                group.addTask {
                    var done = 0
                    while clock.now - start < duration {
                        try await body()
                        done += 1
                    }
                    return done
                }
            }
            return try await group.reduce(0, +)
        }
        return (rate: Double(done) / ((clock.now - start) / .seconds(1)), done: done)
    }

    /// As ``rate(_:for:_:)``, of one caller who needs nothing else.
    ///
    /// - Parameter count: how many times the body does it.
    static func rate(
        for duration: Duration, each count: Int = 1, _ body: () throws -> Void
    ) throws -> (rate: Double, done: Int) {
        let clock = ContinuousClock()
        let start = clock.now
        var done = 0
        while clock.now - start < duration {
            try body()
            done += count
        }
        return (rate: Double(done) / ((clock.now - start) / .seconds(1)), done: done)
    }

    /// Says how far sharing a commit gets plain SQL, which is as far as it can get anybody.
    static func tell(_ what: String, ofShared shared: [Double], alone: [Double]) {
        let (many, one) = (Measurement.median(shared), Measurement.median(alone))
        print(
            "\(what): plain SQL alone \(Int(one)) /s, with \(Callers.many) in a transaction \(Int(many)) /s, "
                + "\((many / one).formatted(.number.precision(.significantDigits(3)))) times as many")
    }
}

/// Rows with everything left out that is another's in each of them: identifiers, times, hashes, addresses.
enum RowShape {
    static func of(_ rows: [[ReferenceValue]]) -> [[String]] {
        rows.map { $0.map(of) }
    }

    private static func of(_ value: ReferenceValue) -> String {
        switch value {
        case .null: "NULL"
        case .integer(let number): number > 1_000_000_000 ? "#" : String(number)
        case .text(let text):
            text.replacing(/[0-9a-f]{64}/, with: "<hash>").replacing(/(sub|acct|art)_[0-9a-z]{13}/, with: "<id>")
                .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/, with: "<time>")
                .replacing(/[^ "]+@example\.com/, with: "<address>")
        }
    }
}
