/// What the facts come to at one moment: each row of the table is asked here.
struct AccessSituation {
    let facts: AccessFacts
    let moment: Timestamp
    private let phase: ArticlePhase
    /// The account, when there was one at the moment.
    let account: AccountFacts?

    init(_ facts: AccessFacts, at moment: Timestamp) {
        self.facts = facts
        self.moment = moment
        phase = facts.ruled.phase(at: moment)
        if case .account(let account) = facts.reader, account.createdAt <= moment {
            self.account = account
        } else {
            account = nil
        }
    }

    /// What the rules make of the article.
    var access: ArticleAccess { phase.access }

    /// What a row says; nil when it does not apply.
    func verdict(of row: AccessRow) -> AccessDecision.Verdict? {
        switch row {
        case .unreadable: access.unreadable.map { _ in .init(row: row) }
        case .withdrawn: access.withdrawnBy.map { _ in .init(row: row) }
        case .notPublished: moment < access.publishedAt ? .init(row: row, publishedAt: access.publishedAt) : nil
        case .free: access.level == .free ? .init(row: row) : nil
        case .suspended: suspension.map { .init(row: row, since: $0.interval.startsAt) }
        case .entitled:
            longestLasting.map {
                .init(row: row, source: $0.source, grant: $0.id, until: $0.interval.endsAt)
            }
        case .registered: access.level == .registered && account != nil ? .init(row: row) : nil
        case .openedBefore: hasOpenedBefore ? .init(row: row, until: meter?.resetsAt, meter: meter) : nil
        case .metered: meter.flatMap { $0.left > 0 ? .init(row: row, meter: $0) : nil }
        case .meterExhausted: meter.flatMap { $0.allowance > 0 ? denial(row, meter: $0) : nil }
        case .anonymous: account == nil ? denial(row) : nil
        case .trialEnded: lapsed?.source == .trial ? denial(row, since: lapsed?.interval.endsAt) : nil
        case .paymentOverdue: lapsed?.source == .grace ? denial(row, since: lapsed?.interval.endsAt) : nil
        case .subscriptionLapsed:
            lapsed?.source == .subscription ? denial(row, since: lapsed?.interval.endsAt) : nil
        case .entitlementMissing: holding.isEmpty ? nil : denial(row)
        case .otherwise: denial(row)
        }
    }

    // MARK: - What the rows ask

    /// The suspension in force.
    var suspension: Suspension? { account?.suspensions.first { $0.interval.contains(moment) } }

    /// The grants that hold, whatever they open.
    var holding: [Grant] { account?.grants.filter { $0.interval.contains(moment) } ?? [] }

    /// Of the grants that open the article now, the one that lasts longest.
    var longestLasting: Grant? { lastToEnd { $0.contains(moment) } }

    /// Of the grants that opened the article and are over, the one that ended last: it says best what would help.
    var lapsed: Grant? { lastToEnd { $0.hasEnded(by: moment) } }

    /// Of the grants that open the article, the one that ends last; of those that end at once, the first.
    private func lastToEnd(where isWanted: (Interval) -> Bool) -> Grant? {
        guard let account else { return nil }
        let opening = access.opening
        var last: Grant?
        for grant in account.grants where isWanted(grant.interval) && opening.contains(grant.entitlement) {
            if let known = last, !grant.interval.outlasts(known.interval) { continue }
            last = grant
        }
        return last
    }

    /// What the subscription that has not ended is by the clock.
    var subscription: Subscription? {
        guard account != nil, let recorded = facts.offer?.subscription else { return nil }
        let subscription = recorded.advanced(to: moment)
        return subscription.status.isFinal ? nil : subscription
    }

    /// Whether the plan that the reader subscribes to opens the article.
    private var subscriptionOpens: Bool {
        subscription.map { !Set($0.terms.entitlements).isDisjoint(with: access.opening) } ?? false
    }

    /// How the reader stands with the article's meter; nil when the article is not metered, or nobody knows who reads.
    var meter: MeterState? {
        guard access.level == .metered, let offer = facts.offer else { return nil }
        let allowance: Int
        switch facts.reader {
        case .anonymous: return nil
        case .visitor: allowance = access.allowance.anonymous
        case .account:
            guard account != nil else { return nil }
            allowance = access.allowance.registered
        }
        let spent = readsThisMonth.filter { $0.meter == access.meter }.map(\.article)
        return MeterState(
            meter: access.meter, allowance: allowance, spent: Set(spent).count,
            resetsAt: CalendarMonth(containing: moment, in: offer.zone).end(in: offer.zone), timeZone: offer.zone.name)
    }

    /// The metered articles opened since the month began, up to the moment.
    var readsThisMonth: [MeteredRead] {
        guard let offer = facts.offer else { return [] }
        let month = CalendarMonth(containing: moment, in: offer.zone).interval(in: offer.zone)
        return offer.reads.filter { month.contains($0.openedAt) && $0.openedAt <= moment }
    }

    private var hasOpenedBefore: Bool {
        meter != nil && readsThisMonth.contains { $0.article == facts.article.id }
    }

    // MARK: - What would help

    private func denial(
        _ row: AccessRow, since: Timestamp? = nil, meter: MeterState? = nil
    ) -> AccessDecision.Verdict {
        var verdict = AccessDecision.Verdict(row: row, since: since, meter: meter)
        let trialDays = facts.offer?.trialDays ?? 0
        guard account != nil else {
            verdict.trialDaysOnOffer = trialDays
            verdict.steps = [.signUp, .signIn]
            return verdict
        }
        verdict.missing = access.level == .registered ? [] : access.opening
        let plans = facts.offer?.plans.filter { !Set($0.entitlements).isDisjoint(with: access.opening) } ?? []
        verdict.plans = plans.map(\.plan)
        switch subscription?.status {
        case .paused where subscriptionOpens: verdict.steps = [.resume]
        // What stands still has to go on before it can be changed.
        case .paused: verdict.steps = plans.isEmpty ? [] : [.resume, .changePlan]
        case .trialing, .active, .pastDue: verdict.steps = plans.isEmpty ? [] : [.changePlan]
        case .canceled, .expired, nil:
            if trialDays > 0 {
                verdict.trialDaysOnOffer = trialDays
                verdict.steps.append(.startTrial)
            }
            if !plans.isEmpty { verdict.steps.append(.subscribe) }
        }
        return verdict
    }
}
