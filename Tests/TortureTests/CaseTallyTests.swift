import TestSupport
import Testing
@testable import Torture

struct CaseTallyTests {
    @Test func whatWasFoundComesFirstAndThenSomeOfEachKind() throws {
        var dice = SeededNumbers(seed: 1)
        let kinds = [Array(0..<50), Array(100..<103), Array(200..<250)]
        let (found, others) = try CaseTally.order(kinds, first: { $0 == 7 || $0 == 102 }, &dice)
        #expect(Set(found) == [7, 102])
        #expect((found + others).sorted() == kinds.flatMap { $0 })
        // Of the middle kind two are left, and they are not the last.
        #expect(Set(others.prefix(6).map { $0 / 100 }) == [0, 1, 2])
    }

    @Test func whatWasFoundAndIsNoCaseAnyMoreIsSaid() {
        var dice = SeededNumbers(seed: 1)
        #expect(throws: Stopped.self) { try CaseTally.order([[1, 2]], first: { $0 == 3 }, &dice) }
    }

    @Test func aCaseWhoseCallDidNotComeIsNoneThatWasTried() {
        var tally = CaseTally(least: 1, time: .zero)
        tally.note("a full disk, call 9", wasMet: false, [])
        #expect(tally.goesOn)
        tally.note("a full disk, call 1", wasMet: true, ["lost", "and more"])
        #expect(!tally.goesOn)
        let outcome = tally.outcome(of: 2)
        #expect(outcome.faults == ["a full disk, call 1: lost"])
        #expect(outcome.did == "1 of 2 faults in turn, 0 calls refused, 1 whose call did not come")
    }
}
