import Membership

/// A moment as a reader reads it: in her zone and her language.
struct LetterDate {
    /// “24 November 2026”, “24. November 2026”.
    let date: String
    /// “14:00”, of twenty-four hours.
    let time: String

    init(_ moment: Timestamp, zone: Zone, language: Language) {
        let (day, millisecondOfDay) = zone.local(moment)
        let minutes = Int(millisecondOfDay / 60_000)
        time = LetterDate.padded(minutes / 60) + ":" + LetterDate.padded(minutes % 60)
        date =
            switch language {
            case .english: "\(day.day) \(LetterDate.english[day.month - 1]) \(day.year)"
            case .german: "\(day.day). \(LetterDate.german[day.month - 1]) \(day.year)"
            }
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let english = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let german = [
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
        "Dezember",
    ]
}
