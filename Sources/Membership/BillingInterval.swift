/// How often a plan is paid for: every so many days, months or years.
public struct BillingInterval: Hashable, Sendable {
    /// How many units.
    public let count: Int
    /// Of what.
    public let unit: Unit

    /// What an interval is counted in.
    public enum Unit: String, CaseIterable, Sendable {
        /// Days of the calendar.
        case day
        /// Months of the calendar.
        case month
        /// Years of the calendar.
        case year

        /// The longest interval in this unit.
        var most: Int {
            switch self {
            case .day: 366
            case .month: 24
            case .year: 5
            }
        }

        /// The fewest days that one of it can have.
        var fewestDays: Int {
            switch self {
            case .day: 1
            case .month: 28
            case .year: 365
            }
        }
    }

    /// Takes an interval that was checked before it was stored.
    package init(stored count: Int, _ unit: Unit) {
        self.count = count
        self.unit = unit
    }

    /// Every month.
    public static let month = BillingInterval(stored: 1, .month)

    /// Reads a count and a unit: `month`, `3 months`, `30days`, `1 year`.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` for another form, a count of zero, more than 366 days, 24
    ///   months or 5 years.
    public init(parsing text: String) throws(MembershipError) {
        let words = text.lowercased().filter { $0 != " " }
        let digits = words.prefix { $0.isASCII && $0.isNumber }
        var name = words.dropFirst(digits.count)
        if name.hasSuffix("s") { name = name.dropLast() }
        guard
            let unit = Unit(rawValue: String(name)), let count = digits.isEmpty ? 1 : Int(digits),
            (1...unit.most).contains(count)
        else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a billing interval.",
                remedy: "Write 1 to 366 days, 1 to 24 months or 1 to 5 years: 30 days, month, 3 months, year.")
        }
        self.count = count
        self.unit = unit
    }

    /// The fewest days that a period can have.
    public var fewestDays: Int { count * unit.fewestDays }
}

extension BillingInterval: CustomStringConvertible {
    /// The count and the unit: `1 month`, `30 days`.
    public var description: String { "\(count) \(unit.rawValue)" + (count == 1 ? "" : "s") }
}
