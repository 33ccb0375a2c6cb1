import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct SubscriptionServiceTests {
    private func code(_ body: () async throws -> Void) async -> MembershipError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? MembershipError)?.code
        }
    }

    private func payment(_ reference: String, periods: Int = 1) throws -> NewPayment {
        let amount = Money(amountMinor: 999 * Int64(periods), currency: try Currency(parsing: "EUR"))
        return try NewPayment(amount: amount, reference: reference, periods: periods)
    }

    /// A database whose plan has a price, and a reader without a subscription.
    private func prepared(live clock: ManualClock? = nil) async throws -> (TestDatabase, AccountReference) {
        let database =
            if let clock { try await TestDatabase.live(clock: clock.wallClock) } else {
                try await TestDatabase.sandbox()
            }
        try await database.services.plans.publishPriced()
        let email = try EmailAddress(parsing: "ada@example.com")
        _ = try await database.services.accounts.signUp(email: email, wantsTrial: false)
        return (database, .email(email))
    }

    @Test func ofTwoEditsOfOneStateTheSecondIsToldAndNothingIsOverwritten() async throws {
        let (database, ada) = try await prepared()
        let subscriptions = database.services.subscriptions
        let seen = try await subscriptions.start(ada, plan: Slug(parsing: "membership"), payment: payment("1"))
            .subscription.revision
        _ = try await subscriptions.cancel(ada, now: false, .init(revision: seen))
        let conflict = await code { _ = try await subscriptions.pause(ada, until: nil, .init(revision: seen)) }
        #expect(conflict == .editConflict)
        let left = try await subscriptions.show(ada)
        #expect(left.status == .active)
        #expect(left.cancelAtPeriodEnd)
        #expect(left.revision == seen + 1)
        _ = try await subscriptions.resume(ada, .init(revision: left.revision))
    }

    @Test func theRevisionThatIsShownIsTheOneAChangeCanBeMeantFor() async throws {
        let (database, ada) = try await prepared()
        let subscriptions = database.services.subscriptions
        let begun = try await subscriptions.start(
            ada, plan: Slug(parsing: "membership"), payment: payment("1", periods: 2)
        ).subscription
        _ = try await database.services.clock.advance(by: .days(32))
        // The clock has begun the second period, and no job has recorded that.
        let shown = try await subscriptions.show(ada)
        #expect(shown.revision == begun.revision + 1)
        let early = await code {
            _ = try await subscriptions.cancel(ada, now: false, .init(revision: begun.revision))
        }
        #expect(early == .editConflict)
        let left = try await subscriptions.cancel(ada, now: false, .init(revision: shown.revision))
        #expect(left.cancelAtPeriodEnd && left.revision == shown.revision + 1)
    }

    @Test func aBeginningIsToldApartFromOneThatWasKnown() async throws {
        let (database, ada) = try await prepared()
        let (subscriptions, plan) = (database.services.subscriptions, try Slug(parsing: "membership"))
        let begun = try await subscriptions.start(ada, plan: plan, payment: payment("1"))
        #expect(!begun.wasKnown)
        let again = try await subscriptions.start(ada, plan: plan, payment: payment("1"))
        #expect(again.wasKnown && again.subscription == begun.subscription)
        // What was paid later has begun nothing.
        _ = try await database.services.clock.advance(by: .days(1))
        _ = try await database.services.payments.record(ada, payment("2"))
        let refused = await code { _ = try await subscriptions.start(ada, plan: plan, payment: payment("2")) }
        #expect(refused == .referenceReused)
    }

    @Test func whatIsBegunUnpaidWithoutGraceIsOver() async throws {
        let (database, ada) = try await prepared()
        let plan = try Slug(parsing: "strict")
        let price = try Money(parsing: "1.00", currency: Currency(parsing: "EUR"))
        _ = try await database.services.plans.add(
            plan, .init(prices: [price], graceDays: 0, entitlements: [.allTitles]))
        _ = try await database.services.plans.publish(plan)
        let begun = try await database.services.subscriptions.start(ada, plan: plan)
        #expect(begun.subscription.status == .expired)
        #expect(try await database.services.subscriptions.show(ada) == begun.subscription)
    }

    @Test func aPaymentForPeriodsOfTwoPlansIsRefusedByWhatEachCosts() async throws {
        let (database, ada) = try await prepared()
        let (subscriptions, payments) = (database.services.subscriptions, database.services.payments)
        try await database.services.plans.publishPriced("archive")
        let price = try Money(parsing: "29.99", currency: Currency(parsing: "USD"))
        _ = try await database.services.plans.add(
            Slug(parsing: "dollars"), .init(prices: [price], entitlements: [.allTitles]))
        _ = try await database.services.plans.publish(Slug(parsing: "dollars"))
        _ = try await subscriptions.start(ada, plan: Slug(parsing: "membership"))
        func refusal(_ plan: String) async throws -> String {
            _ = try await subscriptions.changePlan(ada, to: Slug(parsing: plan), now: false, .init())
            let amount = try Money(parsing: "0.01", currency: Currency(parsing: "EUR"))
            let error = await #expect(throws: MembershipError.self) {
                try await payments.record(ada, NewPayment(amount: amount, reference: "1", periods: 2))
            }
            #expect(error?.code == .amountMismatch)
            return error?.message ?? ""
        }
        #expect(try await refusal("archive").contains("1 period of membership@2 and 1 period of archive@1 cost: "))
        #expect(try await refusal("dollars").contains("dollars@1 has no price in EUR; its prices are in USD."))
    }

    @Test func commandsThatRaceAreDoneOneAfterTheOther() async throws {
        let (database, ada) = try await prepared()
        let start = try await database.services.subscriptions.start(
            ada, plan: Slug(parsing: "membership"), payment: payment("first"))
        // Half of them cancel, half take it back; each is told whether the other kind came before it.
        let done = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let services = try await Services.open(database.location)
                    do {
                        if number.isMultiple(of: 2) {
                            _ = try await services.subscriptions.cancel(ada, now: false, .init())
                        } else {
                            _ = try await services.subscriptions.resume(ada, .init())
                        }
                        return true
                    } catch let error as MembershipError where error.code == .transitionForbidden {
                        return false
                    }
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        let left = try await database.services.subscriptions.show(ada)
        #expect(left.revision == start.subscription.revision + done)
        #expect(left.cancelAtPeriodEnd == !done.isMultiple(of: 2))
        let (events, fault) = try await database.store().read { tx in
            let id = try tx.account(ada).id
            return (try tx.events(of: id).map(\.kind), try tx.chainFault(of: id))
        }
        #expect(events.filter { $0 == .cancelScheduled || $0 == .cancelWithdrawn }.count == done)
        #expect(fault == nil)
    }

    @Test func oneReferenceIsRecordedOnceHoweverManySendIt() async throws {
        let (database, ada) = try await prepared()
        _ = try await database.services.subscriptions.start(ada, plan: Slug(parsing: "membership"))
        let known = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<6 {
                group.addTask { [self] in
                    try await Services.open(database.location).payments.record(ada, payment("INV-1")).wasKnown
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(known.filter { !$0 }.count == 1)
        #expect(try await database.services.payments.list(ada).count == 1)
        #expect(
            await code { _ = try await database.services.payments.record(ada, payment("INV-1", periods: 2)) }
                == .referenceReused)
    }

    @Test func aPaymentIsKnownAlsoAfterItsAccountWasMerged() async throws {
        let (database, ada) = try await prepared()
        _ = try await database.services.subscriptions.start(
            ada, plan: Slug(parsing: "membership"), payment: payment("INV-1"))
        let other = AccountReference.email(try EmailAddress(parsing: "ada@work.example"))
        _ = try await database.services.accounts.signUp(
            email: EmailAddress(parsing: "ada@work.example"), wantsTrial: false)
        _ = try await database.services.accounts.merge(ada, into: other, reason: "One person")
        #expect(try await database.services.payments.record(ada, payment("INV-1")).wasKnown)
    }

    @Test func theSubscriptionThatGoesOnIsMeantWhateverItsId() async throws {
        let database = try await TestDatabase.sandbox()
        let plan = try Slug(parsing: "membership")
        try await database.services.plans.publishPriced()
        // Each command of another process, whose ids begin anew in a moment that does not pass.
        func services() async throws -> Services { try await Services.open(database.location) }
        for number in 0..<12 {
            let email = try EmailAddress(parsing: "r\(number)@example.com")
            let reader = AccountReference.email(email)
            _ = try await services().accounts.signUp(email: email)
            let ended = try await services().subscriptions.cancel(reader, now: true, .init())
            let first = try payment("first-\(number)")
            let begun = try await services().subscriptions.start(reader, plan: plan, payment: first)
                .subscription
            #expect(begun.id != ended.id)
            #expect(try await services().subscriptions.show(reader) == begun)
            #expect(try await services().subscriptions.start(reader, plan: plan, payment: first).subscription == begun)
            let paid = try await services().payments.record(reader, payment("second-\(number)")).subscription
            #expect(paid.id == begun.id && paid.settledPeriods == 2)
        }
        #expect(try await services().accounts.list(status: .canceled, limit: PageLimit(100)).accounts.isEmpty)
        #expect(try await services().accounts.list(status: .active, limit: PageLimit(100)).accounts.count == 12)
    }

    @Test func whoChangesHerMindStaysAsSheIsWhateverIsOnOfferByThen() async throws {
        let (database, ada) = try await prepared()
        let (plans, subscriptions) = (database.services.plans, database.services.subscriptions)
        let own = try Slug(parsing: "archive")
        try await plans.publishPriced("archive")
        try await plans.publishPriced("big")
        let begun = try await subscriptions.start(ada, plan: own, payment: payment("1")).subscription
        func change(to plan: String) async throws -> Subscription {
            try await subscriptions.changePlan(ada, to: Slug(parsing: plan), now: false, .init())
        }
        #expect(try await change(to: "big").nextVersion != nil)
        try await plans.publishPriced("archive")
        let newer = try await plans.show(own).plan.published
        #expect(newer?.version == begun.version.version + 1)
        let stayed = try await change(to: "archive")
        #expect(stayed.nextVersion == nil && stayed.version == begun.version)
        // Who has nothing to take back asks for what is on offer.
        #expect(try await change(to: "archive").nextVersion?.version == newer)
        #expect(try await change(to: "big").nextVersion?.version.plan == Slug(parsing: "big"))
        _ = try await plans.retire(own)
        #expect(try await change(to: "archive").nextVersion == nil)
        let refused = await code { _ = try await change(to: "archive") }
        #expect(refused == .planRetired)
    }

    @Test func aBeginningThatIsPaidIsTwoEventsAndThePaymentIsInOne() async throws {
        let (database, ada) = try await prepared()
        let subscription = try await database.services.subscriptions.start(
            ada, plan: Slug(parsing: "membership"), payment: payment("INV-1")
        ).subscription
        #expect(subscription.status == .active)
        let events = try await database.store().read { tx in try tx.events(of: tx.account(ada).id) }
        #expect(events.map(\.kind) == [.accountCreated, .subscriptionStarted, .paymentRecorded])
        #expect(events.map { $0.data.contains("amount_minor") } == [false, false, true])
    }

    @Test func aTrialThatGoesOnIsNotMovedToAPlanThatNobodyCanPayFor() async throws {
        let (database, _) = try await prepared()
        let email = try EmailAddress(parsing: "bob@example.com")
        _ = try await database.services.accounts.signUp(email: email)
        _ = try await database.services.trials.convert(.email(email), now: false, .init())
        try await database.services.plans.publishPriceless("gratis")
        let refused = await code {
            _ = try await database.services.subscriptions.changePlan(
                .email(email), to: Slug(parsing: "gratis"), now: true, .init())
        }
        #expect(refused == .transitionForbidden)
    }

    @Test func aClockThatGoesBackRevivesNothingAndEndsNothingTwice() async throws {
        let clock = ManualClock()
        let (database, _) = try await prepared(live: clock)
        let article = try await database.addArticle()
        let bob = AccountReference.email(try EmailAddress(parsing: "bob@example.com"))
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "bob@example.com"))
        clock.set(TestDatabase.start + .days(14))
        _ = try await database.services.jobs.run("trial-expiry")
        clock.set(TestDatabase.start + .days(13))
        // In this process, and in one that is started afterwards.
        for services in [database.services, try await Services.open(database.location, clock: clock.wallClock)] {
            #expect(try await services.subscriptions.show(bob).status == .expired)
            #expect(
                try await services.access.check(reader: .account(bob), article: article).decision.reason == .trialEnded)
            #expect(try await services.jobs.run("trial-expiry").processed == 0)
        }
        let kinds = try await database.store().read { tx in try tx.events(of: tx.account(bob).id).map(\.kind) }
        #expect(kinds == [.accountCreated, .trialStarted, .trialEnded])
        // Commands go on working.
        let services = try await Services.open(database.location, clock: clock.wallClock)
        _ = try await services.subscriptions.start(bob, plan: Slug(parsing: "membership"), payment: payment("B-1"))
        #expect(try await services.access.check(reader: .account(bob), article: article).decision.allowed)
    }

    @Test func aMachineWhoseClockIsBehindCanEndWhatAnotherBegan() async throws {
        let ahead = ManualClock()
        let (database, _) = try await prepared(live: ahead)
        let behind = ManualClock(at: TestDatabase.start)
        let other = try await Services.open(database.location, clock: behind.wallClock)
        ahead.set(TestDatabase.start + TimeSpan(milliseconds: 2000))
        let bob = AccountReference.email(try EmailAddress(parsing: "bob@example.com"))
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "bob@example.com"))
        #expect(try await other.trials.end(bob, .init()).status == .expired)
        #expect(try await other.accounts.overview(bob).grants.allSatisfy { $0.interval.startsAt >= TestDatabase.start })
    }
}

extension PlanService {
    /// Gives the plan of a test's database a price.
    fileprivate func publishPriced(_ plan: String = "membership") async throws {
        let name = try Slug(parsing: plan)
        _ = try await add(
            name,
            .init(
                prices: [Money(amountMinor: 999, currency: Currency(parsing: "EUR"))], entitlements: [.allTitles]))
        _ = try await publish(name)
    }

    fileprivate func publishPriceless(_ plan: String) async throws {
        let name = try Slug(parsing: plan)
        _ = try await add(name, .init(entitlements: [.allTitles]))
        _ = try await publish(name)
    }
}
