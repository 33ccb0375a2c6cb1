@testable import Membership
import TestSupport
import Testing

/// Time is walked around random facts: what a decision says of later must come true.
struct AccessChangeTests {
    private static let samples = (0..<2500).map { (seed: UInt64($0), sample: Sample(seed: UInt64($0))) }

    /// What a case is about: facts, a moment, and what was known at it.
    private struct Sample {
        let fixture: AccessFixture
        let moment: Timestamp
        let probes: [Timestamp]
        let facts: AccessFacts
        let decision: AccessDecision

        init(seed: UInt64) {
            var numbers = SeededNumbers(seed: seed)
            // Any time of ten years.
            let middle = Timestamp(milliseconds: 1_577_836_800_000) + .hours(numbers.below(10 * 365 * 24))
            fixture = .random(around: middle, &numbers)
            probes = fixture.probes(around: middle, &numbers)
            moment = numbers.pick(probes.filter { $0 > middle + .days(-35) && $0 < middle + .days(35) })
            facts = fixture.facts(at: moment)
            decision = AccessRules.decide(facts, at: moment)
        }
    }

    @Test func nothingChangesBeforeTheNextChangeAndSomethingAtIt() {
        var met: Set<AccessRow> = []
        for (seed, sample) in AccessChangeTests.samples {
            met.insert(sample.decision.verdict.row)
            if let fault = fault(of: sample) {
                Issue.record("Seed \(seed), at \(sample.moment): \(fault)\n\(sample.decision)\n\(sample.fixture)")
                return
            }
        }
        // Facts that never come to some row would prove little.
        #expect(met == Set(AccessRow.allCases))
    }

    private func fault(of sample: Sample) -> String? {
        let (decision, facts) = (sample.decision, sample.facts)
        if let change = decision.nextChangeAt {
            if change <= sample.moment { return "the next change is not later" }
            if AccessSituation(facts, at: change).verdict == decision.verdict { return "no change at \(change)" }
        }
        if let wait = decision.waitUntil,
            decision.allowed || !AccessSituation(facts, at: wait).verdict.row.reason.allows
        {
            return "no admission at \(wait)"
        }
        for probe in sample.probes where probe > sample.moment {
            let verdict = AccessSituation(facts, at: probe).verdict
            if decision.nextChangeAt.map({ probe < $0 }) ?? true, verdict != decision.verdict {
                return "a change at \(probe): \(verdict)"
            }
            if !decision.allowed, verdict.row.reason.allows, decision.waitUntil.map({ probe < $0 }) ?? true {
                return "an admission at \(probe): \(verdict)"
            }
        }
        return nil
    }

    @Test func whatIsDecidedWithoutAnOfferOrPartOfItIsDecidedAsWithAllOfIt() {
        var counts = (without: 0, spentAlone: 0)
        for (seed, sample) in AccessChangeTests.samples {
            var facts = sample.fixture.facts(at: sample.moment, withOffer: false)
            let whole = sample.facts.offer ?? OfferFacts()
            var gathered = (spent: false, all: false)
            let decision = AccessRules.decide(
                &facts, at: sample.moment,
                spent: { _ in
                    gathered.spent = true
                    return OfferFacts(zone: whole.zone, reads: whole.reads)
                },
                offer: { _ in
                    gathered.all = true
                    return whole
                })
            if !gathered.spent { counts.without += 1 } else if !gathered.all { counts.spentAlone += 1 }
            guard decision == sample.decision else {
                Issue.record("Seed \(seed), at \(sample.moment):\n\(sample.decision)\n\(sample.fixture)")
                return
            }
        }
        #expect(counts.without > AccessChangeTests.samples.count / 5)
        #expect(counts.spentAlone > AccessChangeTests.samples.count / 50)
    }

    @Test func whatWasWorkedOutOnceIsWhatIsWorkedOutEachTime() {
        for (seed, sample) in AccessChangeTests.samples {
            var numbers = SeededNumbers(seed: seed)
            let kept = AccessFacts(
                RuledArticle(sample.facts.article, rules: sample.facts.rules, keptFrom: numbers.pick(sample.probes)),
                reader: sample.facts.reader, offer: sample.facts.offer)
            let differing = sample.probes.first {
                AccessSituation(kept, at: $0).verdict != AccessSituation(sample.facts, at: $0).verdict
            }
            guard AccessRules.decide(kept, at: sample.moment) == sample.decision, differing == nil else {
                Issue.record("Seed \(seed), at \(sample.moment):\n\(sample.decision)\n\(sample.fixture)")
                return
            }
        }
    }

    @Test func factsThatWereGatheredOnceHoldAsLongAsNobodyReads() {
        for (seed, sample) in AccessChangeTests.samples {
            var numbers = SeededNumbers(seed: seed)
            let later = numbers.pick(sample.probes.filter { $0 >= sample.moment })
            var quiet = sample.fixture
            quiet.reads.removeAll { $0.openedAt > sample.moment }
            let (then, gathered) = (AccessSituation(quiet.facts(at: later), at: later).verdict, sample.facts)
            guard AccessSituation(gathered, at: later).verdict == then else {
                Issue.record("Seed \(seed), from \(sample.moment) to \(later): \(then)\n\(sample.fixture)")
                return
            }
        }
    }
}
