import Membership
import Testing
import TestSupport

struct ArticleAccessTests {
    private static let start = Timestamp(milliseconds: 1_767_225_600_000)
    private static let key = ArticleKey(title: Slug(stored: "golem"), slug: Slug(stored: "the-bridge"))

    private static func article(publishedAt: Timestamp) -> Article {
        Article(
            id: .init(rawValue: 1), key: key, headline: "The bridge", section: "Sport",
            sectionSlug: Slug(stored: "sport"), publishedAt: publishedAt, updatedAt: nil, importedAt: publishedAt)
    }

    private static func hour(_ number: Int) -> Timestamp { start + .hours(number) }

    @Test func itsTimeIsAChangeAndSoIsTheTimeOfARule() throws {
        let article = ArticleAccessTests.article(publishedAt: ArticleAccessTests.hour(2))
        let terms = try AccessTerms(access: .premium, freeFor: .hours(1), freeAfter: .hours(5))
        let rule = AccessRule(
            id: .init(rawValue: 1), target: .everything, content: .settings(RuleSettings(terms: terms)),
            interval: Interval(from: ArticleAccessTests.start, until: ArticleAccessTests.hour(20)),
            recordedAt: ArticleAccessTests.start)
        var moment: Timestamp? = ArticleAccessTests.start
        var changes: [Timestamp] = []
        while let at = moment {
            moment = ArticleAccess.nextChange(of: article, rules: [rule], after: at)
            if let moment { changes.append(moment) }
        }
        #expect(changes == [2, 3, 7, 20].map(ArticleAccessTests.hour))
    }

    @Test func withoutRulesOnlyItsTimeIsAChange() {
        let article = ArticleAccessTests.article(publishedAt: ArticleAccessTests.hour(2))
        let start = ArticleAccessTests.start
        #expect(ArticleAccess.nextChange(of: article, rules: [], after: start) == ArticleAccessTests.hour(2))
        #expect(ArticleAccess.nextChange(of: article, rules: [], after: ArticleAccessTests.hour(2)) == nil)
    }

    /// What of each rule counts, by target.
    private func counts(_ fixture: AccessFixture) -> [[String]] {
        AccessExplanation(fixture.facts(), at: AccessFixture.now).rules.map(\.counts)
    }

    @Test func ofSeveralThatSayTheSameTheNearestCounts() {
        let embargo = AccessFixture.now + .days(1)
        var fixture = AccessFixture()
        for target in AccessFixture.chain {
            fixture.rule(target, RuleSettings(embargoUntil: embargo, teaser: .standard))
        }
        #expect(counts(fixture) == [["embargo", "teaser"], [], [], []])
        fixture.rules.removeFirst(2)
        #expect(counts(fixture) == [[], [], ["embargo", "teaser"], []])
        // One that is not later than the article's date says nothing.
        fixture.publishedAt = embargo
        #expect(counts(fixture) == [[], [], ["teaser"], []])
    }

    @Test func ofTwoRulesThatHoldAtOnceNoneIsBelieved() {
        var fixture = AccessFixture(.free)
        let (now, before) = (AccessFixture.now, AccessFixture.now + AccessFixture.before)
        fixture.rule(.everything, RuleSettings(terms: AccessFixture.terms(.free)), from: now, until: now + .days(1))
        let access = [before, now, now + .days(1)].map {
            ArticleAccess(of: fixture.facts().article, rules: fixture.rules, at: $0)
        }
        #expect(access.map(\.unreadable) == [nil, .everything, nil])
        #expect(fixture.decide(at: now).nextChangeAt == now + .days(1))
        #expect([before, now, now + .days(1)].map { fixture.row(at: $0) } == [.free, .unreadable, .free])
    }

    @Test func aTitleIsWhatItsArticlesOfNowAre() {
        var fixture = AccessFixture(.registered)
        let now = AccessFixture.now
        fixture.rule(AccessFixture.ofSection, RuleSettings(terms: AccessFixture.terms(.free)))
        func title() -> ArticleAccess { ArticleAccess(ofTitle: AccessFixture.golem, rules: fixture.rules, at: now) }
        #expect(title().terms.access == .registered && title().origin == .everything)
        fixture.rule(AccessFixture.ofTitle, RuleSettings(terms: AccessFixture.terms(.metered)), until: now)
        #expect(title().origin == .everything)
        fixture.unreadableRule(AccessFixture.ofTitle, from: now)
        #expect(title().unreadable == AccessFixture.ofTitle)
    }

    /// What the rules make of it is asked at each hour: nothing is different before the change, and something at it.
    @Test(arguments: UInt64(0)..<200) func nothingChangesBeforeTheNextChangeAndSomethingAtIt(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        let hours = 40
        let article = ArticleAccessTests.article(publishedAt: ArticleAccessTests.hour(random.below(hours)))
        var rules: [AccessRule] = []
        for (number, target) in RuleTarget.chain(of: article).enumerated() where random.chance(60) {
            let (from, length) = (random.below(hours), 1 + random.below(hours))
            let freeFor = random.chance(40) ? TimeSpan.hours(1 + random.below(10)) : nil
            let freeAfter = random.chance(40) ? TimeSpan.hours(11 + random.below(20)) : nil
            let settings = RuleSettings(
                terms: random.chance(70)
                    ? AccessTerms(
                        stored: random.pick(AccessLevel.allCases), freeFor: freeFor, freeAfter: freeAfter, requires: [])
                    : nil,
                embargoUntil: random.chance(30) ? ArticleAccessTests.hour(random.below(hours)) : nil,
                isWithdrawn: random.chance(10))
            rules.append(
                AccessRule(
                    id: .init(rawValue: Int64(number)), target: target,
                    content: random.chance(10) ? .unreadable("nonsense") : .settings(settings),
                    interval: Interval(
                        from: ArticleAccessTests.hour(from),
                        until: random.chance(50) ? ArticleAccessTests.hour(from + length) : nil),
                    recordedAt: ArticleAccessTests.start))
        }
        func said(_ moment: Timestamp) -> (ArticleAccess, Bool) {
            let access = ArticleAccess(of: article, rules: rules, at: moment)
            return (access, moment >= access.publishedAt)
        }
        for number in 0..<120 {
            let now = ArticleAccessTests.hour(number)
            let next = ArticleAccess.nextChange(of: article, rules: rules, after: now)
            for later in (number + 1)..<130 {
                let moment = ArticleAccessTests.hour(later)
                if let next, moment > next { break }
                #expect((said(moment) != said(now)) == (moment == next), "seed \(seed), \(now), \(moment)")
            }
        }
    }
}
