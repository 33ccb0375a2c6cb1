@testable import Membership
import Testing

/// The rows of the table that need nothing but grants and the life of a subscription: when each applies, when it just
/// does not, and what it comes before.
struct AccessRulesTests {
    private let now = AccessFixture.now
    private let monthEnd = AccessFixture.monthEnd
    private let before = AccessFixture.before
    private let heise = Entitlement.title(Slug(stored: "heise"))

    // MARK: - The order of the table

    @Test func eachRowComesBeforeThoseAfterIt() {
        // Everything applies at once, and is taken away from the first row on.
        var all = AccessFixture(.registered) { facts in
            facts.unreadableRule(AccessFixture.ofSection)
            facts.rule(
                AccessFixture.ofTitle,
                RuleSettings(
                    embargoUntil: now + .days(1), isWithdrawn: true, meter: MeterAllowance(stored: 0, registered: 2)))
            facts.rule(
                AccessFixture.ofArticle, RuleSettings(terms: AccessFixture.terms(.free)))
            facts.suspend()
            facts.grant(until: now + .days(1))
            facts.grant(heise, until: nil)
            facts.grant(.allTitles, .grace, until: now + .days(-2))
            facts.grant(.allTitles, .trial, until: now + .days(-1))
            facts.open(AccessFixture.articleID.rawValue)
            facts.subscribe(.pastDue)
        }
        #expect(all.row() == .unreadable)
        all.rules.removeAll { $0.target == AccessFixture.ofSection }
        #expect(all.row() == .withdrawn)
        all.rules.removeAll { $0.target == AccessFixture.ofTitle }
        all.rule(
            AccessFixture.ofTitle,
            RuleSettings(embargoUntil: now + .days(1), meter: MeterAllowance(stored: 0, registered: 2)))
        #expect(all.row() == .notPublished)
        all.rules.removeAll { $0.target == AccessFixture.ofTitle }
        all.allow(registered: 2)
        #expect(all.row() == .free)
        all.rules.removeAll { $0.target == AccessFixture.ofArticle }
        #expect(all.row() == .suspended)
        all.suspensions = []
        #expect(all.row() == .entitled)
        all.grants.removeFirst()
        #expect(all.row() == .registered)
        all.rules.removeAll { $0.target == .everything }
        all.rule(.everything, RuleSettings(terms: AccessFixture.terms(.metered)))
        #expect(all.row() == .openedBefore)
        all.reads = []
        #expect(all.row() == .metered)
        all.open(2)
        all.open(3)
        #expect(all.row() == .meterExhausted)
        all.rules.removeAll { $0.target == AccessFixture.ofTitle }
        #expect(all.row() == .trialEnded)
        all.grants.removeLast()
        #expect(all.row() == .paymentOverdue)
        all.grants.removeLast()
        all.grant(.allTitles, .subscription, until: now + .days(-3))
        #expect(all.row() == .subscriptionLapsed)
        all.grants.removeLast()
        #expect(all.row() == .entitlementMissing)
        all.grants = []
        #expect(all.row() == .otherwise)
        all.createdAt = now + .days(1)
        #expect(all.row() == .anonymous)
    }

    @Test func theTableIsNumberedFromOneInItsOrder() {
        #expect(AccessRow.allCases.map(\.rawValue) == Array(1...AccessRow.allCases.count))
        #expect(Set(AccessRow.allCases.map(\.reason)) == Set(AccessDecision.Reason.allCases))
    }

    // MARK: - 1 to 3: nobody reads

    @Test(arguments: AccessFixture.chain)
    func aRuleThatCannotBeUnderstoodDeniesAtEveryTarget(target: RuleTarget) {
        for reader in AccessFixture.Reader.allCases {
            let fixture = AccessFixture(nil, reader) { facts in
                // A nearer rule that is fine does not help, and neither does what would open the article.
                for other in AccessFixture.chain where other != target {
                    facts.rule(other, RuleSettings(terms: AccessFixture.terms(.free)))
                }
                facts.unreadableRule(target, until: now)
                facts.grant(until: nil)
            }
            let denied = fixture.decide(at: now + before)
            #expect(denied.verdict.told == .init(row: .unreadable))
            #expect(!denied.allowed && !denied.reason.showsTeaser)
            #expect(denied.nextChangeAt == now && denied.waitUntil == now)
            #expect(denied.actions == [.waitUntil])
            #expect(fixture.row() == .free)
        }
    }

    @Test func aRuleOfAnotherArticleThatCannotBeUnderstoodDoesNotMatter() {
        let fixture = AccessFixture(.free) { facts in
            facts.hasSection = false
            facts.unreadableRule(AccessFixture.ofSection)
            facts.unreadableRule(.title(Slug(stored: "heise")))
        }
        #expect(fixture.row() == .free)
    }

    @Test(arguments: AccessFixture.chain)
    func oneTargetThatWithdrawsIsEnough(target: RuleTarget) {
        let fixture = AccessFixture { facts in
            for other in AccessFixture.chain where other != target {
                facts.rule(other, RuleSettings(terms: AccessFixture.terms(.free)))
            }
            facts.rule(
                target, RuleSettings(terms: AccessFixture.terms(.free), isWithdrawn: true), from: now,
                until: now + .days(1))
            facts.grant(until: nil)
        }
        let earlier = fixture.decide(at: now + before)
        #expect(earlier.nextChangeAt == now)
        #expect(earlier.waitUntil == nil)
        let denied = fixture.decide()
        #expect(denied.verdict.told == .init(row: .withdrawn))
        #expect(!denied.reason.showsTeaser)
        #expect(denied.waitUntil == now + .days(1))
        #expect(fixture.decide(at: now + .days(1)).allowed)
    }

    @Test func whatIsWithdrawnForEverCannotBeWaitedFor() {
        let denied = AccessFixture { $0.rule(.everything, RuleSettings(isWithdrawn: true)) }.decide()
        #expect(denied.waitUntil == nil && denied.nextChangeAt == nil)
        #expect(denied.actions.isEmpty)
    }

    @Test func publicationIsInclusiveForEverybody() {
        for reader in AccessFixture.Reader.allCases {
            let fixture = AccessFixture(.free, reader) { $0.publishedAt = now }
            let early = fixture.decide(at: now + before)
            #expect(early.verdict.told == .init(row: .notPublished, publishedAt: now))
            #expect(early.nextChangeAt == now && early.waitUntil == now)
            #expect(fixture.row() == .free)
        }
    }

    @Test(arguments: AccessFixture.chain)
    func theLatestEmbargoOfAllTargetsCounts(target: RuleTarget) {
        let fixture = AccessFixture(.premium) { facts in
            for other in AccessFixture.chain where other != target {
                facts.rule(
                    other, RuleSettings(terms: AccessFixture.terms(.free), embargoUntil: now + .days(-5)))
            }
            facts.rules.removeFirst()
            facts.rule(target, RuleSettings(terms: AccessFixture.terms(.free), embargoUntil: now))
        }
        #expect(fixture.row(at: now + before) == .notPublished)
        #expect(fixture.row() == .free)
    }

    @Test func anEmbargoThatIsOverBeforeTheDateChangesNothing() {
        let fixture = AccessFixture { facts in
            facts.publishedAt = now
            facts.rule(
                AccessFixture.ofTitle,
                RuleSettings(
                    terms: AccessFixture.terms(.premium, freeFor: .hours(1)), embargoUntil: now + .days(-1)))
        }
        #expect(fixture.row(at: now + before) == .notPublished)
        #expect(fixture.row(at: now + .hours(1) + before) == .free)
        #expect(fixture.row(at: now + .hours(1)) == .otherwise)
    }

    @Test func onceItIsOutWhatTheMeterHasLeftCanBeWaitedFor() {
        let fixture = AccessFixture(.metered, .visitor) { facts in
            facts.publishedAt = now
            facts.allow(anonymous: 1)
        }
        #expect(fixture.decide(at: now + before).waitUntil == now)
        var spent = fixture
        spent.open(2, at: now + .hours(-1))
        #expect(spent.decide(at: now + before).waitUntil == monthEnd)
        #expect(spent.decide(at: now + before).nextChangeAt == now)
    }

    // MARK: - 5: suspended

    @Test func aSuspendedAccountReadsOnlyWhatIsFree() {
        for access in [AccessLevel.registered, .metered, .premium] {
            let fixture = AccessFixture(access) { facts in
                facts.suspend(from: now, until: now + .days(1))
                facts.grant(until: nil)
                facts.trialDays = 14
                facts.plans = [AccessFixture.goldPlan]
            }
            #expect(fixture.row(at: now + before) == .entitled)
            let denied = fixture.decide()
            #expect(denied.verdict.told == .init(row: .suspended, since: now))
            #expect(denied.nextChangeAt == now + .days(1) && denied.waitUntil == now + .days(1))
            #expect(denied.actions == [.waitUntil])
            #expect(fixture.row(at: now + .days(1)) == .entitled)
        }
    }

    @Test func whoIsSuspendedWithoutAnEndCanDoNothing() {
        let denied = AccessFixture(.premium) { $0.suspend() }.decide()
        #expect(denied.actions.isEmpty && denied.nextChangeAt == nil)
    }

    @Test func afterASuspensionWhatTheMeterHasLeftCanBeWaitedFor() {
        let fixture = AccessFixture(.metered) { facts in
            facts.suspend(until: now + .days(1))
            facts.allow(registered: 1)
        }
        #expect(fixture.decide().waitUntil == now + .days(1))
        var spent = fixture
        spent.open(2)
        #expect(spent.decide().nextChangeAt == now + .days(1))
        #expect(spent.decide().waitUntil == monthEnd)
    }

    // MARK: - 6: entitled

    @Test func startOfAGrantIsInclusiveAndItsEndExclusive() {
        let fixture = AccessFixture(.premium) { $0.grant(.allTitles, .trial, from: now, until: now + .days(14)) }
        let early = fixture.decide(at: now + before)
        #expect(early.verdict.row == .otherwise)
        #expect(early.nextChangeAt == now && early.waitUntil == now)
        let first = fixture.decide()
        #expect(
            first.verdict.told
                == .init(row: .entitled, source: .trial, grant: Identifier(rawValue: 1), until: now + .days(14)))
        #expect(first.nextChangeAt == now + .days(14) && first.waitUntil == nil)
        #expect(fixture.row(at: now + .days(14) + before) == .entitled)
        #expect(fixture.row(at: now + .days(14)) == .trialEnded)
    }

    @Test func theGrantThatLastsLongestAnswers() {
        var fixture = AccessFixture(.premium) { facts in
            facts.grant(.allTitles, .gift, until: now + .days(9))
            facts.grant(.title(AccessFixture.golem), .trial, until: now + .days(1))
        }
        #expect(fixture.decide().verdict.until == now + .days(9))
        #expect(fixture.decide().verdict.source == .gift)
        fixture.grants.reverse()
        #expect(fixture.decide().verdict.until == now + .days(9))
        fixture.grant(.allTitles, .group, until: nil)
        #expect(fixture.decide().verdict.until == nil)
        #expect(fixture.decide().verdict.source == .group)
        #expect(fixture.decide().nextChangeAt == nil)
    }

    @Test func aGrantForOneTitleOpensThatTitleAlone() {
        #expect(AccessFixture(.premium) { $0.grant(.title(AccessFixture.golem), until: nil) }.row() == .entitled)
        #expect(AccessFixture(.premium) { $0.grant(heise, until: nil) }.row() == .entitlementMissing)
    }

    @Test func allTitlesDoesNotOpenWhatRequiresSomethingElse() {
        let plus = Entitlement(stored: "title:golem-plus")
        var fixture = AccessFixture { facts in
            facts.rule(.everything, RuleSettings(terms: AccessFixture.terms(.premium, requires: [plus])))
            facts.grant(.allTitles, until: nil)
            facts.grant(.title(AccessFixture.golem), until: nil)
        }
        #expect(fixture.row() == .entitlementMissing)
        #expect(fixture.decide().verdict.missing == [plus])
        fixture.grant(plus, until: nil)
        #expect(fixture.row() == .entitled)
    }

    @Test func anyOneOfWhatIsRequiredOpens() {
        let section = Entitlement(stored: "section:golem/sport")
        let terms = AccessFixture.terms(.premium, requires: [section, .allTitles])
        for entitlement in [section, .allTitles] {
            let fixture = AccessFixture { facts in
                facts.rule(.everything, RuleSettings(terms: terms))
                facts.grant(entitlement, until: nil)
            }
            #expect(fixture.row() == .entitled)
        }
        // The right to a section opens nothing that does not ask for it.
        #expect(AccessFixture(.premium) { $0.grant(section, until: nil) }.row() == .entitlementMissing)
    }

    @Test func aMemberIsEntitledAlsoToWhatIsRegisteredOrMetered() {
        for access in [AccessLevel.registered, .metered] {
            let fixture = AccessFixture(access) { facts in
                facts.allow(registered: 1)
                facts.grant(until: nil)
            }
            #expect(fixture.row() == .entitled)
        }
    }

    // MARK: - 7: registered

    @Test func registeredIsOpenToEveryAccountFromWhenThereIsOne() {
        let fixture = AccessFixture(.registered) { $0.createdAt = now }
        let early = fixture.decide(at: now + before)
        #expect(early.verdict.row == .anonymous)
        #expect(early.nextChangeAt == now && early.waitUntil == now)
        #expect(fixture.decide().verdict.told == .init(row: .registered))
        #expect(AccessFixture(.registered, .visitor).row() == .anonymous)
        #expect(AccessFixture(.registered, .anonymous).row() == .anonymous)
    }

    // MARK: - 11: anonymous

    @Test func whoHasNoAccountIsToldToSignUpAndWhatIsOnOffer() {
        for reader in [AccessFixture.Reader.anonymous, .visitor] {
            for access in [AccessLevel.registered, .metered, .premium] {
                let fixture = AccessFixture(access, reader) { $0.trialDays = 14 }
                #expect(fixture.decide().verdict.told == AccessFixture.anonymousDenial(trialDays: 14))
                #expect(fixture.decide().actions == [.signUp, .signIn])
            }
        }
        #expect(AccessFixture(.premium, .anonymous).decide().verdict.told == AccessFixture.anonymousDenial())
    }

    @Test func aVisitorWhoHasSpentHerAllowanceCanSignUp() {
        let denied = AccessFixture(.metered, .visitor) { facts in
            facts.trialDays = 14
            facts.allow(anonymous: 1)
            facts.open(2)
        }.decide()
        #expect(denied.reason == .meterExhausted)
        #expect(denied.actions == [.signUp, .signIn, .waitUntil])
        #expect(denied.verdict.trialDaysOnOffer == 14)
        #expect(denied.verdict.missing.isEmpty && denied.verdict.plans.isEmpty)
    }

    @Test func grantsOfAnAccountDoNotHoldBeforeItWasMade() {
        let fixture = AccessFixture(.premium) { facts in
            facts.createdAt = now
            facts.grant(until: nil)
            facts.suspend()
        }
        #expect(fixture.row(at: now + before) == .anonymous)
        #expect(fixture.row() == .suspended)
    }

    // MARK: - 12 to 16: what she had

    @Test func ofWhatOpenedItAndIsOverTheLastToEndSaysWhatWouldHelp() {
        var fixture = AccessFixture(.premium) { facts in
            facts.grant(.allTitles, .trial, until: now + .days(-3))
            facts.grant(.allTitles, .subscription, until: now + .days(-2))
        }
        #expect(fixture.row() == .subscriptionLapsed)
        #expect(fixture.decide().verdict.since == now + .days(-2))
        fixture.grant(.allTitles, .trial, until: now + .days(-1))
        #expect(fixture.row() == .trialEnded)
        #expect(fixture.decide().verdict.since == now + .days(-1))
        fixture.grant(.allTitles, .gift, until: now)
        #expect(fixture.row(at: now + before) == .entitled)
        #expect(fixture.row() == .otherwise)
        #expect(fixture.decide().verdict.since == nil)
    }

    @Test func whatEndedAndDidNotOpenTheArticleDoesNotMatter() {
        let fixture = AccessFixture(.premium) { $0.grant(heise, .trial, until: now + .days(-3)) }
        #expect(fixture.row() == .otherwise)
    }

    @Test func paymentIsOverdueWhenTheGraceEndedLastAndLapsedWhenWhatWasPaidForDid() {
        var fixture = AccessFixture(.premium) { facts in
            facts.grant(.allTitles, .subscription, until: now + .days(-8))
            facts.grant(.allTitles, .grace, from: now + .days(-8), until: now + .days(-1))
            facts.plans = [AccessFixture.goldPlan]
        }
        #expect(fixture.row(at: now + .days(-1) + before) == .entitled)
        let denied = fixture.decide()
        #expect(denied.verdict.row == .paymentOverdue)
        #expect(denied.verdict.since == now + .days(-1))
        #expect(denied.actions == [.subscribe])
        fixture.grants.removeLast()
        #expect(fixture.row() == .subscriptionLapsed)
        #expect(fixture.decide().verdict.since == now + .days(-8))
    }

    @Test func aHolderOfSomethingElseIsToldWhatIsMissingAndWhatGivesIt() {
        var fixture = AccessFixture(.premium) { facts in
            facts.grant(heise, from: now, until: now + .days(1))
            facts.plans = [AccessFixture.goldPlan, AccessFixture.golemPlan, AccessFixture.otherPlan]
            facts.trialDays = 14
        }
        #expect(fixture.row(at: now + before) == .otherwise)
        #expect(
            fixture.decide().verdict.told
                == .init(
                    row: .entitlementMissing, missing: [.allTitles, .title(AccessFixture.golem)],
                    plans: [Slug(stored: "gold"), Slug(stored: "golem-only")], trialDaysOnOffer: 14,
                    steps: [.startTrial, .subscribe]))
        #expect(fixture.row(at: now + .days(1)) == .otherwise)
        fixture.rules = []
        fixture.rule(.everything, RuleSettings(terms: AccessFixture.terms(.premium, requires: [.allTitles])))
        #expect(fixture.decide().verdict.plans == [Slug(stored: "gold")])
    }
}
