@testable import Membership

/// What a decision rests on, for tests of the table: a month in which somebody reads `golem/bridge`, of the section
/// sport. What is not said is not there.
struct AccessFixture {
    /// The middle of a month.
    static let now = Timestamp(milliseconds: 1_778_846_400_000)  // 2026-05-15T12:00:00Z
    static let monthEnd = Timestamp(milliseconds: 1_780_272_000_000)  // 2026-06-01T00:00:00Z
    static let millisecond = TimeSpan(milliseconds: 1)
    static let before = TimeSpan(milliseconds: -1)

    static let golem = Slug(stored: "golem")
    static let key = ArticleKey(title: golem, slug: Slug(stored: "bridge"))
    static let articleID = Identifier<Article>(rawValue: 1)
    static let goldPlan = PlanOffer(plan: Slug(stored: "gold"), entitlements: [.allTitles])
    static let golemPlan = PlanOffer(plan: Slug(stored: "golem-only"), entitlements: [.title(golem)])
    static let otherPlan = PlanOffer(plan: Slug(stored: "other"), entitlements: [.title(Slug(stored: "heise"))])

    static let ofArticle = RuleTarget.article(key)
    static let ofSection = RuleTarget.section(title: golem, section: Slug(stored: "sport"))
    static let ofTitle = RuleTarget.title(golem)
    /// What somebody without an account is told.
    static func anonymousDenial(trialDays: Int = 0) -> ToldVerdict {
        .init(row: .anonymous, trialDaysOnOffer: trialDays, steps: [.signUp, .signIn])
    }

    static let chain = [ofArticle, ofSection, ofTitle, .everything]

    enum Reader: CaseIterable {
        case anonymous, visitor, account
    }

    var reader: Reader
    var publishedAt = now + .days(-100)
    var hasSection = true
    var rules: [AccessRule] = []
    var createdAt = now + .days(-50)
    var zone = Zone.utc
    var suspensions: [Suspension] = []
    var grants: [Grant] = []
    var reads: [MeteredRead] = []
    var subscription: Subscription?
    var trialDays = 0
    var plans: [PlanOffer] = []

    init(_ access: AccessLevel? = nil, _ reader: Reader = .account, _ change: (inout AccessFixture) -> Void = { _ in })
    {
        self.reader = reader
        if let access { rule(.everything, RuleSettings(terms: AccessFixture.terms(access))) }
        change(&self)
    }

    // MARK: - What there is

    static func terms(
        _ access: AccessLevel, freeFor: TimeSpan? = nil, freeAfter: TimeSpan? = nil, requires: [Entitlement] = []
    ) -> AccessTerms {
        AccessTerms(stored: access, freeFor: freeFor, freeAfter: freeAfter, requires: requires)
    }

    mutating func rule(
        _ target: RuleTarget, _ settings: RuleSettings, from: Timestamp = now + .days(-1000), until: Timestamp? = nil
    ) {
        add(target, .settings(settings), Interval(from: from, until: until))
    }

    mutating func unreadableRule(
        _ target: RuleTarget, from: Timestamp = now + .days(-1000), until: Timestamp? = nil
    ) {
        add(target, .unreadable("‘open’ is not an access level."), Interval(from: from, until: until))
    }

    private mutating func add(_ target: RuleTarget, _ content: AccessRule.Content, _ interval: Interval) {
        rules.append(
            AccessRule(
                id: Identifier(rawValue: Int64(rules.count)), target: target, content: content, interval: interval,
                recordedAt: interval.startsAt))
    }

    /// So many articles a month.
    mutating func allow(anonymous: Int = 0, registered: Int = 0, by target: RuleTarget = ofTitle) {
        rule(target, RuleSettings(meter: MeterAllowance(stored: anonymous, registered: registered)))
    }

    @discardableResult
    mutating func grant(
        _ entitlement: Entitlement = .allTitles, _ source: Grant.Source = .complimentary,
        from: Timestamp = now + .days(-40), until: Timestamp?
    ) -> Identifier<Grant> {
        let id = Identifier<Grant>(rawValue: Int64(grants.count + 1))
        grants.append(
            Grant(
                id: id, entitlement: entitlement, source: source, interval: Interval(from: from, until: until),
                recordedAt: from))
        return id
    }

    mutating func suspend(from: Timestamp = now + .days(-2), until: Timestamp? = nil) {
        suspensions.append(Suspension(interval: Interval(from: from, until: until), reason: "shared"))
    }

    mutating func open(
        _ article: Int64, at moment: Timestamp = now + .days(-1), by meter: RuleTarget = ofTitle
    ) {
        reads.append(MeteredRead(article: Identifier(rawValue: article), meter: meter, openedAt: moment))
    }

    /// A subscription in a state since ten days, to a plan that gives something.
    mutating func subscribe(_ status: Subscription.Status, to entitlements: [Entitlement] = [.allTitles]) {
        let plan = SubscriptionFixture.plan("membership", 999, graceDays: 30, gives: entitlements)
        let start = AccessFixture.now + .days(-10)
        let active = SubscriptionFixture.started(plan, paid: 1, at: start)
        switch status {
        case .trialing: subscription = SubscriptionFixture.trial(plan, at: start)
        case .active: subscription = active
        case .pastDue: subscription = SubscriptionFixture.started(plan, paid: 0, at: start)
        case .paused: subscription = try? active.after { try $0.pause(until: nil, at: start) }
        case .canceled: subscription = try? active.after { try $0.cancel(now: true, at: start) }
        case .expired:
            subscription = try? SubscriptionFixture.trial(plan, at: start).after { try $0.endTrial(at: start) }
        }
    }

    // MARK: - What is asked

    /// The facts as they are gathered for a moment: reads of its month, up to it.
    func facts(at moment: Timestamp = now, withOffer: Bool = true) -> AccessFacts {
        let month = CalendarMonth(containing: moment, in: zone).interval(in: zone)
        let offer =
            switch reader {
            case .anonymous: OfferFacts(trialDays: trialDays)
            case .visitor, .account:
                OfferFacts(
                    zone: zone, reads: reads.filter { month.contains($0.openedAt) && $0.openedAt <= moment },
                    subscription: subscription, trialDays: trialDays, plans: plans)
            }
        return AccessFacts(
            article: article, rules: rules, reader: readerFacts, offer: withOffer ? offer : nil)
    }

    private var article: Article {
        Article(
            id: AccessFixture.articleID, key: AccessFixture.key, headline: "The bridge",
            section: hasSection ? "Sport" : nil, sectionSlug: hasSection ? Slug(stored: "sport") : nil,
            publishedAt: publishedAt, updatedAt: nil, importedAt: publishedAt)
    }

    private var readerFacts: ReaderFacts {
        switch reader {
        case .anonymous: .anonymous
        case .visitor: .visitor(VisitorID(stored: "0123456789abcdef"), zone: zone)
        case .account:
            .account(
                AccountFacts(
                    id: Identifier(rawValue: 7), createdAt: createdAt, timeZone: zone.name, suspensions: suspensions,
                    grants: grants))
        }
    }

    func decide(at moment: Timestamp = now) -> AccessDecision { AccessRules.decide(facts(at: moment), at: moment) }

    func row(at moment: Timestamp = now) -> AccessRow { decide(at: moment).verdict.row }
}

/// All that a verdict tells whoever asks.
struct ToldVerdict: Equatable {
    var row: AccessRow
    var source: Grant.Source?
    var grant: Identifier<Grant>?
    var until: Timestamp?
    var since: Timestamp?
    var publishedAt: Timestamp?
    var meter: MeterState?
    var missing: [Entitlement] = []
    var plans: [Slug] = []
    var trialDaysOnOffer: Int?
    var steps: [AccessDecision.Action] = []
}

extension AccessDecision.Verdict {
    var told: ToldVerdict {
        ToldVerdict(
            row: row, source: source, grant: grant, until: until, since: since, publishedAt: publishedAt, meter: meter,
            missing: missing, plans: plans, trialDaysOnOffer: trialDaysOnOffer, steps: steps)
    }
}
