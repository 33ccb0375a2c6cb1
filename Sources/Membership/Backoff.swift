/// How long to wait before something is tried again: longer each time, up to a bound.
package struct Backoff: Sendable {
    let first: TimeSpan
    let longest: TimeSpan

    /// Accounts with which a job fails: a minute, two, four, and at most a day.
    package static let failingAccount = Backoff(first: .minutes(1), longest: .days(1))
    /// Mail that does not leave: a minute, two, four, and at most six hours.
    package static let mail = Backoff(first: .minutes(1), longest: .hours(6))
    /// Mail that a server or a folder does not even look at: it is to leave soon after that is over.
    package static let outage = Backoff(first: .minutes(1), longest: .minutes(15))

    /// The wait after failures that are not counted: as long as it has gone on already, within the bounds.
    package func wait(afterWaiting waited: TimeSpan) -> TimeSpan {
        min(max(waited, first), longest)
    }

    /// The wait after so many failures in a row, the first being 1.
    package func wait(afterFailure number: Int) -> TimeSpan {
        // Longer than any bound long before the shift could overflow.
        let doublings = min(max(number - 1, 0), 20)
        return min(TimeSpan(milliseconds: first.milliseconds << Int64(doublings)), longest)
    }
}
