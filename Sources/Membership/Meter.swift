/// A metered article that a reader opened: what the meter counts.
package struct MeteredRead: Hashable, Sendable {
    /// Which.
    package let article: Identifier<Article>
    /// The meter it was counted by: that of a title, or everything's.
    package let meter: RuleTarget
    /// When.
    package let openedAt: Timestamp

    /// Makes one.
    package init(article: Identifier<Article>, meter: RuleTarget, openedAt: Timestamp) {
        self.article = article
        self.meter = meter
        self.openedAt = openedAt
    }
}

/// How a reader stands with a meter at a moment.
public final class MeterState: Sendable {
    /// Whose meter: a title's, or everything's.
    public let meter: RuleTarget
    /// Articles a month.
    public let allowance: Int
    /// Articles opened this month, each counted once.
    public let spent: Int
    /// When the next month begins by the reader's clock.
    public let resetsAt: Timestamp
    /// The IANA name of the zone of that clock.
    public let timeZone: String

    /// Articles left this month.
    public var left: Int { max(0, allowance - spent) }

    /// Makes a state.
    public init(meter: RuleTarget, allowance: Int, spent: Int, resetsAt: Timestamp, timeZone: String) {
        self.meter = meter
        self.allowance = allowance
        self.spent = spent
        self.resetsAt = resetsAt
        self.timeZone = timeZone
    }
}

extension MeterState: Equatable {
    /// By what they say.
    public static func == (left: MeterState, right: MeterState) -> Bool {
        left === right
            || left.meter == right.meter && left.allowance == right.allowance && left.spent == right.spent
                && left.resetsAt == right.resetsAt && left.timeZone == right.timeZone
    }
}
