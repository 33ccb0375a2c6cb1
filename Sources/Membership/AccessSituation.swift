/// What the facts come to at one moment: each row of the table is asked here.
struct AccessSituation {
    let facts: AccessFacts
    let moment: Timestamp
    /// What the rules make of the article.
    let access: ArticleAccess
    /// The account, when there was one at the moment.
    let account: AccountFacts?
    /// How the reader stands with the article's meter; nil when the article is not metered, or nobody knows who reads.
    let meter: MeterState?

    // Not inlined, it would be copied to whoever asks, and each of its references counted once more.
    @inline(__always)
    init(_ facts: AccessFacts, at moment: Timestamp) {
        self.facts = facts
        self.moment = moment
        access = facts.ruled.access(at: moment)
        account = AccessSituation.account(facts.reader, at: moment)
        meter = AccessSituation.meter(facts, access, hasAccount: account != nil, at: moment)
    }

    /// As another at the same moment, with more of the facts gathered.
    init(_ other: AccessSituation, knowing facts: AccessFacts) {
        (self.facts, moment, access, account) = (facts, other.moment, other.access, other.account)
        meter = AccessSituation.meter(facts, other.access, hasAccount: other.account != nil, at: other.moment)
    }

    /// The same facts at a later moment.
    @inline(__always)
    init(_ earlier: AccessSituation, at moment: Timestamp) {
        facts = earlier.facts
        self.moment = moment
        access = earlier.facts.ruled.access(at: moment)
        account = earlier.account ?? AccessSituation.account(earlier.facts.reader, at: moment)
        meter = AccessSituation.meter(earlier.facts, access, hasAccount: account != nil, at: moment)
    }

    private static func account(_ reader: ReaderFacts, at moment: Timestamp) -> AccountFacts? {
        guard case .account(let account) = reader, account.createdAt <= moment else { return nil }
        return account
    }

    private static func meter(
        _ facts: AccessFacts, _ access: ArticleAccess, hasAccount: Bool, at moment: Timestamp
    ) -> MeterState? {
        guard access.level == .metered, let offer = facts.offer,
            let allowance = allowance(of: facts.reader, hasAccount: hasAccount, access)
        else { return nil }
        let meter = access.meter
        let month = offer.zone.month(containing: moment)
        var spent: Set<Identifier<Article>> = []
        for read in offer.reads where read.meter == meter && counts(read, in: month, upTo: moment) {
            spent.insert(read.article)
        }
        return MeterState(
            meter: meter, allowance: allowance, spent: spent.count,
            resetsAt: month.endsAt ?? Timestamp.writable.upperBound, timeZone: offer.zone.name)
    }

    /// Asked of each read where it stands: a list of those that count, even a lazy one, takes a metered check 1 µs more.
    private static func counts(_ read: MeteredRead, in month: Interval, upTo moment: Timestamp) -> Bool {
        month.contains(read.openedAt) && read.openedAt <= moment
    }

    /// What the meter allows whoever reads; nil when nobody knows who that is.
    private static func allowance(of reader: ReaderFacts, hasAccount: Bool, _ access: ArticleAccess) -> Int? {
        switch reader {
        case .anonymous: nil
        case .visitor: access.allowance.anonymous
        case .account: hasAccount ? access.allowance.registered : nil
        }
    }

    /// The first row that applies, of those after one and up to another; nil when none of them does.
    func first(after earlier: AccessRow? = nil, upTo last: AccessRow = .otherwise) -> AccessRow? {
        var number = (earlier?.rawValue ?? 0) + 1
        while number <= last.rawValue, let row = AccessRow(rawValue: number) {
            if applies(row) { return row }
            number += 1
        }
        return nil
    }

    /// Whether a row applies.
    func applies(_ row: AccessRow) -> Bool {
        switch row {
        case .unreadable: access.unreadable != nil
        case .withdrawn: access.withdrawnBy != nil
        case .notPublished: moment < access.publishedAt
        case .free: access.level == .free
        case .suspended: suspension != nil
        case .entitled: account.map { indexOfLongestLasting(in: $0) != nil } ?? false
        case .registered: access.level == .registered && account != nil
        case .openedBefore: hasOpenedBefore
        case .metered: meter.map { $0.left > 0 } ?? false
        case .meterExhausted: meter.map { $0.allowance > 0 } ?? false
        case .anonymous: account == nil
        case .trialEnded: sourceOfLapsed == .trial
        case .paymentOverdue: sourceOfLapsed == .grace
        case .subscriptionLapsed: sourceOfLapsed == .subscription
        case .entitlementMissing: !holding.isEmpty
        case .otherwise: true
        }
    }

    /// What the first row says that applies.
    var verdict: AccessDecision.Verdict { verdict(of: first() ?? .otherwise) }

    /// What a row says that applies.
    func verdict(of row: AccessRow) -> AccessDecision.Verdict {
        switch row {
        case .unreadable, .withdrawn, .free, .registered: return AccessDecision.Verdict(row)
        case .notPublished: return AccessDecision.Verdict(row, .notPublished(publishedAt: access.publishedAt))
        case .suspended: return AccessDecision.Verdict(row, .suspended(since: suspension?.interval.startsAt))
        case .entitled:
            guard let account, let last = indexOfLongestLasting(in: account) else { return AccessDecision.Verdict(row) }
            return AccessDecision.Verdict(
                row,
                .entitled(
                    source: account.grants[last].source, grant: account.grants[last].id,
                    until: account.grants[last].interval.endsAt))
        case .openedBefore, .metered: return AccessDecision.Verdict(row, .letInByMeter(meter))
        case .meterExhausted: return AccessDecision.Verdict(row, .keptOut(since: nil, meter: meter, help))
        case .trialEnded, .paymentOverdue, .subscriptionLapsed:
            let since = account.flatMap { account in
                indexOfLapsed(in: account).flatMap { account.grants[$0].interval.endsAt }
            }
            return AccessDecision.Verdict(row, .keptOut(since: since, meter: nil, help))
        case .anonymous, .entitlementMissing, .otherwise:
            return AccessDecision.Verdict(row, .keptOut(since: nil, meter: nil, help))
        }
    }

    // MARK: - What the rows ask

    /// The suspension in force.
    var suspension: Suspension? { account?.suspensions.first { $0.interval.contains(moment) } }

    /// The grants that hold, whatever they open.
    var holding: [Grant] { account?.grants.filter { $0.interval.contains(moment) } ?? [] }

    /// Of the grants that open the article now, the one that lasts longest.
    private func indexOfLongestLasting(in account: AccountFacts) -> Int? {
        lastToEnd(of: account.grants) { $0.contains(moment) }
    }

    /// Of the grants that opened the article and are over, the one that ended last: it says best what would help.
    var lapsed: Grant? {
        account.flatMap { account in indexOfLapsed(in: account).map { account.grants[$0] } }
    }

    private func indexOfLapsed(in account: AccountFacts) -> Int? {
        lastToEnd(of: account.grants) { $0.hasEnded(by: moment) }
    }

    private var sourceOfLapsed: Grant.Source? {
        account.flatMap { account in indexOfLapsed(in: account).map { account.grants[$0].source } }
    }

    /// Of the grants that open the article, the one that ends last; of those that end at once, the first. By its place:
    /// what a grant says is copied only where it is wanted.
    @inline(__always)
    private func lastToEnd(of grants: [Grant], where isWanted: (Interval) -> Bool) -> Int? {
        var last: Int?
        for index in grants.indices where isWanted(grants[index].interval) {
            guard access.opening.contains(grants[index].entitlement) else { continue }
            if let last, !grants[index].interval.outlasts(grants[last].interval) { continue }
            last = index
        }
        return last
    }

    /// What the subscription that has not ended is by the clock.
    var subscription: Subscription? {
        guard account != nil, let recorded = facts.offer?.subscription else { return nil }
        let subscription = recorded.advanced(to: moment)
        return subscription.status.isFinal ? nil : subscription
    }

    /// Whether any of them opens the article.
    private func opens(_ entitlements: [Entitlement]) -> Bool {
        entitlements.contains { access.opening.contains($0) }
    }

    /// Whether the plan that the reader subscribes to opens the article.
    private var subscriptionOpens: Bool {
        subscription.map { opens($0.terms.entitlements) } ?? false
    }

    /// The metered articles opened since the month began, up to the moment.
    var readsThisMonth: [MeteredRead] {
        guard let offer = facts.offer else { return [] }
        let month = offer.zone.month(containing: moment)
        return offer.reads.filter { AccessSituation.counts($0, in: month, upTo: moment) }
    }

    private var hasOpenedBefore: Bool {
        guard meter != nil, let offer = facts.offer else { return false }
        let (article, month) = (facts.article.id, offer.zone.month(containing: moment))
        return offer.reads.contains { $0.article == article && AccessSituation.counts($0, in: month, upTo: moment) }
    }

    // MARK: - What would help

    private var help: AccessDecision.Verdict.Help {
        let trialDays = facts.offer?.trialDays ?? 0
        guard account != nil else {
            return AccessDecision.Verdict.Help(trialDaysOnOffer: trialDays, steps: [.signUp, .signIn])
        }
        let plans = facts.offer?.plans.compactMap { opens($0.entitlements) ? $0.plan : nil } ?? []
        var help = AccessDecision.Verdict.Help(missing: access.level == .registered ? [] : access.opening, plans: plans)
        switch subscription?.status {
        case .paused where subscriptionOpens: help.steps = [.resume]
        // What stands still has to go on before it can be changed.
        case .paused: help.steps = plans.isEmpty ? [] : [.resume, .changePlan]
        case .trialing, .active, .pastDue: help.steps = plans.isEmpty ? [] : [.changePlan]
        case .canceled, .expired, nil:
            if trialDays > 0 {
                help.trialDaysOnOffer = trialDays
                help.steps.append(.startTrial)
            }
            if !plans.isEmpty { help.steps.append(.subscribe) }
        }
        return help
    }
}
