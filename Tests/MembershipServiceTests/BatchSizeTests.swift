import Testing

@testable import MembershipService

struct BatchSizeTests {
    @Test func aBatchThatTookTooLongIsHalved() {
        var size = BatchSize()
        size.adapt(to: .milliseconds(25), for: 200)
        #expect(size.count == 200)
        size.adapt(to: .microseconds(25_001), for: 200)
        #expect(size.count == 100)
    }

    @Test func aBatchGrowsWhereAsMuchMoreIsStillShort() {
        var size = BatchSize()
        size.adapt(to: .milliseconds(11), for: 200)
        #expect(size.count == 200)
        size.adapt(to: .microseconds(10_999), for: 200)
        #expect(size.count == 400)
        size.adapt(to: .microseconds(5499), for: 400)
        #expect(size.count == 1600)
    }

    /// Found by Scripts/bench: the next batch is put together while one is written, and what a small one took was taken
    /// for what a large one takes.
    @Test func whatCountsIsHowManyTheBatchHad() {
        var size = BatchSize()
        for _ in 0..<3 { size.adapt(to: .milliseconds(4), for: 200) }
        #expect(size.count == 800)
        size.adapt(to: .milliseconds(30), for: 400)
        #expect(size.count == 200)
    }

    @Test func aBatchStaysWithinItsBounds() {
        var size = BatchSize()
        for _ in 0..<100 { size.adapt(to: .zero, for: size.count) }
        #expect(size.count == 3200)
        for _ in 0..<100 { size.adapt(to: .seconds(1), for: size.count) }
        #expect(size.count == 25)
        for done in [1, 3, 24] {
            size.adapt(to: .milliseconds(12), for: done)
            #expect(size.count == 25)
        }
    }

    /// The last batch of a run with a limit has as many as are left.
    @Test func thereAreFewSizes() {
        var size = BatchSize()
        size.adapt(to: .milliseconds(12), for: 883)
        #expect(size.count == 800)
        size.adapt(to: .milliseconds(4), for: 883)
        #expect(size.count == 3200)
    }
}
