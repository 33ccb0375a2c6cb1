import Foundation
import Membership
import TestSupport

/// What docs/lifecycle.md says, once more and in other words: one account, plain fields, the calendar of Foundation,
/// and access from the rules instead of from grants. It is slow and simple on purpose, and shares no rule with
/// `Sources`.
struct LifecycleModel {
    /// What a version of a plan is, as the model sees it.
    struct Offer: Equatable {
        var name: String
        var version: Int
        /// Minor units by currency.
        var prices: [String: Int64]
        var every: Int
        var unit: BillingInterval.Unit
        var trialDays: Int
        var graceDays: Int
        var gives: String

        var isFree: Bool { prices.values.allSatisfy { $0 == 0 } }
        /// Whether it opens the one article that the test asks about.
        var opens: Bool { LifecycleModel.opens(gives) }
    }

    struct Money: Equatable {
        var amount: Int64
        var currency: String
    }

    struct Paid: Equatable {
        var money: Money
        var periods: Int
        var reference: String
    }

    struct Gift: Equatable {
        var right: String
        var from: Int64
        var until: Int64?
        var isVoid = false
    }

    struct Happening: Equatable {
        var kind: Event.Kind
        var at: Int64
    }

    /// How the model may be made wrong, so that a test can see the difference being found.
    struct Mistake {
        var extraGraceDays = 0
    }

    /// What can happen in a history.
    static let kinds: [Event.Kind] =
        SubscriptionTransition.allCases.map(\.rule.event) + [.accountCreated, .trialEnding, .grantAdded, .grantVoided]
    static let article = "golem/the-bridge"
    static func opens(_ right: String) -> Bool { ["all-titles", "title:golem"].contains(right) }

    let offers: [Offer]
    let calendar: ZoneCalendar
    var mistake = Mistake()

    /// Milliseconds, as everywhere in the model.
    var now: Int64
    var signedUpAt: Int64?
    var hasHadItsTrial = false
    var agreement: Agreement?
    var gifts: [Gift] = []
    var paid: [Paid] = []
    var happened: [Happening] = []
    var told: [Message] = []
    /// Whether the subscription gave access, at moments that have passed.
    var accessWas: [Int64: Bool] = [:]

    init(offers: [Offer], zone: String, now: Int64) {
        self.offers = offers
        calendar = ZoneCalendar(zone)
        self.now = now
    }

    func offer(_ name: String) -> Offer? { offers.last { $0.name == name } }
}

// MARK: - The agreement

extension LifecycleModel {
    /// A subscription, in plain fields.
    struct Agreement {
        var offer: Offer
        var status: Subscription.Status
        var trialStart: Int64?
        var trialEnd: Int64?
        var goesOnAfterTrial = false
        var wasReminded = false

        /// Where its periods are counted from; nil before the first.
        var origin: Origin?
        var period: Int?
        var periodStart: Int64?
        var periodEnd: Int64?
        /// How many periods are paid for, waived, or were free when they began.
        var settled = 0
        /// Whether the current one is of those that were free, and its plan still is what it was.
        var periodWasFree = false

        var isCancelled = false
        var cancelledAt: Int64?
        var pausedAt: Int64?
        var pausedUntil: Int64?
        var change: (offer: Offer, from: Int)?
        var endedAt: Int64?

        var isOver: Bool { endedAt != nil }
    }

    /// The boundary that begins period `number`, as the calendar on the wall shows it.
    struct Origin {
        var number: Int
        var moment: Int64
        var wall: ZoneCalendar.Wall
    }

    /// What time, or somebody, did.
    struct Deed {
        var kind: Event.Kind
        var at: Int64
        var message: Message?

        init(_ kind: Event.Kind, _ at: Int64, _ message: Message? = nil) {
            (self.kind, self.at, self.message) = (kind, at, message)
        }
    }

    static let day: Int64 = 86_400_000
    /// How many days before its end the reader of a trial is reminded.
    static let reminderDays: Int64 = 3
    /// Nothing is paid for beyond the year 2099.
    static let lastEnd: Int64 = 4_102_444_799_999

    func grace(of agreement: Agreement) -> Int64 {
        Int64(agreement.offer.graceDays + mistake.extraGraceDays) * LifecycleModel.day
    }

    /// When a period begins.
    func boundary(_ number: Int, of agreement: Agreement) -> Int64 {
        if let change = agreement.change, number > change.from {
            var later = agreement
            later.change = nil
            rebase(&later, at: change.from, to: change.offer)
            later.offer = change.offer
            return boundary(number, of: later)
        }
        guard let origin = agreement.origin else {
            var later = agreement
            later.origin = Origin(
                number: 0, moment: agreement.trialEnd ?? now, wall: calendar.wall(agreement.trialEnd ?? now))
            return boundary(number, of: later)
        }
        if number == origin.number { return origin.moment }
        return calendar.moment(
            calendar.step(origin.wall, agreement.offer.unit, agreement.offer.every * (number - origin.number)))
    }

    /// Lets the steps of another interval begin at a boundary, on the same day of the month.
    private func rebase(_ agreement: inout Agreement, at number: Int, to offer: Offer) {
        let before = agreement.offer
        guard let origin = agreement.origin, (offer.every, offer.unit) != (before.every, before.unit) else { return }
        var wall = calendar.step(origin.wall, before.unit, before.every * (number - origin.number))
        // Where periods were counted in days there is no day of the month to keep but the one it is.
        if before.unit == .day { wall.wantedDay = wall.day }
        let moment = number == origin.number ? origin.moment : calendar.moment(wall)
        agreement.origin = Origin(number: number, moment: moment, wall: wall)
    }

    /// When time next does something to it.
    func due(_ agreement: Agreement) -> Int64? {
        switch agreement.status {
        case .trialing: agreement.trialEnd
        case .active: agreement.periodEnd
        case .pastDue: agreement.periodStart.map { $0 + grace(of: agreement) }
        case .paused: agreement.pausedUntil
        case .canceled, .expired: nil
        }
    }

    /// What time does to it up to a moment, and the moment is included.
    func letTimePass(_ agreement: inout Agreement, to moment: Int64) -> [Deed] {
        var deeds: [Deed] = []
        while let due = due(agreement), due <= moment { deeds += takeTurn(&agreement, at: due) }
        return deeds
    }

    private func takeTurn(_ agreement: inout Agreement, at moment: Int64) -> [Deed] {
        switch agreement.status {
        case .trialing: endTrial(&agreement, at: moment)
        case .active: closePeriod(&agreement, at: moment)
        case .pastDue:
            finish(
                &agreement, agreement.isCancelled ? .canceled : .expired,
                agreement.isCancelled ? .accessEnded : .subscriptionExpired, .accessEnded, at: moment)
        case .paused: goOn(&agreement, at: moment)
        case .canceled, .expired: []
        }
    }

    func endTrial(_ agreement: inout Agreement, at moment: Int64) -> [Deed] {
        agreement.trialEnd = moment
        if agreement.settled > 0 || agreement.offer.isFree && agreement.goesOnAfterTrial {
            begin(0, of: &agreement, at: moment)
            agreement.status = .active
            return [Deed(.trialConverted, moment, .renewal)]
        }
        if agreement.isCancelled { return finish(&agreement, .canceled, .accessEnded, .accessEnded, at: moment) }
        if agreement.goesOnAfterTrial {
            begin(0, of: &agreement, at: moment)
            agreement.status = .pastDue
            return [Deed(.subscriptionPastDue, moment, .paymentOverdue)]
        }
        return finish(&agreement, .expired, .trialEnded, .trialEnded, at: moment)
    }

    private func closePeriod(_ agreement: inout Agreement, at moment: Int64) -> [Deed] {
        guard let period = agreement.period else { return [] }
        let next = period + 1
        let isPaid = next < agreement.settled
        if agreement.isCancelled && !isPaid {
            return finish(&agreement, .canceled, .accessEnded, .accessEnded, at: moment)
        }
        var deeds: [Deed] = []
        if let change = agreement.change, change.from == next {
            adopt(change.offer, from: next, &agreement)
            deeds.append(Deed(.planChanged, moment))
        }
        begin(next, of: &agreement, at: moment)
        if isPaid || agreement.offer.isFree {
            return deeds + [Deed(.subscriptionRenewed, moment, .renewal)]
        }
        agreement.status = .pastDue
        return deeds + [Deed(.subscriptionPastDue, moment, .paymentOverdue)]
    }

    func adopt(_ offer: Offer, from number: Int, _ agreement: inout Agreement) {
        rebase(&agreement, at: number, to: offer)
        agreement.offer = offer
        agreement.change = nil
    }

    func begin(_ number: Int, of agreement: inout Agreement, at moment: Int64) {
        if agreement.origin == nil {
            agreement.origin = Origin(number: number, moment: moment, wall: calendar.wall(moment))
        }
        agreement.period = number
        agreement.periodStart = moment
        agreement.periodEnd = boundary(number + 1, of: agreement)
        agreement.periodWasFree = agreement.offer.isFree && agreement.settled <= number
        if agreement.offer.isFree { agreement.settled = max(agreement.settled, number + 1) }
    }

    func finish(
        _ agreement: inout Agreement, _ status: Subscription.Status, _ kind: Event.Kind, _ message: Message,
        at moment: Int64
    ) -> [Deed] {
        agreement.status = status
        agreement.endedAt = moment
        (agreement.pausedAt, agreement.pausedUntil, agreement.change) = (nil, nil, nil)
        return [Deed(kind, moment, message)]
    }

    func goOn(_ agreement: inout Agreement, at moment: Int64) -> [Deed] {
        guard let since = agreement.pausedAt, let end = agreement.periodEnd, let period = agreement.period else {
            return []
        }
        let newEnd = end + (moment - since)
        agreement.periodEnd = newEnd
        var wall = calendar.wall(newEnd)
        // Who is due on the 31st, and in a short month on its last day, stays so from one month's last day to
        // another's.
        if agreement.offer.unit != .day, let wanted = agreement.origin?.wall.wantedDay, calendar.wall(end).day < wanted,
            calendar.isLastDayOfMonth(wall)
        {
            wall.wantedDay = max(wanted, wall.day)
        }
        agreement.origin = Origin(number: period + 1, moment: newEnd, wall: wall)
        (agreement.pausedAt, agreement.pausedUntil) = (nil, nil)
        agreement.status = .active
        return [Deed(.subscriptionResumed, moment)]
    }
}

// MARK: - What one can ask of it

extension LifecycleModel {
    /// The agreement as it is at a moment that is not before now, if nobody does anything.
    func agreement(at moment: Int64) -> Agreement? {
        guard var later = agreement else { return nil }
        _ = letTimePass(&later, to: moment)
        return later
    }

    func subscriptionOpens(at moment: Int64) -> Bool {
        guard let later = agreement(at: moment) else { return false }
        return switch later.status {
        case .trialing, .active, .pastDue: later.offer.opens
        case .paused, .canceled, .expired: false
        }
    }

    func isAllowed(at moment: Int64) -> Bool {
        guard let signedUpAt, moment >= signedUpAt else { return false }
        let byGift = gifts.contains {
            !$0.isVoid && LifecycleModel.opens($0.right) && $0.from <= moment && $0.until.map { moment < $0 } ?? true
        }
        return byGift || (moment < now ? accessWas[moment] ?? false : subscriptionOpens(at: moment))
    }

    /// When the longest of the rights that open the article now is over; nil for never. The subscription's is that of
    /// the trial, of what is settled under one plan, or of the grace.
    var accessEnd: Int64? {
        var ends = gifts.filter {
            !$0.isVoid && LifecycleModel.opens($0.right) && $0.from <= now && $0.until.map { now < $0 } ?? true
        }.map(\.until)
        if subscriptionOpens(at: now), let agreement = agreement(at: now) {
            ends.append(agreement.status == .active ? settledEnd(agreement) : due(agreement))
        }
        return ends.contains(nil) ? nil : ends.compactMap(\.self).max()
    }

    private func settledEnd(_ agreement: Agreement) -> Int64? {
        if let change = agreement.change, agreement.offer.isFree || change.from < agreement.settled {
            return agreement.isCancelled && agreement.settled < change.from
                ? boundary(agreement.settled, of: agreement) : boundary(change.from, of: agreement)
        }
        return agreement.offer.isFree && !agreement.isCancelled ? nil : boundary(agreement.settled, of: agreement)
    }

    /// The next moments at which time does something, if nobody else does.
    func turns(_ count: Int) -> [Int64] {
        guard var later = agreement(at: now) else { return [] }
        var moments: [Int64] = []
        while moments.count < count, let next = due(later) {
            moments.append(next)
            _ = letTimePass(&later, to: next)
        }
        return moments
    }

    /// When a cancelled agreement will be over.
    func endsAt(_ agreement: Agreement) -> Int64? {
        if let endedAt = agreement.endedAt { return endedAt }
        guard agreement.isCancelled else { return nil }
        var later = agreement
        while !later.isOver, let next = due(later) { _ = letTimePass(&later, to: next) }
        return later.endedAt
    }

    /// The first moment that nobody has paid for.
    func paidUntil(_ agreement: Agreement) -> Int64? {
        let settled = agreement.settled
        guard !agreement.isOver, agreement.status != .paused, settled > agreement.period ?? 0 else { return nil }
        // What costs nothing was paid for by nobody.
        if agreement.periodWasFree, settled == agreement.period.map({ $0 + 1 }) { return nil }
        return boundary(settled, of: agreement)
    }

    /// The next so many periods that cost something and are not settled; nil when there will not be so many.
    func unsettled(_ count: Int, of agreement: Agreement) -> [Int]? {
        var first = agreement.settled
        if offer(ofPeriod: first, agreement).isFree {
            guard let change = agreement.change, !change.offer.isFree else { return nil }
            first = max(first, change.from)
        }
        let numbers = Array(first..<first + count)
        return numbers.contains { offer(ofPeriod: $0, agreement).isFree } ? nil : numbers
    }

    private func offer(ofPeriod number: Int, _ agreement: Agreement) -> Offer {
        if let change = agreement.change, number >= change.from { change.offer } else { agreement.offer }
    }

    /// What the next so many periods cost that nobody has paid for.
    func price(of periods: Int, in currency: String, for agreement: Agreement) -> Int64? {
        var total: Int64 = 0
        for number in unsettled(periods, of: agreement) ?? [] {
            guard let price = offer(ofPeriod: number, agreement).prices[currency] else { return nil }
            total += price
        }
        return total
    }
}
