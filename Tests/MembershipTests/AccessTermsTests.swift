@testable import Membership
import Testing

/// What opens an article to everyone, and which target says so.
struct AccessTermsTests {
    private let now = AccessFixture.now
    private let before = AccessFixture.before
    private let heise = Entitlement.title(Slug(stored: "heise"))

    // MARK: - 4: free

    @Test func freeIsOpenToEveryoneEvenSuspended() {
        for reader in AccessFixture.Reader.allCases {
            let decision = AccessFixture(.free, reader) { $0.suspend() }.decide()
            #expect(decision.verdict.told == .init(row: .free))
            #expect(decision.nextChangeAt == nil && decision.actions.isEmpty)
        }
    }

    @Test func theFirstDayIsFreeToTheMillisecond() {
        let fixture = AccessFixture { facts in
            facts.publishedAt = now
            facts.rule(
                .everything, RuleSettings(terms: AccessFixture.terms(.premium, freeFor: .hours(24))))
        }
        #expect(fixture.row(at: now + before) == .notPublished)
        #expect(fixture.decide().nextChangeAt == now + .hours(24))
        #expect(fixture.row(at: now + .hours(24) + before) == .free)
        #expect(fixture.row(at: now + .hours(24)) == .otherwise)
        #expect(fixture.decide(at: now + .hours(24)).nextChangeAt == nil)
    }

    @Test func itIsFreeAfterAMonthToTheMillisecond() {
        let fixture = AccessFixture { facts in
            facts.publishedAt = now
            facts.rule(
                .everything,
                RuleSettings(terms: AccessFixture.terms(.premium, freeFor: .hours(1), freeAfter: .days(30))))
        }
        let denied = fixture.decide(at: now + .hours(1))
        #expect(denied.verdict.row == .otherwise)
        #expect(denied.waitUntil == now + .days(30))
        #expect(denied.actions == [.waitUntil])
        #expect(fixture.row(at: now + .days(30) + before) == .otherwise)
        #expect(fixture.row(at: now + .days(30)) == .free)
    }

    @Test func whatIsFreeForAWhileIsSoFromTheEndOfItsEmbargo() {
        let fixture = AccessFixture { facts in
            facts.publishedAt = now + .days(-3)
            facts.rule(AccessFixture.ofTitle, RuleSettings(embargoUntil: now))
            facts.rule(.everything, RuleSettings(terms: AccessFixture.terms(.premium, freeFor: .hours(24))))
        }
        #expect(fixture.row(at: now + before) == .notPublished)
        #expect(fixture.row() == .free)
        #expect(fixture.row(at: now + .hours(24)) == .otherwise)
    }

    // MARK: - Where the access comes from

    @Test func theNearestTargetSaysHowFarItIsOpen() {
        var fixture = AccessFixture { facts in
            for (target, access) in zip(AccessFixture.chain, [AccessLevel.free, .registered, .metered, .premium]) {
                facts.rule(target, RuleSettings(terms: AccessFixture.terms(access)))
            }
        }
        for (target, access) in zip(AccessFixture.chain, [AccessLevel.free, .registered, .metered, .premium]) {
            let found = ArticleAccess(of: fixture.facts().article, rules: fixture.rules, at: now)
            #expect(found.level == access && found.origin == target)
            fixture.rules.removeFirst()
        }
        let none = ArticleAccess(of: fixture.facts().article, rules: [], at: now)
        #expect(none.level == .premium && none.origin == .everything)
        #expect(fixture.row() == .otherwise)
    }

    @Test func nearerTermsReplaceTheOthersAsAWhole() {
        let fixture = AccessFixture(nil) { facts in
            facts.publishedAt = now
            facts.rule(
                .everything,
                RuleSettings(terms: AccessFixture.terms(.free, freeFor: .hours(24), requires: [heise])))
            facts.rule(AccessFixture.ofTitle, RuleSettings(terms: AccessFixture.terms(.premium)))
            facts.grant(heise, until: nil)
        }
        // Neither the first day nor what is required of the outer terms is left.
        #expect(fixture.row() == .entitlementMissing)
        #expect(fixture.decide().verdict.missing == [.allTitles, .title(AccessFixture.golem)])
    }

    @Test func aRuleThatSaysNothingOfAccessLeavesItToTheNext() {
        let fixture = AccessFixture(.free) { facts in
            facts.rule(AccessFixture.ofArticle, RuleSettings(embargoUntil: now + .days(-1)))
            facts.allow(registered: 3)
        }
        #expect(fixture.row() == .free)
    }

    @Test func betweenTwoRulesOfATargetTheNextTargetHolds() {
        let fixture = AccessFixture(.free) { facts in
            let premium = RuleSettings(terms: AccessFixture.terms(.premium))
            facts.rule(AccessFixture.ofArticle, premium, from: now + .days(-2), until: now)
            facts.rule(AccessFixture.ofArticle, premium, from: now + .days(1), until: now + .days(2))
        }
        #expect(fixture.row(at: now + .days(-2) + before) == .free)
        #expect(fixture.row(at: now + .days(-2)) == .otherwise)
        #expect(fixture.decide(at: now + before).waitUntil == now)
        #expect(fixture.row() == .free)
        #expect(fixture.decide().nextChangeAt == now + .days(1))
        #expect(fixture.row(at: now + .days(1)) == .otherwise)
        #expect(fixture.row(at: now + .days(2)) == .free)
    }

    @Test func aChangeOfRulesThatChangesNothingIsNoChange() {
        let fixture = AccessFixture(nil) { facts in
            facts.rule(AccessFixture.ofTitle, RuleSettings(terms: AccessFixture.terms(.premium)), until: now)
            facts.rule(AccessFixture.ofTitle, RuleSettings(terms: AccessFixture.terms(.premium)), from: now)
        }
        #expect(fixture.decide(at: now + .days(-1)).nextChangeAt == nil)
    }
}
