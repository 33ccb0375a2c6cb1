import Membership
import Testing

struct AccessRulesTests {
    private static let noon = Timestamp(milliseconds: 1_767_225_600_000)
    private var noon: Timestamp { AccessRulesTests.noon }

    private func rules(_ access: AccessLevel) -> [AccessRule] {
        [
            AccessRule(
                id: Identifier(rawValue: 1), target: .everything,
                content: .settings(
                    RuleSettings(terms: AccessTerms(stored: access, freeFor: nil, freeAfter: nil, requires: []))),
                interval: Interval(from: noon + .days(-99), until: nil), recordedAt: noon)
        ]
    }

    private func article(publishedAt: Timestamp = noon + .days(-30)) -> Article {
        Article(
            id: Identifier(rawValue: 1), key: ArticleKey(title: Slug(stored: "golem"), slug: Slug(stored: "bridge")),
            headline: "The bridge", section: nil, sectionSlug: nil, publishedAt: publishedAt, updatedAt: nil,
            importedAt: publishedAt)
    }

    private func grant(_ interval: Interval, _ entitlement: Entitlement = .allTitles, id: Int64 = 1) -> Grant {
        Grant(
            id: Identifier(rawValue: id), entitlement: entitlement, source: .trial, interval: interval,
            recordedAt: noon)
    }

    private func account(
        grants: [Grant] = [], suspensions: [Suspension] = [], createdAt: Timestamp? = nil
    ) -> ReaderFacts {
        .account(
            AccountFacts(
                id: Identifier(rawValue: 7), createdAt: createdAt ?? noon + .days(-30), suspensions: suspensions,
                grants: grants))
    }

    private func decide(
        _ access: AccessLevel, _ reader: ReaderFacts, at moment: Timestamp = noon
    ) -> AccessDecision {
        AccessRules.decide(
            AccessFacts(article: article(), rules: rules(access), reader: reader, offer: OfferFacts(trialDays: 14)),
            at: moment)
    }

    private var fortnight: Interval { Interval(from: noon, until: noon + .days(14)) }

    @Test func freeIsOpenToEveryone() {
        #expect(decide(.free, .anonymous).reason == .free)
        #expect(decide(.free, account()).reason == .free)
    }

    @Test(arguments: [AccessLevel.registered, .metered, .premium])
    func aVisitorIsToldToSignUpAndWhatIsOnOffer(access: AccessLevel) {
        let decision = decide(access, .anonymous)
        #expect(decision.reason == .signUpRequired)
        #expect(!decision.allowed)
        #expect(decision.verdict.trialDaysOnOffer == 14)
    }

    @Test func registeredIsOpenToEveryAccount() {
        #expect(decide(.registered, account()).reason == .registered)
    }

    @Test(arguments: [AccessLevel.metered, .premium])
    func meteredWithoutAnAllowanceIsAsPremium(access: AccessLevel) {
        #expect(decide(access, account()).reason == .subscriptionRequired)
        #expect(decide(access, account(grants: [grant(fortnight)])).reason == .entitled)
    }

    @Test func endOfTrialIsExclusive() {
        let reader = account(grants: [grant(fortnight)])
        let last = decide(.premium, reader, at: noon + .days(14) + TimeSpan(milliseconds: -1))
        #expect(last.reason == .entitled)
        #expect(last.verdict.until == noon + .days(14))
        #expect(last.nextChangeAt == noon + .days(14))
        let after = decide(.premium, reader, at: noon + .days(14))
        #expect(after.reason == .trialEnded)
        #expect(after.verdict.since == noon + .days(14))
        #expect(after.nextChangeAt == nil)
    }

    @Test func startOfTrialIsInclusive() {
        let reader = account(grants: [grant(fortnight)])
        let before = decide(.premium, reader, at: noon + TimeSpan(milliseconds: -1))
        #expect(before.reason == .subscriptionRequired)
        #expect(before.nextChangeAt == noon)
        #expect(decide(.premium, reader, at: noon).reason == .entitled)
    }

    @Test func aGrantForOneTitleOpensThatTitleAlone() throws {
        let one = account(grants: [grant(fortnight, .title(try Slug(parsing: "golem")))])
        let other = account(grants: [grant(fortnight, .title(try Slug(parsing: "heise")))])
        #expect(decide(.premium, one).reason == .entitled)
        #expect(decide(.premium, other).reason == .subscriptionRequired)
    }

    @Test func theGrantThatLastsLongestAnswers() {
        let short = grant(Interval(from: noon, until: noon + .days(1)), id: 1)
        let long = grant(Interval(from: noon, until: noon + .days(9)), id: 2)
        let endless = grant(Interval(from: noon, until: nil), id: 3)
        #expect(decide(.premium, account(grants: [short, long])).verdict.until == noon + .days(9))
        #expect(decide(.premium, account(grants: [long, short])).verdict.until == noon + .days(9))
        let decision = decide(.premium, account(grants: [long, endless, short]))
        #expect(decision.verdict.until == nil)
        #expect(decision.nextChangeAt == nil)
    }

    @Test func aSuspendedAccountReadsOnlyWhatIsFree() {
        let suspension = Suspension(interval: Interval(from: noon, until: noon + .days(1)), reason: "shared")
        let reader = account(grants: [grant(fortnight)], suspensions: [suspension])
        let denied = decide(.premium, reader)
        #expect(denied.reason == .accountSuspended)
        #expect(denied.verdict.since == noon)
        #expect(denied.nextChangeAt == noon + .days(1))
        #expect(decide(.registered, reader).reason == .accountSuspended)
        #expect(decide(.free, reader).reason == .free)
        #expect(decide(.premium, reader, at: noon + .days(1)).reason == .entitled)
    }

    @Test func beforeSigningUpAReaderWasAVisitor() {
        let reader = account(createdAt: noon)
        let before = decide(.registered, reader, at: noon + TimeSpan(milliseconds: -1))
        #expect(before.reason == .signUpRequired)
        #expect(before.nextChangeAt == noon)
        #expect(decide(.registered, reader, at: noon).reason == .registered)
    }

    @Test func beforePublicationNobodyReads() {
        let facts = AccessFacts(
            article: article(publishedAt: noon + .hours(1)), rules: rules(.free), reader: account(), offer: OfferFacts()
        )
        let early = AccessRules.decide(facts, at: noon)
        #expect(early.reason == .notPublished)
        #expect(early.nextChangeAt == noon + .hours(1))
        #expect(AccessRules.decide(facts, at: noon + .hours(1)).reason == .free)
    }

    @Test func theAnswerHoldsUntilTheNextChangeAndChangesThen() {
        for _ in 0..<400 {
            let facts = randomFacts()
            let decision = AccessRules.decide(facts, at: moment(.random(in: 0...20)))
            for step in 0...20 where moment(step) > decision.at {
                if let change = decision.nextChangeAt, moment(step) >= change { break }
                #expect(answer(AccessRules.decide(facts, at: moment(step))) == answer(decision))
            }
            guard let change = decision.nextChangeAt else { continue }
            #expect(answer(AccessRules.decide(facts, at: change)) != answer(decision))
            let before = Timestamp(milliseconds: change.milliseconds - 1)
            #expect(answer(AccessRules.decide(facts, at: before)) == answer(decision))
        }
    }

    private func answer(_ decision: AccessDecision) -> [String] {
        [
            "\(decision.reason)", "\(String(describing: decision.verdict.source))",
            decision.verdict.until?.rfc3339 ?? "-",
            decision.verdict.since?.rfc3339 ?? "-",
        ]
    }

    private func moment(_ step: Int) -> Timestamp { noon + .hours(step) }

    private func randomInterval() -> Interval {
        let from = Int.random(in: 0...20)
        return Interval(from: moment(from), until: Bool.random() ? moment(from + .random(in: 0...10)) : nil)
    }

    private func randomFacts() -> AccessFacts {
        let entitlements = [Entitlement.allTitles, .title(Slug(stored: "golem")), .title(Slug(stored: "heise"))]
        let grants = (0..<Int.random(in: 0...4)).map {
            grant(randomInterval(), entitlements.randomElement() ?? .allTitles, id: Int64($0))
        }
        let suspensions = (0..<Int.random(in: 0...1)).map { _ in Suspension(interval: randomInterval(), reason: "x") }
        return AccessFacts(
            article: article(publishedAt: moment(.random(in: 0...8))),
            rules: rules(AccessLevel.allCases.randomElement() ?? .premium),
            reader: Int.random(in: 0..<5) == 0
                ? .anonymous
                : account(grants: grants, suspensions: suspensions, createdAt: moment(.random(in: 0...3))),
            offer: OfferFacts())
    }
}
