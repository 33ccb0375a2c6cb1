/// What is to be said of a target that was not said before, time by time.
public struct RuleDifference: Hashable, Sendable {
    /// The times for which something else is said, in order.
    public let changes: [Change]

    /// A time for which something else is said.
    public struct Change: Hashable, Sendable {
        /// Which time.
        public let interval: Interval
        /// What was said; nil when there was no rule.
        public let before: AccessRule.Content?
        /// What is to be said; nil when there is to be no rule.
        public let after: RuleSettings?

        package init(interval: Interval, before: AccessRule.Content?, after: RuleSettings?) {
            self.interval = interval
            self.before = before
            self.after = after
        }

        fileprivate var isNone: Bool { before == after.map(AccessRule.Content.settings) }
    }

    /// Keeps what differs, and makes one of those that touch and are alike.
    init(_ changes: [Change]) {
        var kept: [Change] = []
        for change in changes where !change.isNone {
            if let last = kept.last, last.interval.endsAt == change.interval.startsAt, last.before == change.before,
                last.after == change.after
            {
                kept[kept.count - 1] = Change(
                    interval: Interval(from: last.interval.startsAt, until: change.interval.endsAt),
                    before: last.before, after: last.after)
            } else {
                kept.append(change)
            }
        }
        self.changes = kept
    }

    /// Whether nothing differs.
    public var isEmpty: Bool { changes.isEmpty }
}
