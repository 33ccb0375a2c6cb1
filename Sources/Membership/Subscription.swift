/// An account's agreement to a version of a plan.
///
/// A value is what was last recorded. What holds at a moment is ``advanced(to:)``: time ends trials and periods,
/// whether or not a job has recorded it yet.
public struct Subscription: Hashable, Sendable {
    /// Its identity.
    public let id: Identifier<Subscription>
    /// Whose it is.
    public let accountID: Identifier<Account>
    /// What was agreed to.
    public package(set) var version: PlanVersion
    /// What it is.
    public package(set) var status: Status

    /// When the trial began; nil when there was none.
    public package(set) var trialStart: Timestamp?
    /// The first moment after the trial.
    public package(set) var trialEnd: Timestamp?
    /// Whether the first period begins when the trial ends, paid or not.
    public package(set) var convertsTrial: Bool
    /// When the reader was told that the trial will end.
    public package(set) var remindedAt: Timestamp?

    /// The zone whose calendar the periods follow: the account's when the subscription was made.
    public let zone: Zone
    /// A boundary of its periods; nil before the first has begun.
    package var anchor: Anchor?
    /// The number of the current period, the first being 0; nil before it has begun.
    public package(set) var periodIndex: Int?
    /// When the current period began.
    public package(set) var currentPeriodStart: Timestamp?
    /// The first moment after the current period.
    public package(set) var currentPeriodEnd: Timestamp?
    /// How many periods are paid for or waived, counted from the first.
    public package(set) var settledPeriods: Int

    /// Whether it ends with what was paid or promised, instead of going on.
    public package(set) var cancelAtPeriodEnd: Bool
    /// When it was cancelled; the end may come later.
    public package(set) var canceledAt: Timestamp?
    /// Since when it stands still.
    public package(set) var pausedAt: Timestamp?
    /// When it goes on by itself; nil when somebody has to resume it.
    public package(set) var pauseUntil: Timestamp?
    /// What it changes to, and with which period.
    public package(set) var nextVersion: NextVersion?
    /// When it ended.
    public package(set) var endedAt: Timestamp?

    /// How often it has been changed; whoever changes it can say which state that was meant for.
    public package(set) var revision: Int
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was last changed.
    public package(set) var updatedAt: Timestamp

    /// What a subscription can be.
    public enum Status: String, CaseIterable, Sendable {
        /// In its free days.
        case trialing
        /// In a period that is paid for.
        case active
        /// In a period that nobody has paid for, within the plan's grace days.
        case pastDue = "past_due"
        /// Standing still: no access, and nothing is used up.
        case paused
        /// Ended because it was cancelled.
        case canceled
        /// Ended by itself: a trial that nothing followed, a period that was not paid.
        case expired

        /// Whether nothing can happen to it any more.
        public var isFinal: Bool { self == .canceled || self == .expired }
    }

    /// A boundary from which the others are counted.
    package struct Anchor: Hashable, Sendable {
        package var moment: Timestamp
        package var day: Int
        package var index: Int

        package init(moment: Timestamp, day: Int, index: Int) {
            self.moment = moment
            self.day = day
            self.index = index
        }
    }

    /// A change of plan to come.
    public struct NextVersion: Hashable, Sendable {
        /// The plan it changes to.
        public let version: PlanVersion
        /// The first period under it.
        public let fromIndex: Int

        /// Makes a change to come.
        public init(version: PlanVersion, fromIndex: Int) {
            self.version = version
            self.fromIndex = fromIndex
        }
    }

    /// The plan's name.
    public var plan: Slug { version.plan }
    /// What the plan costs and gives.
    public var terms: PlanTerms { version.terms }
}

extension Subscription: IdentifiedKind {
    /// `sub_…`
    public static let identifierPrefix = "sub"
}

// MARK: - Its beginning

extension Subscription {
    /// A subscription in its free days.
    package static func trial(
        id: Identifier<Subscription>, of account: Identifier<Account>, to version: PlanVersion, zone: Zone,
        at now: Timestamp
    ) -> Subscription {
        var subscription = Subscription(id: id, of: account, to: version, zone: zone, status: .trialing, at: now)
        subscription.trialStart = now
        subscription.trialEnd = now + version.terms.trialLength
        return subscription
    }

    /// A subscription in its first period.
    ///
    /// - Parameter paidPeriods: how many periods are paid for.
    package static func started(
        id: Identifier<Subscription>, of account: Identifier<Account>, to version: PlanVersion, zone: Zone,
        paidPeriods: Int, at now: Timestamp
    ) -> Subscription {
        var subscription = Subscription(id: id, of: account, to: version, zone: zone, status: .active, at: now)
        subscription.settledPeriods = paidPeriods
        subscription.begin(period: 0, at: now)
        if !subscription.isSettled(0) { subscription.status = .pastDue }
        return subscription
    }

    private init(
        id: Identifier<Subscription>, of account: Identifier<Account>, to version: PlanVersion, zone: Zone,
        status: Status, at now: Timestamp
    ) {
        self.id = id
        accountID = account
        self.version = version
        self.status = status
        self.zone = zone
        (convertsTrial, settledPeriods, cancelAtPeriodEnd, revision) = (false, 0, false, 1)
        (createdAt, updatedAt) = (now, now)
    }

    /// Takes what was stored.
    package init(
        id: Identifier<Subscription>, accountID: Identifier<Account>, version: PlanVersion, status: Status,
        zone: Zone, settledPeriods: Int, revision: Int, createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.init(id: id, of: accountID, to: version, zone: zone, status: status, at: createdAt)
        self.settledPeriods = settledPeriods
        self.revision = revision
        self.updatedAt = updatedAt
    }
}

// MARK: - Its periods

extension Subscription {
    /// When its periods begin under the current plan. While the trial runs, the first begins with its end.
    var schedule: BillingSchedule {
        let start = anchor?.moment ?? trialEnd ?? createdAt
        return BillingSchedule(
            anchor: start, anchorDay: anchor?.day, anchorIndex: anchor?.index ?? 0, interval: terms.interval, zone: zone
        )
    }

    /// When the period of a number begins, and the one before it ends.
    public func boundary(_ index: Int) -> Timestamp {
        guard let nextVersion, index > nextVersion.fromIndex else { return schedule.boundary(index) }
        return schedule.continued(from: nextVersion.fromIndex, by: nextVersion.version.terms.interval).boundary(index)
    }

    /// Whether a period costs nothing, or is paid for.
    func isSettled(_ index: Int) -> Bool { index < settledPeriods || terms(ofPeriod: index).isFree }

    /// The number of the first period that a payment would be for; nil when none to come costs anything.
    public var nextUnsettledPeriod: Int? {
        guard terms(ofPeriod: settledPeriods).isFree else { return settledPeriods }
        guard let nextVersion, !nextVersion.version.terms.isFree else { return nil }
        return max(settledPeriods, nextVersion.fromIndex)
    }

    /// The next so many periods that nobody has paid for, of which each costs something.
    ///
    /// - Throws: ``MembershipError`` with code `transition_forbidden` when there are fewer, `invalid_input` when they
    ///   would go on for too long.
    package func unsettledPeriods(_ count: Int) throws(MembershipError) -> Range<Int> {
        guard let first = nextUnsettledPeriod, !terms(ofPeriod: first + count - 1).isFree else {
            throw MembershipError(
                .transitionForbidden,
                "Subscription \(id) cannot be paid for: it is \(status.rawValue), and fewer than \(count) of its periods "
                    + "to come cost anything.", remedy: "fortnight subscription show shows what it is.")
        }
        guard boundary(first + count) <= Timestamp.lastForClocks else {
            throw MembershipError(
                .invalidInput, "\(count) more periods would be paid for beyond \(Timestamp.lastForClocks).",
                remedy: "Pay for fewer.")
        }
        return first..<first + count
    }

    /// The first moment that is not paid for; nil when nothing is paid for from now on.
    public var paidUntil: Timestamp? {
        guard settledPeriods > (periodIndex ?? -1), !status.isFinal, status != .paused else { return nil }
        return settledPeriods > 0 ? boundary(settledPeriods) : nil
    }

    /// What holds in a period.
    func terms(ofPeriod index: Int) -> PlanTerms { version(ofPeriod: index).terms }

    private func version(ofPeriod index: Int) -> PlanVersion {
        guard let nextVersion, index >= nextVersion.fromIndex else { return version }
        return nextVersion.version
    }

    /// What the next so many periods that nobody has paid for are of: one version, or two of which the second follows.
    public func versions(ofPeriods count: Int) -> [(version: PlanVersion, periods: Int)] {
        let first = nextUnsettledPeriod ?? settledPeriods
        return (first..<first + count).map(version(ofPeriod:)).reduce(into: []) { found, version in
            if found.last?.version == version {
                found[found.count - 1].periods += 1
            } else {
                found.append((version, 1))
            }
        }
    }

    /// What the next so many periods that nobody has paid for cost together; nil without a price in the currency.
    public func price(ofPeriods count: Int, in currency: Currency) -> Money? {
        var total: Int64 = 0
        for (version, periods) in versions(ofPeriods: count) {
            guard let price = version.terms.price(in: currency) else { return nil }
            total += price.amountMinor * Int64(periods)
        }
        return Money(amountMinor: total, currency: currency)
    }

    /// When the grace of the current period ends, if nobody pays for it; nil before the first period.
    public var graceEnd: Timestamp? {
        currentPeriodStart.map { $0 + terms.graceLength }
    }

    /// Begins a period; the first one is the anchor of the others.
    mutating func begin(period index: Int, at moment: Timestamp) {
        if anchor == nil { anchor = Anchor(moment: moment, day: zone.local(moment).date.day, index: index) }
        periodIndex = index
        currentPeriodStart = moment
        currentPeriodEnd = boundary(index + 1)
    }

    /// The earliest moment at which it changes by the clock; nil when it never does.
    public var dueAt: Timestamp? {
        switch status {
        case .trialing: trialEnd
        case .active: currentPeriodEnd
        case .pastDue: graceEnd
        case .paused: pauseUntil
        case .canceled, .expired: nil
        }
    }

    /// The earliest moment at which the clock makes another status of it: periods that are paid for, or free, begin
    /// without. It never comes back to a status, so that there are few.
    var nextStatusAt: Timestamp? {
        guard status == .active else { return dueAt }
        if cancelAtPeriodEnd { return endsAt }
        return nextUnsettledPeriod.map { boundary(max($0, (periodIndex ?? -1) + 1)) }
    }

    /// How many days of the trial are left, a begun day counted whole; 0 when it is over.
    public func trialDaysLeft(at moment: Timestamp) -> Int {
        advanced(to: moment).status == .trialing ? Subscription.days(from: moment, to: trialEnd) : 0
    }

    /// How many days one may read on without having paid, a begun day counted whole; 0 when nothing is overdue.
    public func graceDaysLeft(at moment: Timestamp) -> Int {
        advanced(to: moment).status == .pastDue ? Subscription.days(from: moment, to: graceEnd) : 0
    }

    private static func days(from start: Timestamp, to end: Timestamp?) -> Int {
        let day = TimeSpan.days(1).milliseconds
        return end.map { Int((max(0, ($0 - start).milliseconds) + day - 1) / day) } ?? 0
    }

    /// The first moment after all that was paid for or promised, when it ends there; nil when it goes on.
    public var endsAt: Timestamp? {
        if let endedAt { return endedAt }
        guard cancelAtPeriodEnd else { return nil }
        switch status {
        case .trialing: return boundary(max(settledPeriods, convertsTrial && terms.isFree ? 1 : 0))
        // What is free ends with its current period, unless periods behind it are paid for.
        case .active: return boundary(max(settledPeriods, (periodIndex ?? 0) + 1))
        case .pastDue: return graceEnd
        case .paused, .canceled, .expired: return nil
        }
    }
}
