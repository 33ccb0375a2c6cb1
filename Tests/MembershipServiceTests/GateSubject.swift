import Membership
import MembershipService
import MembershipStore
import TestSupport

/// The program, with the articles, plans and readers of a ``GateModel``.
struct GateSubject {
    let database: TestDatabase
    private let store: Store
    private var gifts: [String: [Identifier<Grant>]] = [:]
    private var payments = 0

    init(_ model: GateModel) async throws {
        database = try await TestDatabase.sandbox()
        _ = try await database.services.clock.set(to: Timestamp(milliseconds: model.now))
        store = try await database.store()
        try await store.write { tx in
            for plan in GateModel.Plan.all {
                let slug = try Slug(parsing: plan.name)
                let isDefault = plan.name == "membership"
                if !isDefault { try tx.insertPlan(slug) }
                try tx.insert(
                    PlanVersion(
                        plan: slug, version: isDefault ? 2 : 1,
                        terms: PlanTerms(
                            prices: [Money(amountMinor: plan.amount, currency: Currency(parsing: "EUR"))],
                            interval: .month, trialDays: GateModel.trialDays, graceDays: 7,
                            entitlements: [Entitlement(parsing: plan.gives)]), publishedAt: tx.now))
            }
        }
        for article in model.articles { try await add(article) }
    }

    private func add(_ article: GateModel.Article) async throws {
        guard case .key(let key) = try ArticleReference(parsing: article.key) else { return }
        try await store.write { tx in
            let title =
                try tx.title(key.title)
                ?? tx.insertTitle(slug: key.title, name: key.title.text, section: nil, homePage: nil, language: nil)
            _ = try tx.insertArticle(
                title: title.id, slug: key.slug, sourceID: key.slug.text, headline: key.slug.text,
                section: article.section, publishedAt: Timestamp(milliseconds: article.published), updatedAt: nil,
                content: GateSubject.content)
        }
    }

    private func correct(_ article: GateModel.Article) async throws {
        guard case .key(let key) = try ArticleReference(parsing: article.key) else { return }
        try await store.write { tx in
            let title = try tx.title(key.title)
            guard let title, var stored = try tx.storedArticle(title: title.id, sourceID: key.slug.text) else { return }
            stored.section = article.section
            stored.publishedAt = Timestamp(milliseconds: article.published)
            try tx.update(stored)
        }
    }

    private static let content = ArticleContent(
        author: nil, link: nil, summary: nil, keyPoints: [], categories: [], imageURL: nil, language: nil,
        opening: "An opening.", bodyHTML: "<p>An opening. And the rest.</p>")

    /// Does it; an opening gives what was answered.
    mutating func perform(_ command: GateCommand) async throws -> GateAnswer? {
        let services = database.services
        func account(_ email: String) throws -> AccountReference { .email(try EmailAddress(parsing: email)) }
        switch command {
        case .say(let saying):
            let target = try RuleTarget(parsing: saying.target)
            let edit = try RuleService.Edit(
                from: Timestamp(milliseconds: saying.from), until: saying.until.map(Timestamp.init(milliseconds:)))
            if let change = try saying.words.change {
                _ = try await services.rules.set(target, change, edit)
            } else {
                _ = try await services.rules.unset(target, edit)
            }
        case .add(let article): try await add(article)
        case .correct(let article): try await correct(article)
        case .signUp(let email, let zone, let visitor, let withTrial):
            _ = try await services.accounts.signUp(
                email: EmailAddress(parsing: email), timeZone: zone,
                visitor: visitor.map { try VisitorID(parsing: $0) },
                wantsTrial: withTrial)
        case .start(let email, let plan, let periods):
            let payment = try periods > 0 ? newPayment(plan, periods) : nil
            _ = try await services.subscriptions.start(account(email), plan: Slug(parsing: plan.name), payment: payment)
        case .pay(let email, let plan):
            _ = try await services.payments.record(account(email), newPayment(plan, 1))
        case .cancel(let email, let now):
            _ = try await services.subscriptions.cancel(account(email), now: now, .init())
        case .suspend(let email): _ = try await services.accounts.suspend(account(email), reason: "shared")
        case .reinstate(let email): _ = try await services.accounts.reinstate(account(email), reason: "sorry")
        case .give(let email, let right):
            let grant = try await services.grants.add(
                account(email),
                .init(
                    entitlement: Entitlement(parsing: right.name),
                    source: Grant.Source(rawValue: right.source) ?? .gift,
                    from: Timestamp(milliseconds: right.from), until: right.until.map(Timestamp.init(milliseconds:)),
                    reason: "given"))
            gifts[email, default: []].append(grant.id)
        case .void(let email, let gift):
            guard let id = gifts[email]?[gift] else { break }
            _ = try await services.grants.void(account(email), grant: id, reason: "wrong")
        case .open(let reader, let key):
            let opening = try await services.access.open(
                reader: reader.reference(), article: ArticleReference(parsing: key))
            return GateAnswer(opening.answer.decision)
        case .runJobs:
            let jobs = try await services.jobs.list().map(\.name)
            for job in jobs where !["outbox-delivery", "purge"].contains(job) { _ = try await services.jobs.run(job) }
        }
        return nil
    }

    private mutating func newPayment(_ plan: GateModel.Plan, _ periods: Int) throws -> NewPayment {
        payments += 1
        return try NewPayment(
            amount: Money(amountMinor: plan.amount * Int64(periods), currency: Currency(parsing: "EUR")),
            reference: "p\(payments)", periods: periods)
    }
}

extension GateModel.Reader {
    func reference() throws -> ReaderReference {
        switch self {
        case .anonymous: .anonymous
        case .visitor(let id, let zone): .visitor(try VisitorID(parsing: id), zone: try Zone(parsing: zone))
        case .account(let email): .account(.email(try EmailAddress(parsing: email)))
        }
    }
}

extension GateModel.Saying.Words {
    /// Nil takes away whatever was said.
    fileprivate var change: RuleChange? {
        get throws {
            var change = RuleChange()
            switch self {
            case .nothing: return nil
            case .terms(let access, let freeFor, let freeAfter, let requires):
                change.access = try AccessLevel(parsing: access)
                change.freeFor = freeFor.map { .set(TimeSpan(milliseconds: $0)) } ?? .remove
                change.freeAfter = freeAfter.map { .set(TimeSpan(milliseconds: $0)) } ?? .remove
                change.requires = try requires.map { try Entitlement(parsing: $0) }
            case .embargo(let until): change.embargoUntil = until.map { .set(Timestamp(milliseconds: $0)) } ?? .remove
            case .withdrawn(let isWithdrawn): change.isWithdrawn = isWithdrawn
            case .meter(let anonymous, let registered):
                (change.anonymousAllowance, change.registeredAllowance) = (anonymous, registered)
            }
            return change
        }
    }
}

extension GateAnswer {
    init(_ decision: AccessDecision) {
        let verdict = decision.verdict
        self.init(
            reason: decision.reason.rawValue, allowed: decision.allowed, source: verdict.source?.rawValue,
            until: verdict.until?.milliseconds, since: verdict.since?.milliseconds,
            meter: verdict.meter.map {
                Meter(name: $0.meter.name, allowance: $0.allowance, spent: $0.spent, resets: $0.resetsAt.milliseconds)
            },
            missing: verdict.missing.map(\.name), plans: verdict.plans.map(\.text), trialDays: verdict.trialDaysOnOffer,
            steps: verdict.steps.map(\.rawValue), next: decision.nextChangeAt?.milliseconds,
            wait: decision.waitUntil?.milliseconds)
    }
}
