import Membership
import MembershipService
import MembershipStore
import TestSupport

/// What can be seen of an account from outside, of the model's or of the program's.
struct LifecycleView: Equatable {
    var subscription: SubscriptionFields?
    var access: [Access] = []
    /// The end of the right that lasts longest, where there is one now; nil in it for ever.
    var accessUntil: [Int64?] = []
    var payments: [LifecycleModel.Paid] = []
    var events: [LifecycleModel.Happening] = []
    var messages: [Message] = []

    struct SubscriptionFields: Equatable {
        var plan: String
        var status: Subscription.Status
        var trialStart, trialEnd, periodStart, periodEnd: Int64?
        var trialConverts: Bool
        var cancelAtPeriodEnd: Bool
        var canceledAt, pausedAt, pauseUntil, endedAt, endsAt, paidUntil: Int64?
        var nextPlan: String?
        var nextPlanAt: Int64?
    }

    struct Access: Equatable {
        var at: Int64
        var isAllowed: Bool
    }
}

/// The program, with one account that a history happens to.
struct LifecycleSubject {
    let database: TestDatabase
    let store: Store
    let reader: AccountReference
    private let article: ArticleReference
    private let email: EmailAddress
    private var gifts: [Identifier<Grant>] = []

    /// A database with the article and the plans that histories are about.
    static func makeDatabase() async throws -> (TestDatabase, Store) {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.clock.set(to: Timestamp(milliseconds: LifecycleHistory.epoch))
        try await database.addArticle(LifecycleModel.article)
        try await database.addArticle("other/a-stone")
        let store = try await database.store()
        try await store.write { tx in
            for offer in LifecycleModel.Offer.all {
                let version = try offer.planVersion(publishedAt: tx.now)
                if version.version == 1 { try tx.insertPlan(version.plan) }
                try tx.insert(version)
            }
        }
        return (database, store)
    }

    init(_ database: TestDatabase, _ store: Store, email text: String) throws {
        self.database = database
        self.store = store
        email = try EmailAddress(parsing: text)
        reader = .email(email)
        article = try ArticleReference(parsing: LifecycleModel.article)
    }

    /// Does it, and returns why not when it is refused.
    mutating func perform(_ command: LifecycleCommand, zone: String) async throws -> MembershipError? {
        do {
            try await attempt(command, zone: zone)
            return nil
        } catch let error as MembershipError where !LifecycleSubject.faults.contains(error.code) {
            return error
        }
    }

    /// What a refusal never is.
    private static let faults: Set<MembershipError.Code> = [
        .unforeseen, .constraintViolated, .databaseBusy, .databaseDamaged, .outcomeUnknown,
    ]

    private mutating func attempt(_ command: LifecycleCommand, zone: String) async throws {
        let services = database.services
        let edit = try SubscriptionService.Edit()
        switch command {
        case .signUp(let withTrial):
            _ = try await services.accounts.signUp(email: email, timeZone: zone, wantsTrial: withTrial)
        case .startTrial: _ = try await services.trials.start(reader)
        case .extendTrial(let days): _ = try await services.trials.extend(reader, byDays: days, edit)
        case .endTrial: _ = try await services.trials.end(reader, edit)
        case .convertTrial(let now): _ = try await services.trials.convert(reader, now: now, edit)
        case .start(let plan, let payment, let anyAmount):
            _ = try await services.subscriptions.start(
                reader, plan: Slug(parsing: plan), payment: payment?.newPayment(anyAmount))
        case .activate: _ = try await services.subscriptions.activate(reader, .init(reason: "given"))
        case .renew: _ = try await services.subscriptions.renew(reader, edit)
        case .cancel(let now): _ = try await services.subscriptions.cancel(reader, now: now, edit)
        case .resume: _ = try await services.subscriptions.resume(reader, edit)
        case .pause(let until):
            _ = try await services.subscriptions.pause(reader, until: until.map(Timestamp.init(milliseconds:)), edit)
        case .changePlan(let plan, let now):
            _ = try await services.subscriptions.changePlan(reader, to: Slug(parsing: plan), now: now, edit)
        case .pay(let payment, let anyAmount):
            _ = try await services.payments.record(reader, payment.newPayment(anyAmount))
        case .give(let gift):
            let grant = try await services.grants.add(
                reader,
                .init(
                    entitlement: Entitlement(parsing: gift.right), source: .complimentary,
                    from: Timestamp(milliseconds: gift.from), until: gift.until.map(Timestamp.init(milliseconds:)),
                    reason: "given"))
            gifts.append(grant.id)
        case .void(let number):
            _ = try await services.grants.void(reader, grant: gifts[number], reason: "wrong")
        case .setClock(let moment): _ = try await services.clock.set(to: Timestamp(milliseconds: moment))
        case .runJobs:
            let jobs = try await services.jobs.list().map(\.name)
            for job in jobs where !["outbox-delivery", "purge"].contains(job) { _ = try await services.jobs.run(job) }
        }
    }

    /// What the account looks like, with access at some moments.
    ///
    /// - Parameters:
    ///   - known: how many events need not be read again; they never change.
    ///   - throughServices: whether what can be asked of a service is asked of it, and not of what it asks.
    func view(at moments: [Int64], eventsAfter known: Int, throughServices: Bool) async throws -> LifecycleView {
        let (reader, article) = (reader, article)
        let view = try await ifKnown {
            try await store.read { tx in
                let facts = try tx.accessFacts(reader: .account(reader), article: article).facts
                let fromNow = try tx.accessFacts(reader: .account(reader), article: article, isFromNow: true).facts
                guard case .account(let account) = facts.reader else { return LifecycleView() }
                let decision = AccessRules.decide(fromNow, at: tx.now)
                return LifecycleView(
                    subscription: try tx.subscriptions(of: account.id).first.map { .init($0.advanced(to: tx.now)) },
                    access: ([tx.now] + moments.map(Timestamp.init(milliseconds:))).map {
                        .init(
                            at: $0.milliseconds,
                            isAllowed: AccessRules.decide($0 < tx.now ? facts : fromNow, at: $0).allowed)
                    }, accessUntil: decision.allowed ? [decision.verdict.until?.milliseconds] : [],
                    payments: try tx.payments(of: account.id).map(LifecycleModel.Paid.init),
                    events: try tx.events(of: account.id, from: Int64(known) + 1, limit: 1000).map {
                        .init(kind: $0.kind, at: $0.effectiveAt.milliseconds)
                    },
                    messages: try tx.messages(to: account.id))
            }
        }
        guard var view else { return LifecycleView() }
        guard throughServices else { return view }
        view.payments = try await database.services.payments.list(reader).map(LifecycleModel.Paid.init)
        view.access = []
        for moment in [nil] + moments.map(Timestamp.init(milliseconds:)) {
            let answer = try await database.services.access.check(
                reader: .account(reader), article: article, .init(at: moment))
            view.access.append(.init(at: answer.decision.at.milliseconds, isAllowed: answer.decision.allowed))
        }
        do {
            view.subscription = .init(try await database.services.subscriptions.show(reader))
        } catch let error as MembershipError where error.code == .unknownSubscription {
            view.subscription = nil
        }
        return view
    }

    /// What is wrong with the chain of the account's events.
    func chainFault() async throws -> String? {
        let reader = reader
        return try await ifKnown { try await store.read { tx in try tx.chainFault(of: tx.account(reader).id) } } ?? nil
    }

    private func ifKnown<Result>(_ body: () async throws -> Result) async throws -> Result? {
        do {
            return try await body()
        } catch let error as MembershipError where error.code == .unknownAccount {
            return nil
        }
    }
}

extension LifecycleView.SubscriptionFields {
    init(_ subscription: Subscription) {
        plan = subscription.version.description
        status = subscription.status
        trialStart = subscription.trialStart?.milliseconds
        trialEnd = subscription.trialEnd?.milliseconds
        periodStart = subscription.currentPeriodStart?.milliseconds
        periodEnd = subscription.currentPeriodEnd?.milliseconds
        trialConverts = subscription.convertsTrial
        cancelAtPeriodEnd = subscription.cancelAtPeriodEnd
        canceledAt = subscription.canceledAt?.milliseconds
        pausedAt = subscription.pausedAt?.milliseconds
        pauseUntil = subscription.pauseUntil?.milliseconds
        endedAt = subscription.endedAt?.milliseconds
        endsAt = subscription.endsAt?.milliseconds
        paidUntil = subscription.paidUntil?.milliseconds
        nextPlan = subscription.nextVersion?.version.description
        nextPlanAt = subscription.nextVersion.map { subscription.boundary($0.fromIndex).milliseconds }
    }
}

extension LifecycleModel {
    /// What the model says can be seen.
    func view(at moments: [Int64], eventsAfter known: Int) -> LifecycleView {
        var view = LifecycleView()
        guard signedUpAt != nil else { return view }
        view.subscription = agreement(at: now).map { agreement in
            .init(
                plan: agreement.offer.label, status: agreement.status, trialStart: agreement.trialStart,
                trialEnd: agreement.trialEnd, periodStart: agreement.periodStart, periodEnd: agreement.periodEnd,
                trialConverts: agreement.goesOnAfterTrial, cancelAtPeriodEnd: agreement.isCancelled,
                canceledAt: agreement.cancelledAt, pausedAt: agreement.pausedAt, pauseUntil: agreement.pausedUntil,
                endedAt: agreement.endedAt, endsAt: endsAt(agreement), paidUntil: paidUntil(agreement),
                nextPlan: agreement.change?.offer.label,
                nextPlanAt: agreement.change.map { boundary($0.from, of: agreement) })
        }
        view.access = ([now] + moments).map { .init(at: $0, isAllowed: isAllowed(at: $0)) }
        if isAllowed(at: now) { view.accessUntil = [accessEnd] }
        (view.payments, view.events, view.messages) = (paid, Array(happened.dropFirst(known)), told)
        return view
    }

    /// Moments at which access is worth asking about: past ones, and those around the turns to come.
    var interestingMoments: [Int64] {
        let past = accessWas.keys.filter { $0 < now }.sorted()
        var moments: [Int64] = past.suffix(4) + past.prefix(1)
        for turn in turns(3) { moments += [turn - 1, turn, turn + LifecycleModel.day].filter { $0 > now } }
        return moments + gifts.compactMap(\.until).filter { $0 > now }.prefix(2)
    }
}

extension LifecycleModel.Offer {
    static let all: [LifecycleModel.Offer] = [
        .init(
            name: "membership", version: 2, prices: ["EUR": 999, "USD": 1099], every: 1, unit: .month, trialDays: 14,
            graceDays: 7, gives: "all-titles"),
        .init(
            name: "thirty", version: 1, prices: ["EUR": 799, "USD": 899], every: 30, unit: .day, trialDays: 0,
            graceDays: 0, gives: "all-titles"),
        .init(
            name: "yearly", version: 1, prices: ["EUR": 9900, "USD": 10900], every: 1, unit: .year, trialDays: 0,
            graceDays: 14, gives: "title:golem"),
        .init(
            name: "gratis", version: 1, prices: ["EUR": 0, "USD": 0], every: 1, unit: .month, trialDays: 0,
            graceDays: 0,
            gives: "title:golem"),
        .init(
            name: "local", version: 1, prices: ["EUR": 1200, "USD": 1300], every: 3, unit: .month, trialDays: 0,
            graceDays: 3, gives: "title:other"),
    ]

    var label: String { "\(name)@\(version)" }

    fileprivate func planVersion(publishedAt: Timestamp) throws -> PlanVersion {
        let prices = prices.map { Money(amountMinor: $0.value, currency: Currency(stored: $0.key)) }
        return PlanVersion(
            plan: try Slug(parsing: name), version: version,
            terms: try PlanTerms(
                prices: prices, interval: BillingInterval(stored: every, unit), trialDays: trialDays,
                graceDays: graceDays, entitlements: [Entitlement(parsing: gives)]),
            publishedAt: publishedAt)
    }
}

extension LifecycleModel.Paid {
    fileprivate init(_ payment: Payment) {
        self.init(
            money: .init(amount: payment.amount.amountMinor, currency: payment.amount.currency.code),
            periods: payment.periods, reference: payment.reference ?? "")
    }

    fileprivate func newPayment(_ anyAmount: Bool) throws -> NewPayment {
        try NewPayment(
            amount: Money(amountMinor: money.amount, currency: Currency(stored: money.currency)), reference: reference,
            periods: periods, takesAnyAmount: anyAmount)
    }
}
