import Membership
import MembershipService
import MembershipStore
import Synchronization
import TestSupport

/// Lets many tasks sign up, open, pay and suspend at once for few readers, and looks whether their answers could have
/// been given to one after the other.
struct Linearizability: Trial {
    let name = "concurrency"
    let engines: Set<Setting.Engine> = [.sqlite, .postgres]
    let weight = 1.0

    private static let leastHistories = 200
    private static let anonymous = 2
    private static let registered = 3

    func run(_ setting: Setting) async throws -> Outcome {
        let place = try await TrialPlace.make(setting)
        var isLeft = false
        defer { if !isLeft { place.remove() } }
        let clock = WallClock.going(onFrom: Timestamp(milliseconds: 1_768_471_200_000))  // 2026-01-15T10:00:00Z
        try await place.furnish(clock, anonymous: Linearizability.anonymous, registered: Linearizability.registered)
        // As processes have it: each its own connections, here within one.
        var machines: [Services] = []
        for _ in 0..<3 { machines.append(try await place.services(clock)) }
        let begun = ContinuousClock().now
        var (histories, calls) = (0, 0)
        var faults: [String] = []
        var told = AnsweredRows()
        while histories < Linearizability.leastHistories || ContinuousClock().now - begun < setting.time {
            histories += 1
            var choices = SeededNumbers(seed: setting.seed, histories)
            let history = ReaderHistory(
                number: histories, machines: choices.chance(50) ? [machines[0]] : machines, choices)
            for (reader, recorded) in await history.record() {
                calls += recorded.count
                for call in recorded { told.note(call.answer) }
                let state =
                    reader.isVisitor
                    ? ReaderModel.visitor(allowance: Linearizability.anonymous)
                    : ReaderModel.person(allowance: Linearizability.registered)
                guard !LinearizabilityCheck.holds(recorded, from: state) else { continue }
                faults.append(
                    "seed \(setting.seed), history \(histories), reader \(reader.number): in no order:\n"
                        + recorded.sorted { $0.askedAt < $1.askedAt }.map {
                            "      \($0.askedAt)–\($0.answeredAt) \($0.operation): \($0.answer)"
                        }.joined(separator: "\n"))
            }
            if faults.count >= 5 { break }
        }
        // No job is run here.
        let whole = try await WholeDatabase(location: place.location(), clock: clock).faults(
            exempt: WholeDatabase.overdueSubjects)
        let broken = try await whole + place.engine().read { [told] in try told.faults($0) }
        if !broken.isEmpty {
            isLeft = true
            faults += broken.map { "seed \(setting.seed): \($0)" } + ["the database is left in \(place.folder)"]
        }
        return Outcome(did: "\(histories) histories, \(calls) calls", faults: faults)
    }
}

/// The payments and reads of which answers told, which are all that may be there, and each once.
struct AnsweredRows: Sendable {
    private var payments: [String] = []
    private var reads: [String] = []

    mutating func note(_ answer: ReaderModel.Answer) {
        switch answer {
        case .paid(payment: let payment, settledPeriods: _, wasKnown: false): payments.append(payment)
        case .opened(read: let read, spent: _, isRetry: false): reads.append(read)
        case .paid, .opened, .signedUp, .denied, .suspended, .reinstated, .refused: break
        }
    }

    /// What does not hold.
    func faults(_ sql: any SQLConnection) throws -> [String] {
        let paid = try sql.query("SELECT payment_id FROM payments", []) {
            (try $0.identifier(0) as Identifier<Payment>).description
        }
        let read = try sql.query("SELECT read_id FROM reads UNION ALL SELECT read_id FROM visitor_reads", []) {
            (try $0.identifier(0) as Identifier<ArticleRead>).description
        }
        var faults: [String] = []
        if paid.sorted() != payments.sorted() {
            faults.append("\(payments.count) payments were answered, and others are there, \(paid.count)")
        }
        if read.sorted() != reads.sorted() {
            faults.append("\(reads.count) openings were answered, and others are there, \(read.count)")
        }
        return faults
    }
}

/// A few tasks that ask for a few readers at once.
private struct ReaderHistory: Sendable {
    typealias Call = RecordedCall<ReaderModel.Operation, ReaderModel.Answer>

    let number: Int
    let machines: [Services]
    private let choices: SeededNumbers

    struct Reader: Hashable, Sendable {
        let number: Int
        var isVisitor: Bool { number == 0 }
    }

    init(number: Int, machines: [Services], _ choices: SeededNumbers) {
        (self.number, self.machines, self.choices) = (number, machines, choices)
    }

    /// - Returns: what each reader's calls were answered. Readers have nothing to do with each other.
    func record() async -> [(Reader, [Call])] {
        var choices = choices
        let order = Order()
        var plans: [[(Reader, ReaderModel.Operation)]] = []
        for _ in 0..<4 + choices.below(3) {
            plans.append(
                (0..<3 + choices.below(3)).map { _ in
                    let reader = Reader(number: choices.below(3))
                    return (reader, operation(of: reader, &choices))
                })
        }
        let recorded = await withTaskGroup(of: [(Reader, Call)].self) { group in
            for (index, plan) in plans.enumerated() {
                let services = machines[index % machines.count]
                group.addTask {
                    var calls: [(Reader, Call)] = []
                    for (reader, operation) in plan {
                        let askedAt = order.next()
                        let answer = await ask(services, reader, operation)
                        let answeredAt = order.next()
                        calls.append(
                            (
                                reader,
                                Call(operation: operation, answer: answer, askedAt: askedAt, answeredAt: answeredAt)
                            ))
                    }
                    return calls
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        return (0..<3).map(Reader.init).map { reader in
            (reader, recorded.filter { $0.0 == reader }.map(\.1))
        }
    }

    // MARK: - What is asked for

    private func operation(of reader: Reader, _ choices: inout SeededNumbers) -> ReaderModel.Operation {
        let kind = choices.below(100)
        if reader.isVisitor || kind < 40 {
            return .open(
                article: "metered/article-\(choices.below(4))",
                key: choices.chance(60) ? "key-\(choices.below(3))" : nil)
        }
        if kind < 60 {
            let name = name(of: reader)
            let spellings = [name, name.uppercased(), "a.d.a" + name.dropFirst(3), name + "+news"]
            let domain = choices.chance(50) ? "gmail.com" : "googlemail.com"
            return .signUp(email: "\(spellings[choices.below(4)])@\(domain)", wantsTrial: choices.chance(50))
        }
        if kind < 75 { return choices.chance(50) ? .suspend : .reinstate }
        return .pay(reference: "ref-\(choices.below(2))", periods: 1 + choices.below(2))
    }

    private func name(of reader: Reader) -> String { "ada\(number)x\(reader.number)" }

    // MARK: - Asking

    private func ask(
        _ services: Services, _ reader: Reader, _ operation: ReaderModel.Operation
    ) async -> ReaderModel.Answer {
        do {
            let account = try AccountReference(parsing: name(of: reader) + "@gmail.com")
            switch operation {
            case .signUp(let email, let wantsTrial):
                let result = try await services.accounts.signUp(
                    email: EmailAddress(parsing: email), wantsTrial: wantsTrial)
                return .signedUp(hasTrial: result.trial == .started)
            case .pay(let reference, let periods):
                let amount = Money(
                    amountMinor: TrialPlace.price * Int64(periods), currency: try Currency(parsing: "EUR"))
                let receipt = try await services.payments.record(
                    account, NewPayment(amount: amount, reference: name(of: reader) + reference, periods: periods))
                return .paid(
                    payment: receipt.payment.id.description, settledPeriods: receipt.subscription.settledPeriods,
                    wasKnown: receipt.wasKnown)
            case .open(let article, let key):
                let opening = try await services.access.open(
                    reader: ReaderReference(
                        parsing: reader.isVisitor
                            ? "visitor:nobody-knows-who-\(number)" : name(of: reader) + "@gmail.com"),
                    article: ArticleReference(parsing: article), clientKey: key.map(ClientKey.init(parsing:)))
                let spent = opening.answer.decision.verdict.meter?.spent
                guard let read = opening.read else { return .denied(spent: spent) }
                return .opened(read: read.id.description, spent: spent, isRetry: opening.isRetry)
            case .suspend:
                _ = try await services.accounts.suspend(account, reason: "Shared")
                return .suspended
            case .reinstate:
                _ = try await services.accounts.reinstate(account, reason: "Cleared")
                return .reinstated
            }
        } catch {
            return .refused(code: (error as? MembershipError)?.code.rawValue ?? "\(error)")
        }
    }
}

/// One order of all that happens in a history.
private final class Order: Sendable {
    private let last = Atomic(0)

    func next() -> Int { last.add(1, ordering: .sequentiallyConsistent).newValue }
}
