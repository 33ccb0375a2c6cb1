import Foundation
import Synchronization

/// A time zone of the IANA database.
public struct Zone: Sendable {
    private let known: Known

    /// `Europe/Berlin`.
    public var name: String { known.name }

    /// In one place, because zones are handed on with every subscription.
    private final class Known: Sendable {
        let name: String
        let zone: TimeZone
        /// The two months that were worked out last. Nearly everything that is asked about a zone is about the month that
        /// it is, and the one after; and to find what the zone's rules make of a moment takes longer than all else about a
        /// meter.
        let lastMonths = Locked<(Interval?, Interval?)>((nil, nil))

        init(name: String, zone: TimeZone) {
            self.name = name
            self.zone = zone
        }
    }

    /// UTC.
    public static let utc = Zone(name: "UTC", zone: .gmt)

    /// Reads a name of the IANA database.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        guard let zone = TimeZone(identifier: text) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a time zone.", remedy: "Give an IANA name: Europe/Berlin, UTC.")
        }
        self.init(name: text, zone: zone)
    }

    /// Takes a name that was checked before it was stored.
    ///
    /// - Throws: ``MembershipError`` with code `database_damaged` when this machine does not know it: in another zone a
    ///   boundary may be on another day, and a period a month shorter.
    package init(stored name: String) throws(MembershipError) {
        if let stored = Zone.stored.withLock({ $0[name] }) {
            self = stored
            return
        }
        guard let zone = TimeZone(identifier: name) else {
            throw MembershipError(
                .databaseDamaged, "This machine does not know the time zone ‘\(name)’ that is stored.",
                remedy: "Install the time zone database (Debian: tzdata), of the version of the other machines.")
        }
        self.init(name: name, zone: zone)
        Zone.stored.withLock { [self] in $0[name] = self }
    }

    /// Zones that were taken from a database before, by name: no more than there are names in databases of this process.
    private static let stored = Locked<[String: Zone]>([:])

    private init(name: String, zone: TimeZone) {
        known = Known(name: name, zone: zone)
    }

    /// The month of ``CalendarMonth/init(containing:in:)``.
    package func month(containing moment: Timestamp) -> Interval {
        let last = known.lastMonths.withLock(\.self)
        if let month = last.0, month.contains(moment) { return month }
        if let month = last.1, month.contains(moment) { return month }
        let month = CalendarMonth(containing: moment, in: self).interval(in: self)
        known.lastMonths.withLock { $0 = (month, $0.0) }
        return month
    }

    /// What the clock and the calendar show in the zone.
    package func local(_ moment: Timestamp) -> (date: CivilDate, millisecondOfDay: Int64) {
        let (days, rest) = (moment.milliseconds + offset(at: moment)).flooredDivision(by: Zone.day)
        return (CivilDate(daysSince1970: Int(days)), rest)
    }

    /// When the zone's clock shows a time of a day. A time that is shown twice means the first; one that is skipped is
    /// as far behind the gap as it stood in it (RFC 5545, 3.3.5).
    package func moment(_ date: CivilDate, millisecondOfDay: Int64) -> Timestamp {
        let naive = Int64(date.daysSince1970) * Zone.day + millisecondOfDay
        // Within two days a zone changes its clocks at most once.
        let before = offset(at: Timestamp(milliseconds: naive - Zone.day))
        let after = offset(at: Timestamp(milliseconds: naive + Zone.day))
        let (first, second) = (Timestamp(milliseconds: naive - before), Timestamp(milliseconds: naive - after))
        if before == after || offset(at: first) == before { return first }
        return offset(at: second) == after ? second : first
    }

    /// East of Greenwich, in milliseconds.
    private func offset(at moment: Timestamp) -> Int64 {
        let (seconds, _) = moment.milliseconds.flooredDivision(by: 1000)
        return Int64(known.zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))) * 1000
    }

    private static let day: Int64 = 86_400_000
}

extension Zone: Hashable {
    /// By name.
    public static func == (left: Zone, right: Zone) -> Bool { left.known === right.known || left.name == right.name }

    /// By name.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
