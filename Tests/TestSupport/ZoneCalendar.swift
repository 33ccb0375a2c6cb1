import Foundation
package import Membership

/// The calendar on the wall of a zone, by Foundation: how the tests reckon what the sources reckon on their own.
package struct ZoneCalendar: Sendable {
    /// What calendar and clock show.
    package struct Wall: Equatable, Sendable {
        package var year: Int
        package var month: Int
        package var day: Int
        /// The day of the month to come back to when `day` had to be earlier, at the end of a short month.
        package var wantedDay: Int
        /// Since midnight as the clock shows it.
        package var milliseconds: Int64

        package init(year: Int, month: Int, day: Int, wantedDay: Int, milliseconds: Int64) {
            (self.year, self.month, self.day, self.wantedDay) = (year, month, day, wantedDay)
            self.milliseconds = milliseconds
        }
    }

    private let calendar: Calendar
    private let utc: Calendar

    package init(_ zone: String) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: zone) ?? .gmt
        self.calendar = calendar
        var utc = Calendar(identifier: .gregorian)
        utc.timeZone = .gmt
        self.utc = utc
    }

    /// What the wall shows at a moment, in milliseconds since 1970.
    package func wall(_ moment: Int64) -> Wall {
        let millisecond = (moment % 1000 + 1000) % 1000
        let date = Date(timeIntervalSince1970: Double((moment - millisecond) / 1000))
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        let day = parts.day ?? 0
        let seconds = ((parts.hour ?? 0) * 60 + (parts.minute ?? 0)) * 60 + (parts.second ?? 0)
        return Wall(
            year: parts.year ?? 0, month: parts.month ?? 0, day: day, wantedDay: day,
            milliseconds: Int64(seconds) * 1000 + millisecond)
    }

    /// The wall so many units later: days are days, months and years come to the wanted day or the month's last.
    package func step(_ wall: Wall, _ unit: BillingInterval.Unit, _ count: Int) -> Wall {
        var result = wall
        switch unit {
        case .day:
            let noon = DateComponents(year: wall.year, month: wall.month, day: wall.day + count, hour: 12)
            let parts = utc.dateComponents([.year, .month, .day], from: utc.date(from: noon) ?? .distantPast)
            (result.year, result.month, result.day) = (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
        case .month, .year:
            let months = wall.year * 12 + wall.month - 1 + count * (unit == .year ? 12 : 1)
            (result.year, result.month) = (months / 12, months % 12 + 1)
            let first = utc.date(from: DateComponents(year: result.year, month: result.month, day: 1, hour: 12))
            let length = first.flatMap { utc.range(of: .day, in: .month, for: $0)?.count } ?? 0
            result.day = min(wall.wantedDay, length)
        }
        return result
    }

    /// Whether the month is over with the day that the wall shows.
    package func isLastDayOfMonth(_ wall: Wall) -> Bool {
        step(wall, .day, 1).month != wall.month
    }

    /// The moment at which the wall shows this: the first of two; behind a gap, as far as it stood in it.
    package func moment(_ wall: Wall) -> Int64 {
        let found = date(wall)
        let shown = self.wall(found)
        if (shown.month, shown.day, shown.milliseconds) == (wall.month, wall.day, wall.milliseconds) { return found }
        // In a gap: as if the clocks had not been moved since the day before.
        return date(step(wall, .day, -1)) + 86_400_000
    }

    private func date(_ wall: Wall) -> Int64 {
        let seconds = Int(wall.milliseconds / 1000)
        let parts = DateComponents(
            year: wall.year, month: wall.month, day: wall.day, hour: seconds / 3600, minute: seconds / 60 % 60,
            second: seconds % 60)
        let date = calendar.date(from: parts) ?? .distantPast
        return Int64(date.timeIntervalSince1970) * 1000 + wall.milliseconds % 1000
    }
}
