import Testing

@testable import MembershipStore

struct CallerPaceTests {
    private let start = ContinuousClock().now
    private let atOnce = Duration.microseconds(99)
    private let later = Duration.microseconds(100)

    @Test func whoComesFirstFollowsNobody() {
        var pace = CallerPace()
        #expect(!pace.isClose)
        pace.somebodyCame(at: start)
        #expect(!pace.isClose)
    }

    @Test func whoComesAtOnceIsCloseAndWhoComesLaterIsNot() {
        for (gap, isClose) in [(atOnce, true), (later, false)] {
            var pace = CallerPace()
            pace.nobodyCame(by: start)
            pace.somebodyCame(at: start + gap)
            #expect(pace.isClose == isClose)
        }
    }

    @Test func whoWasWaitedForInVainIsWaitedForNoMoreUntilSomebodyComesAtOnce() {
        var pace = CallerPace()
        pace.nobodyCame(by: start)
        pace.somebodyCame(at: start + atOnce)
        pace.nobodyCame(by: start + later)
        #expect(!pace.isClose)
        // However soon behind the waiting: it was long behind the answer.
        pace.somebodyCame(at: start + later)
        #expect(!pace.isClose)
        pace.nobodyCame(by: start + later)
        pace.somebodyCame(at: start + later + atOnce)
        #expect(pace.isClose)
    }
}
