/// One reader, a person or a visitor, as the documents have it: signs up once under any spelling, pays once under a
/// reference, opens so many articles by the meter, and once under a client key, and none while suspended.
struct ReaderModel: SequentialModel {
    /// What is asked for.
    enum Operation: Hashable, Sendable {
        case signUp(email: String, wantsTrial: Bool)
        case pay(reference: String, periods: Int)
        case open(article: String, key: String?)
        case suspend, reinstate
    }

    /// What is answered.
    enum Answer: Hashable, Sendable {
        case signedUp(hasTrial: Bool)
        case paid(payment: String, settledPeriods: Int, wasKnown: Bool)
        /// `spent` is what the meter had counted before, and nil where it was not asked.
        case opened(read: String, spent: Int?, isRetry: Bool)
        case denied(spent: Int?)
        case suspended, reinstated
        case refused(code: String)
    }

    private struct Paid: Hashable {
        let id: String
        let periods: Int
    }

    private struct Opened: Hashable {
        let read: String
        let article: String
    }

    private let allowance: Int
    private var isKnown: Bool
    private var hasTrial = false
    private var isSuspended = false
    private var settledPeriods = 0
    private var payments: [String: Paid] = [:]
    private var spent: Set<String> = []
    private var opened: [String: Opened] = [:]

    /// A person who has not signed up yet.
    static func person(allowance: Int) -> ReaderModel {
        ReaderModel(allowance: allowance, isKnown: false)
    }

    /// A visitor, whom the site knows.
    static func visitor(allowance: Int) -> ReaderModel {
        ReaderModel(allowance: allowance, isKnown: true)
    }

    private init(allowance: Int, isKnown: Bool) {
        (self.allowance, self.isKnown) = (allowance, isKnown)
    }

    func after(_ operation: Operation, answered answer: Answer) -> ReaderModel? {
        var next = self
        let isRight =
            switch operation {
            case .signUp(_, let wantsTrial): next.signUp(wantsTrial, answer)
            case .pay(let reference, let periods): next.pay(reference, periods, answer)
            case .open(let article, let key): next.open(article, key, answer)
            case .suspend: next.suspend(answer)
            case .reinstate: next.reinstate(answer)
            }
        return isRight ? next : nil
    }

    private mutating func signUp(_ wantsTrial: Bool, _ answer: Answer) -> Bool {
        guard !isKnown else { return answer == .refused(code: "account_exists") }
        (isKnown, hasTrial) = (true, wantsTrial)
        return answer == .signedUp(hasTrial: wantsTrial)
    }

    private mutating func pay(_ reference: String, _ periods: Int, _ answer: Answer) -> Bool {
        guard isKnown else { return answer == .refused(code: "unknown_account") }
        if let earlier = payments[reference] {
            guard earlier.periods == periods else { return answer == .refused(code: "reference_reused") }
            return answer == .paid(payment: earlier.id, settledPeriods: settledPeriods, wasKnown: true)
        }
        guard hasTrial else { return answer == .refused(code: "unknown_subscription") }
        guard case .paid(let id, _, _) = answer, !payments.values.contains(where: { $0.id == id }) else { return false }
        payments[reference] = Paid(id: id, periods: periods)
        settledPeriods += periods
        return answer == .paid(payment: id, settledPeriods: settledPeriods, wasKnown: false)
    }

    private mutating func suspend(_ answer: Answer) -> Bool {
        guard isKnown else { return answer == .refused(code: "unknown_account") }
        guard !isSuspended else { return answer == .refused(code: "already_suspended") }
        isSuspended = true
        return answer == .suspended
    }

    private mutating func reinstate(_ answer: Answer) -> Bool {
        guard isKnown else { return answer == .refused(code: "unknown_account") }
        guard isSuspended else { return answer == .refused(code: "not_suspended") }
        isSuspended = false
        return answer == .reinstated
    }

    private mutating func open(_ article: String, _ key: String?, _ answer: Answer) -> Bool {
        guard isKnown else { return answer == .refused(code: "unknown_account") }
        let counted = hasTrial ? nil : spent.count
        let earlier = key.flatMap { opened[$0] }
        if let earlier, earlier.article != article { return answer == .refused(code: "client_key_reused") }
        guard !isSuspended else { return answer == .denied(spent: nil) }
        if let earlier { return answer == .opened(read: earlier.read, spent: counted, isRetry: true) }
        guard hasTrial || spent.contains(article) || spent.count < allowance else {
            return answer == .denied(spent: counted)
        }
        guard case .opened(let read, _, _) = answer, !opened.values.contains(where: { $0.read == read }) else {
            return false
        }
        if !hasTrial { spent.insert(article) }
        if let key { opened[key] = Opened(read: read, article: article) }
        return answer == .opened(read: read, spent: counted, isRetry: false)
    }
}
