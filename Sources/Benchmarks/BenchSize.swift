/// How much there is, and how much of it is measured.
struct BenchSize: Sendable {
    let rounds: Int
    let accounts: Int
    let articles: Int
    /// Each for ours and for the reference, a round.
    let checks: Int
    /// The accounts between which one check is compared.
    let growth: (from: Int, to: Int)
    /// How long a round of writes lasts for each of the two.
    let writing: Duration
    /// The trials that end, and the subscriptions among which they do.
    let expiry: (due: Int, of: Int)
    let imported: Int
    /// After how many checks memory is looked at.
    let memory: (first: Int, last: Int)

    static let full = BenchSize(
        rounds: 15, accounts: 1_000_000, articles: 100_000, checks: 40_000, growth: (10_000, 5_000_000),
        writing: .seconds(2), expiry: (1_000_000, 2_000_000), imported: 100_000, memory: (10_000, 1_000_000))

    static let quick = BenchSize(
        rounds: 5, accounts: 100_000, articles: 10_000, checks: 10_000, growth: (10_000, 500_000),
        writing: .milliseconds(500), expiry: (200_000, 400_000), imported: 5_000, memory: (10_000, 100_000))
}
