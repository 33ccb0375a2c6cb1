/// How long to wait before something is tried again: longer each time, up to a bound.
package struct Backoff: Sendable {
    let first: TimeSpan
    let longest: TimeSpan

    /// Accounts with which a job fails: a minute, two, four, and at most a day.
    package static let failingAccount = Backoff(first: .minutes(1), longest: .days(1))
    /// Mail that does not leave: a minute, two, four, and at most six hours.
    package static let mail = Backoff(first: .minutes(1), longest: .hours(6))

    /// The wait after so many failures in a row, the first being 1.
    package func wait(afterFailure number: Int) -> TimeSpan {
        // Longer than any bound long before the shift could overflow.
        let doublings = min(max(number - 1, 0), 20)
        return min(TimeSpan(milliseconds: first.milliseconds << Int64(doublings)), longest)
    }
}
