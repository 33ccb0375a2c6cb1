/// What a template may name: the one list of them. Every template knows every key; one that has no value, or an empty
/// one, is false as a section and nothing as text.
package enum LetterKey: String, CaseIterable, Sendable {
    /// The name of the site. Always given.
    case site
    /// The site's address on the web: `https://news.example`. Given when the operator has set one.
    case siteURL = "site_url"
    /// The reader's name. Given when the reader has told it.
    case name
    /// The plan's name.
    case plan
    /// A whole number of days: how long the free days are (welcome), how many of them are left (trial ending), how long
    /// one may go on reading without having paid (payment overdue).
    case days
    /// True when ``days`` is 1, so that a template can say “one day”. Found out by itself; a letter need not give it.
    case oneDay = "one_day"
    /// A date as it is written in the language, where the reader lives: “24 November 2026”, “24. November 2026”. The end
    /// of the free days (welcome, trial ending, trial ended) or of access (cancel scheduled, access ended), the day on
    /// which a payment was due (payment overdue), the end of the period that is paid for (renewal).
    case date
    /// The time of day on that date, of twenty-four hours: “14:00”. Templates add “at” and “Uhr”.
    case time
    /// A price or a payment: “9.99 EUR”.
    case amount
}
