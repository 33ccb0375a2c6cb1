import Testing

@testable import MembershipService

struct BatchSizeTests {
    @Test func aBatchThatTookTooLongIsHalved() {
        var size = BatchSize()
        size.adapt(toHolding: .milliseconds(25))
        #expect(size.count == 200)
        size.adapt(toHolding: .microseconds(25_001))
        #expect(size.count == 100)
    }

    @Test func aBatchGrowsWhereTwiceAsMuchIsStillShort() {
        var size = BatchSize()
        size.adapt(toHolding: .milliseconds(11))
        #expect(size.count == 200)
        size.adapt(toHolding: .microseconds(10_999))
        #expect(size.count == 400)
    }

    @Test func aBatchStaysWithinItsBounds() {
        var size = BatchSize()
        for _ in 0..<100 { size.adapt(toHolding: .zero) }
        #expect(size.count == 3200)
        for _ in 0..<100 { size.adapt(toHolding: .seconds(1)) }
        #expect(size.count == 25)
    }
}
