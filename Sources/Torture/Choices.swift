/// Choices that are the same for the same seed: SplitMix64 (Steele, Lea, Flood 2014).
struct Choices: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Choices of their own for a part of what is done, so that its parts do not depend on each other's progress.
    init(seed: UInt64, _ part: Int...) {
        state = seed
        for number in part { state = next() ^ UInt64(truncatingIfNeeded: number) }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}
