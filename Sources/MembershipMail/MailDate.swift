import Membership

/// A moment as mail has it (RFC 5322, 3.3), in UTC and to the second: `Tue, 24 Nov 2026 09:25:00 +0000`.
enum MailDate {
    static func text(of moment: Timestamp) -> String {
        let seconds = moment.milliseconds.flooredDivision(by: 1000).quotient
        let days = seconds.flooredDivision(by: 86_400).quotient
        let date = CivilDate(daysSince1970: Int(days))
        // The first of January 1970 was a Thursday.
        let weekday = weekdays[Int((days % 7 + 7 + 4) % 7)]
        let second = Int(seconds - days * 86_400)
        let clock = [second / 3600, second / 60 % 60, second % 60].map { padded($0, 2) }.joined(separator: ":")
        return "\(weekday), \(date.day) \(months[date.month - 1]) \(padded(date.year, 4)) \(clock) +0000"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
