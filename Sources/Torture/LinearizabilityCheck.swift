/// What a thing does when it is asked for one thing after the other.
protocol SequentialModel: Hashable {
    associatedtype Operation
    associatedtype Answer

    /// The state after an operation; nil when it would have been answered otherwise.
    func after(_ operation: Operation, answered answer: Answer) -> Self?
}

/// An operation and its answer, with their places in the one order of all askings and answers.
struct RecordedCall<Operation: Sendable, Answer: Sendable>: Sendable {
    let operation: Operation
    let answer: Answer
    let askedAt: Int
    let answeredAt: Int
}

/// Whether what was answered to many at once could have been answered to one after the other: the algorithm of Wing and
/// Gong (1993), which tries the orders, with Lowe's memory (2017) of what was tried in vain.
struct LinearizabilityCheck<Model: SequentialModel> where Model.Operation: Sendable, Model.Answer: Sendable {
    private let calls: [RecordedCall<Model.Operation, Model.Answer>]
    private var inVain: Set<Attempt> = []

    /// The calls that have taken effect, a bit each, and the state that they have led to.
    private struct Attempt: Hashable {
        let done: UInt64
        let state: Model
    }

    /// - Parameter calls: at most 64.
    static func holds(_ calls: [RecordedCall<Model.Operation, Model.Answer>], from state: Model) -> Bool {
        precondition(calls.count <= 64, "a call is a bit")
        var check = LinearizabilityCheck(calls: calls)
        return check.succeeds(Attempt(done: 0, state: state))
    }

    private init(calls: [RecordedCall<Model.Operation, Model.Answer>]) { self.calls = calls }

    private mutating func succeeds(_ attempt: Attempt) -> Bool {
        let left = calls.indices.filter { attempt.done & 1 << UInt64($0) == 0 }
        guard let firstAnswer = left.map({ calls[$0].answeredAt }).min() else { return true }
        guard !inVain.contains(attempt) else { return false }
        // A call that was asked after another was answered took effect after it.
        for index in left where calls[index].askedAt < firstAnswer {
            let call = calls[index]
            guard let state = attempt.state.after(call.operation, answered: call.answer) else { continue }
            if succeeds(Attempt(done: attempt.done | 1 << UInt64(index), state: state)) { return true }
        }
        inVain.insert(attempt)
        return false
    }
}
