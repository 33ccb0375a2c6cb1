/// When the periods of a subscription begin: by the calendar of a time zone, always on the anchor's day and at its time
/// of day.
///
/// A month that is too short has the boundary on its last day, and the next one is on the anchor's day again: 31 January,
/// 28 February, 31 March. Every boundary is counted from the anchor, so that nothing drifts.
public struct BillingSchedule: Hashable, Sendable {
    /// A boundary that is known.
    public let anchor: Timestamp
    /// The day of the month to keep, 1 to 31; it differs from the anchor's own where the anchor is in a short month.
    public let anchorDay: Int
    /// Which boundary the anchor is: it begins the period of this number, the first being 0.
    public let anchorIndex: Int
    /// From boundary to boundary.
    public let interval: BillingInterval
    /// The calendar's zone.
    public let zone: Zone

    /// Makes a schedule.
    ///
    /// - Parameter anchorDay: nil for the day that the anchor is on.
    public init(
        anchor: Timestamp, anchorDay: Int? = nil, anchorIndex: Int = 0, interval: BillingInterval, zone: Zone
    ) {
        self.anchor = anchor
        self.anchorDay = anchorDay ?? zone.local(anchor).date.day
        self.anchorIndex = anchorIndex
        self.interval = interval
        self.zone = zone
    }

    /// When the period of a number begins, and the one before it ends.
    public func boundary(_ index: Int) -> Timestamp {
        let local = zone.local(anchor)
        let steps = (index - anchorIndex) * interval.count
        let date: CivilDate
        switch interval.unit {
        case .day: date = CivilDate(daysSince1970: local.date.daysSince1970 + steps)
        case .month: date = month(steps, after: local.date)
        case .year: date = month(steps * 12, after: local.date)
        }
        return zone.moment(date, millisecondOfDay: local.millisecondOfDay)
    }

    private func month(_ months: Int, after date: CivilDate) -> CivilDate {
        let (years, month) = (date.month - 1 + months).flooredDivision(by: 12)
        let year = date.year + years
        return CivilDate(
            year: year, month: month + 1, day: min(anchorDay, CivilDate.days(inMonth: month + 1, of: year)))
    }
}
