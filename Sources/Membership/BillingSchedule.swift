/// When the periods of a subscription begin: by the calendar of a time zone, always on the anchor's day and at its time
/// of day.
///
/// A month that is too short has the boundary on its last day, and the next one is on the anchor's day again: 31
/// January, 28 February, 31 March. Every boundary is counted from the anchor, so that nothing drifts.
package struct BillingSchedule: Hashable, Sendable {
    /// A boundary that is known.
    package let anchor: Timestamp
    /// The day of the month to keep, 1 to 31; it differs from the anchor's own where the anchor is in a short month.
    package let anchorDay: Int
    /// Which boundary the anchor is: it begins the period of this number, the first being 0.
    package let anchorIndex: Int
    /// From boundary to boundary.
    package let interval: BillingInterval
    /// The calendar's zone.
    package let zone: Zone

    /// Makes a schedule.
    ///
    /// - Parameter anchorDay: nil for the day that the anchor is on.
    package init(
        anchor: Timestamp, anchorDay: Int? = nil, anchorIndex: Int = 0, interval: BillingInterval, zone: Zone
    ) {
        self.anchor = anchor
        self.anchorDay = anchorDay ?? zone.local(anchor).date.day
        self.anchorIndex = anchorIndex
        self.interval = interval
        self.zone = zone
    }

    /// When the period of a number begins, and the one before it ends.
    package func boundary(_ index: Int) -> Timestamp {
        // The anchor may be the second of two moments at which the clock shows the same.
        if index == anchorIndex { return anchor }
        return zone.moment(date(index), millisecondOfDay: zone.local(anchor).millisecondOfDay)
    }

    /// The schedule that goes on from a boundary of this one in other steps, on the same day of the month and at the
    /// same time of day.
    package func continued(from index: Int, by interval: BillingInterval) -> BillingSchedule {
        guard interval != self.interval else { return self }
        let (date, time) = (date(index), zone.local(anchor).millisecondOfDay)
        // Days do not keep a day of the month.
        let day = self.interval.unit == .day ? date.day : anchorDay
        var next = BillingSchedule(
            anchor: boundary(index), anchorDay: day, anchorIndex: index, interval: interval, zone: zone)
        // Where the zone skips the time of day, the next boundary that has it tells what it is.
        while zone.local(next.anchor).millisecondOfDay != time, next.anchorIndex < index + 12 {
            let date = BillingSchedule.date(next.anchorIndex + 1 - index, of: interval, day: day, after: date)
            next = BillingSchedule(
                anchor: zone.moment(date, millisecondOfDay: time), anchorDay: day, anchorIndex: next.anchorIndex + 1,
                interval: interval, zone: zone)
        }
        return next
    }

    private func date(_ index: Int) -> CivilDate {
        BillingSchedule.date(index - anchorIndex, of: interval, day: anchorDay, after: zone.local(anchor).date)
    }

    /// The date so many periods later, on a day of the month where that counts.
    private static func date(
        _ periods: Int, of interval: BillingInterval, day: Int, after date: CivilDate
    ) -> CivilDate {
        let steps = periods * interval.count
        switch interval.unit {
        case .day: return CivilDate(daysSince1970: date.daysSince1970 + steps)
        case .month: return month(steps, after: date, day: day)
        case .year: return month(steps * 12, after: date, day: day)
        }
    }

    private static func month(_ months: Int, after date: CivilDate, day: Int) -> CivilDate {
        let (years, month) = (date.month - 1 + months).flooredDivision(by: 12)
        let year = date.year + years
        return CivilDate(year: year, month: month + 1, day: min(day, CivilDate.days(inMonth: month + 1, of: year)))
    }
}
