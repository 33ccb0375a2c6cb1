import Testing

@testable import MembershipService

struct BatchSizeTests {
    @Test func aBatchThatTookTooLongIsHalved() {
        var size = BatchSize()
        size.adapt(to: .milliseconds(18), for: 200)
        #expect(size.count == 200)
        size.adapt(to: .microseconds(18_001), for: 200)
        #expect(size.count == 100)
    }

    /// The next batch is put together while one is written: one twice as large would not be ready in time.
    @Test func aBatchGrowsByOneSizeWhereTwiceAsMuchIsStillShort() {
        var size = BatchSize()
        size.adapt(to: .microseconds(9_000), for: 200)
        #expect(size.count == 200)
        size.adapt(to: .microseconds(8_999), for: 200)
        #expect(size.count == 300)
        size.adapt(to: .zero, for: 300)
        #expect(size.count == 400)
    }

    /// Found by Scripts/bench: the next batch is put together while one is written, and what a small one took was taken
    /// for what a large one takes.
    @Test func whatCountsIsHowManyTheBatchHad() {
        var size = BatchSize()
        for _ in 0..<3 { size.adapt(to: .milliseconds(4), for: 200) }
        #expect(size.count == 300)
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
            size.adapt(to: .milliseconds(13), for: done)
            #expect(size.count == 25)
        }
    }

    @Test func everySizeIsReachedOnTheWayUp() {
        var size = BatchSize()
        for _ in 0..<100 { size.adapt(to: .seconds(1), for: size.count) }
        var sizes = [size.count]
        for _ in 0..<13 {
            size.adapt(to: .zero, for: size.count)
            sizes.append(size.count)
        }
        #expect(sizes == [25, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200])
    }

    /// The last batch of a run with a limit has as many as are left.
    @Test func thereAreFewSizes() {
        var size = BatchSize()
        size.adapt(to: .milliseconds(13), for: 883)
        #expect(size.count == 800)
        size.adapt(to: .milliseconds(4), for: 883)
        #expect(size.count == 1200)
    }
}
