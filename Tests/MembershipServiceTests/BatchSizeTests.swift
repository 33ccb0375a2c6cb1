import Testing

@testable import MembershipService

struct BatchSizeTests {
    @Test func aBatchThatTookTooLongIsHalved() {
        var size = BatchSize()
        size.adapt(toHolding: .milliseconds(25), by: 200)
        #expect(size.count == 200)
        size.adapt(toHolding: .microseconds(25_001), by: 200)
        #expect(size.count == 100)
    }

    @Test func aBatchGrowsWhereAsMuchMoreIsStillShort() {
        var size = BatchSize()
        size.adapt(toHolding: .milliseconds(11), by: 200)
        #expect(size.count == 200)
        size.adapt(toHolding: .microseconds(10_999), by: 200)
        #expect(size.count == 400)
        size.adapt(toHolding: .microseconds(5499), by: 400)
        #expect(size.count == 1600)
    }

    /// Found by Scripts/bench: the next batch is put together while one is written, and what a small one took was taken
    /// for what a large one takes.
    @Test func whatCountsIsHowManyTheBatchHad() {
        var size = BatchSize()
        for _ in 0..<3 { size.adapt(toHolding: .milliseconds(4), by: 200) }
        #expect(size.count == 800)
        size.adapt(toHolding: .milliseconds(30), by: 400)
        #expect(size.count == 200)
    }

    @Test func aBatchStaysWithinItsBounds() {
        var size = BatchSize()
        for _ in 0..<100 { size.adapt(toHolding: .zero, by: size.count) }
        #expect(size.count == 3200)
        for _ in 0..<100 { size.adapt(toHolding: .seconds(1), by: size.count) }
        #expect(size.count == 25)
    }
}
