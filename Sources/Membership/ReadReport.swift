/// What was read in a month, and how much of the readers' reading went to what: what titles are paid from.
public struct ReadReport: Equatable, Sendable {
    /// Which month.
    public let month: CalendarMonth
    /// By whose calendar.
    public let zone: Zone
    /// What the lines are about.
    public let grouping: Grouping
    /// The largest share first, days in their order.
    public let lines: [Line]
    /// Reads that were recorded in the month.
    public let reads: Int
    /// Articles read, each counted once for each of its readers.
    public let articlesRead: Int
    /// Accounts and visitors who read something; also the sum of all shares.
    public let readers: Int
    /// The time for which this holds.
    public let at: Timestamp

    /// Whether the month is over, and ten minutes more, so that nothing is added any more.
    public var isFinal: Bool { month.end(in: zone) + ReadReport.delay <= at }

    /// An opening carries the time at which its transaction began, and may be written down a little later.
    private static let delay = TimeSpan.minutes(10)

    /// What one thing came to.
    public struct Line: Equatable, Sendable {
        /// What it is about.
        public let item: Item
        /// Its reads.
        public package(set) var reads = 0
        /// Articles read, each counted once in the month for each of its readers, where she read it first.
        public package(set) var articlesRead = 0
        /// Accounts and visitors who read something of it.
        public package(set) var readers = 0
        /// The part of each reader's articles read that it was, summed up over all readers.
        public package(set) var share = ReadingShare.none

        /// A line to count on.
        package init(_ item: Item) {
            self.item = item
        }
    }

    /// What the lines of a report are about.
    public enum Grouping: String, CaseIterable, Sendable {
        /// A title each.
        case title
        /// A section of a title, as it was called then.
        case section
        /// An article each.
        case article
        /// A day of the month, by the calendar of the report's zone.
        case day
        /// What let the readers in.
        case admission

        /// Reads a name.
        ///
        /// - Throws: ``MembershipError`` with code `invalid_input`.
        public init(parsing text: String) throws(MembershipError) {
            guard let grouping = Grouping(rawValue: text) else {
                throw MembershipError(
                    .invalidInput, "‘\(text)’ is nothing that reads are counted by.",
                    remedy: "Give one of \(Grouping.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            self = grouping
        }
    }

    /// What a line is about.
    public enum Item: Hashable, Sendable {
        /// A title.
        case title(Slug)
        /// A section as it was called then; nil for articles that stood in none.
        case section(title: Slug, String?)
        /// An article, with the title it was in; the slug is nil when the article is gone.
        case article(Identifier<Article>, title: Slug, Slug?)
        /// A day of the month, counted from 1.
        case day(Int)
        /// What let the readers in.
        case admission(AccessDecision.Reason)
    }

    /// Puts a report together of lines in any order.
    package init(
        of month: CalendarMonth, in zone: Zone, by grouping: Grouping, _ lines: [Line], readers: Int,
        at moment: Timestamp
    ) {
        self.month = month
        self.zone = zone
        self.grouping = grouping
        self.lines = lines.sorted { left, right in
            if case (.day(let earlier), .day(let later)) = (left.item, right.item) { return earlier < later }
            return (right.share, left.item.order) < (left.share, right.item.order)
        }
        reads = lines.reduce(0) { $0 + $1.reads }
        articlesRead = lines.reduce(0) { $0 + $1.articlesRead }
        self.readers = readers
        at = moment
    }
}

extension ReadReport.Item: CustomStringConvertible {
    /// For people: `golem`, `golem/Sport`, `golem/the-bridge`, `metered`. A day is a number of its month.
    public var description: String {
        switch self {
        case .title(let title): title.text
        case .section(let title, let section?): "\(title)/\(section)"
        case .section(let title, nil): "\(title) (no section)"
        case .article(_, let title, let slug?): "\(title)/\(slug)"
        case .article(let id, _, nil): id.description
        case .day(let day): String(day)
        case .admission(let reason): reason.rawValue
        }
    }

    /// Puts what has the same share in one order for ever.
    fileprivate var order: String {
        switch self {
        case .article(let id, let title, let slug): "\(title)/\(slug?.text ?? "") \(id)"
        default: description
        }
    }
}
