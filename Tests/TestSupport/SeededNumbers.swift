/// Numbers that are the same for the same seed: SplitMix64 (Steele, Lea, Flood 2014). Tests, trials and measurements
/// choose by them.
package struct SeededNumbers: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// Numbers of their own for a part of what is done, so that its parts do not depend on each other's progress.
    package init(seed: UInt64, _ part: Int...) {
        state = seed
        for number in part { state = next() ^ UInt64(truncatingIfNeeded: number) }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SeededNumbers.mixed(state)
    }

    /// A number that looks like none of its neighbours'.
    package static func mixed(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    package mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
