@testable import Membership
import Testing

/// What a reader who is kept out can do.
struct AccessActionTests {
    private let now = AccessFixture.now
    private let before = AccessFixture.before
    private let heise = Entitlement.title(Slug(stored: "heise"))

    @Test(
        arguments: [
            (nil, true, 14, [.startTrial, .subscribe]), (nil, true, 0, [.subscribe]), (nil, false, 14, [.startTrial]),
            (nil, false, 0, []), (.canceled, true, 0, [.subscribe]), (.expired, true, 14, [.startTrial, .subscribe]),
            (.paused, true, 14, [.resume]),
            (.active, true, 14, [.changePlan]), (.active, false, 14, []), (.trialing, true, 14, [.changePlan]),
            (.trialing, false, 0, []),
        ] as [(Subscription.Status?, Bool, Int, [AccessDecision.Action])])
    func whatSheCanDoFollowsFromHerSubscription(
        status: Subscription.Status?, isSold: Bool, trialDays: Int, steps: [AccessDecision.Action]
    ) {
        let fixture = AccessFixture(.premium) { facts in
            if let status { facts.subscribe(status) }
            facts.plans = isSold ? [AccessFixture.goldPlan] : [AccessFixture.otherPlan]
            facts.trialDays = trialDays
        }
        let denied = fixture.decide()
        #expect(denied.verdict.steps == steps)
        #expect(denied.verdict.plans == (isSold ? [Slug(stored: "gold")] : []))
        #expect(denied.verdict.trialDaysOnOffer == (steps.contains(.startTrial) ? trialDays : nil))
        #expect(denied.verdict.missing == [.allTitles, .title(AccessFixture.golem)])
    }

    @Test(
        arguments: [
            (.pastDue, true, [.changePlan]), (.pastDue, false, []), (.paused, true, [.resume, .changePlan]),
            (.paused, false, []), (.active, true, [.changePlan]),
        ] as [(Subscription.Status, Bool, [AccessDecision.Action])])
    func whatItIsOfNoUseToPayForIsToBeChanged(
        status: Subscription.Status, isSold: Bool, steps: [AccessDecision.Action]
    ) {
        let fixture = AccessFixture(.premium) { facts in
            facts.subscribe(status, to: [heise])
            facts.plans = isSold ? [AccessFixture.goldPlan] : []
        }
        #expect(fixture.decide().verdict.steps == steps)
    }

    @Test func whoeverIsLetInHasNothingToDo() {
        for fixture in [
            AccessFixture(.free), AccessFixture(.registered),
            AccessFixture(.premium) { $0.grant(until: now + .days(1)) },
            AccessFixture(.metered) { $0.allow(registered: 1) },
        ] {
            let decision = fixture.decide()
            #expect(decision.allowed && decision.actions.isEmpty)
            #expect(decision.waitUntil == nil)
        }
    }

    @Test func sheIsNotToldToWaitForWhatAlsoKeepsHerOut() {
        // A grant that begins while she is suspended opens nothing before that is over.
        let fixture = AccessFixture(.premium) { facts in
            facts.grant(from: now + .days(1), until: now + .days(3))
            facts.suspend(from: now + .hours(1), until: now + .days(2))
        }
        #expect(fixture.decide().nextChangeAt == now + .hours(1))
        #expect(fixture.decide().waitUntil == now + .days(2))
    }
}
