import ArgumentParser

/// One way of breaking the system.
protocol Trial: Sendable {
    /// As the table has it: `kill -9`.
    var name: String { get }
    /// What it can be run on.
    var engines: Set<Setting.Engine> { get }
    /// Its share of the time.
    var weight: Double { get }

    /// Breaks things until its time is over, and at least as often as the trial promises.
    ///
    /// - Throws: what kept the trial from being made; that counts as a fault too.
    func run(_ setting: Setting) async throws -> Outcome
}

/// What a trial is given.
struct Setting: Sendable {
    let engine: Engine
    /// Where the fortnight binary is.
    let fortnight: String
    /// Every choice follows from it.
    let seed: UInt64
    /// How long to go on.
    let time: Duration

    enum Engine: String, CaseIterable, ExpressibleByArgument, Sendable {
        case sqlite, postgres
    }
}

/// What a trial did, and what did not hold.
struct Outcome: Sendable {
    /// `212 kills, 48,201 acknowledged`
    let did: String
    /// What did not hold, each with what is needed to see it again; empty when all held.
    let faults: [String]
}
