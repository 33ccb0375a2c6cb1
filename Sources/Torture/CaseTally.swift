import TestSupport

/// How far a trial has come that tries one case after the other, each a call that fails.
struct CaseTally {
    private(set) var tried = 0
    /// Cases whose call did not come this time: what runs beside does not always make as many.
    private(set) var unmet = 0
    /// Calls that said that they had failed.
    var refused = 0
    private(set) var faults: [String] = []

    private let least: Int
    private let end: ContinuousClock.Instant
    /// What is wrong with one is often wrong with many.
    private static let mostFaults = 5

    /// - Parameters:
    ///   - least: so many are tried in any case.
    ///   - time: how long to go on with others.
    init(least: Int, time: Duration) {
        self.least = least
        end = ContinuousClock().now + time
    }

    /// Whether another case is to be tried.
    var goesOn: Bool { faults.count < CaseTally.mostFaults && (tried < least || ContinuousClock().now < end) }

    /// Notes a case.
    ///
    /// - Parameters:
    ///   - wasMet: whether its call came, and failed.
    ///   - flaws: what did not hold; the first is kept.
    mutating func note(_ what: String, wasMet: Bool, _ flaws: [String]) {
        if wasMet { tried += 1 } else { unmet += 1 }
        faults += flaws.prefix(1).map { "\(what): \($0)" }
    }

    /// - Parameter all: how many cases there are.
    func outcome(of all: Int) -> Outcome {
        Outcome(
            did: "\(tried) of \(all) faults in turn, \(refused) calls refused, \(unmet) whose call did not come",
            faults: faults)
    }

    /// An order in which a short run has what did not hold once, and then some of each kind.
    ///
    /// - Parameters:
    ///   - kinds: the cases of each.
    ///   - wasFound: whether a case did not hold once.
    /// - Throws: when none of what was found is a case any more.
    static func order<Case>(
        _ kinds: [[Case]], first wasFound: (Case) -> Bool, _ dice: inout SeededNumbers
    ) throws -> (found: [Case], others: [Case]) {
        let shuffled = kinds.map { $0.shuffled(using: &dice) }
        let inTurn = (0..<(shuffled.map(\.count).max() ?? 0)).flatMap { place in
            shuffled.compactMap { $0.indices.contains(place) ? $0[place] : nil }
        }
        let found = inTurn.filter(wasFound)
        guard !found.isEmpty else { throw Stopped("what was found once is no case any more") }
        return (found, inTurn.filter { !wasFound($0) })
    }
}
