import Testing
@testable import Torture

struct LinearizabilityCheckTests {
    private typealias Call = RecordedCall<ReaderModel.Operation, ReaderModel.Answer>

    private func call(
        _ askedAt: Int, _ answeredAt: Int, _ operation: ReaderModel.Operation, _ answer: ReaderModel.Answer
    ) -> Call {
        Call(operation: operation, answer: answer, askedAt: askedAt, answeredAt: answeredAt)
    }

    private func holds(_ calls: [Call], _ state: ReaderModel = .person(allowance: 2)) -> Bool {
        LinearizabilityCheck.holds(calls, from: state)
    }

    private let signUp = ReaderModel.Operation.signUp(email: "ada@example.com", wantsTrial: true)

    @Test func ofTwoWhoSignUpAtOnceOneIsRefused() {
        let exists = ReaderModel.Answer.refused(code: "account_exists")
        #expect(holds([call(1, 3, signUp, exists), call(2, 4, signUp, .signedUp(hasTrial: true))]))
        #expect(!holds([call(1, 3, signUp, .signedUp(hasTrial: true)), call(2, 4, signUp, .signedUp(hasTrial: true))]))
        #expect(!holds([call(1, 2, signUp, exists), call(3, 4, signUp, .signedUp(hasTrial: true))]))
    }

    @Test func whatWasAnsweredBeforeIsSeenAfterwards() {
        let begun = call(1, 2, signUp, .signedUp(hasTrial: true))
        let first = ReaderModel.Operation.pay(reference: "a", periods: 1)
        let second = ReaderModel.Operation.pay(reference: "b", periods: 1)
        let one = ReaderModel.Answer.paid(payment: "p", settledPeriods: 1, wasKnown: false)
        let two = ReaderModel.Answer.paid(payment: "q", settledPeriods: 2, wasKnown: false)
        #expect(holds([begun, call(3, 6, first, two), call(4, 5, second, one.renamed("r"))]))
        #expect(!holds([begun, call(3, 4, first, two), call(5, 6, second, one)]))
        // A lost update: both found nothing paid.
        #expect(!holds([begun, call(3, 6, first, one), call(4, 5, second, one.renamed("r"))]))
    }

    @Test func aReferenceIsRecordedOnce() {
        let begun = call(1, 2, signUp, .signedUp(hasTrial: true))
        let pay = ReaderModel.Operation.pay(reference: "a", periods: 1)
        let new = ReaderModel.Answer.paid(payment: "p", settledPeriods: 1, wasKnown: false)
        let known = ReaderModel.Answer.paid(payment: "p", settledPeriods: 1, wasKnown: true)
        #expect(holds([begun, call(3, 6, pay, known), call(4, 5, pay, new)]))
        #expect(!holds([begun, call(3, 6, pay, new), call(4, 5, pay, new)]))
    }

    @Test func aMeterOfTwoAdmitsTwo() {
        func open(_ number: Int, _ answer: ReaderModel.Answer) -> Call {
            call(number, 10 + number, .open(article: "a\(number)", key: nil), answer)
        }
        let first = open(1, .opened(read: "r1", spent: 1, isRetry: false))
        let second = open(2, .opened(read: "r2", spent: 0, isRetry: false))
        #expect(holds([first, second, open(3, .denied(spent: 2))], .visitor(allowance: 2)))
        #expect(
            !holds([first, second, open(3, .opened(read: "r3", spent: 1, isRetry: false))], .visitor(allowance: 2)))
    }

    /// As it happened on PostgreSQL: the second opening of the first article looked before the other was counted.
    @Test func openingAgainSaysWhatTheMeterHasCounted() {
        func open(_ article: String, _ askedAt: Int, _ answeredAt: Int, _ answer: ReaderModel.Answer) -> Call {
            call(askedAt, answeredAt, .open(article: article, key: nil), answer)
        }
        let before = open("a", 1, 2, .opened(read: "r1", spent: 0, isRetry: false))
        let other = open("b", 3, 4, .opened(read: "r2", spent: 1, isRetry: false))
        func again(_ spent: Int) -> Call { open("a", 5, 6, .opened(read: "r3", spent: spent, isRetry: false)) }
        #expect(holds([before, other, again(2)], .visitor(allowance: 2)))
        for spent in [1, 3] { #expect(!holds([before, other, again(spent)], .visitor(allowance: 2))) }
    }

    @Test func nothingIsOpenedBehindASuspension() {
        let begun = call(1, 2, signUp, .signedUp(hasTrial: true))
        func open(_ askedAt: Int, _ answeredAt: Int, _ answer: ReaderModel.Answer) -> Call {
            call(askedAt, answeredAt, .open(article: "a", key: nil), answer)
        }
        let opened = ReaderModel.Answer.opened(read: "r", spent: nil, isRetry: false)
        #expect(holds([begun, call(3, 6, .suspend, .suspended), open(4, 5, opened)]))
        #expect(holds([begun, call(3, 4, .suspend, .suspended), open(5, 6, .denied(spent: nil))]))
        #expect(!holds([begun, call(3, 4, .suspend, .suspended), open(5, 6, opened)]))
        let reinstated = call(5, 6, .reinstate, .reinstated)
        #expect(holds([begun, call(3, 4, .suspend, .suspended), reinstated, open(7, 8, opened)]))
        #expect(!holds([begun, call(3, 4, .suspend, .suspended), reinstated, open(7, 8, .denied(spent: nil))]))
    }

    @Test func aClientKeyIsOneRead() {
        let open = ReaderModel.Operation.open(article: "a", key: "k")
        let new = ReaderModel.Answer.opened(read: "r", spent: 0, isRetry: false)
        let again = ReaderModel.Answer.opened(read: "r", spent: 1, isRetry: true)
        #expect(holds([call(1, 3, open, again), call(2, 4, open, new)], .visitor(allowance: 2)))
        #expect(!holds([call(1, 3, open, new), call(2, 4, open, new)], .visitor(allowance: 2)))
    }
}

extension ReaderModel.Answer {
    fileprivate func renamed(_ id: String) -> ReaderModel.Answer {
        guard case .paid(_, let settledPeriods, let wasKnown) = self else { return self }
        return .paid(payment: id, settledPeriods: settledPeriods, wasKnown: wasKnown)
    }
}
