import Foundation
import Membership
import MembershipService

/// Single checks through the service, beside one prepared SELECT a check.
struct Checks {
    let bench: SQLiteBench
    let size: BenchSize

    func measure() async throws -> [Measurement] {
        var draw = CheckDraw(bench, seed: 1)
        let services = bench.services
        let references = try Checks.references(bench)
        var times: [CheckKind: [(ours: Double, reference: Double)]] = [:]
        // The round that comes first is thrown away: files are opened and statements compiled in it.
        for round in 0...size.rounds {
            for kind in CheckKind.allCases {
                let count = (round == 0 ? 500 : size.checks) / 2
                let halves = (try draw.questions(kind, count: count), try draw.questions(kind, count: count))
                guard let reference = references[kind] else { continue }
                if round == 0 { try await compare(halves.0 + halves.1, reference) }
                let pair = try await Measurement.pair(
                    halves, ours: { try await Checks.time($0, services) },
                    reference: { try Checks.time($0, reference) })
                if round > 0 { times[kind, default: []].append(pair) }
            }
        }
        let single = CheckKind.allCases.map { kind in
            Measurement("check: \(kind.rawValue)", unit: "µs", rounds: times[kind] ?? [], atMost: 0.6)
        }
        let denied = zip(times[.trialEnded] ?? [], times[.entitled] ?? []).map { denied, admitted in
            (ours: denied.ours, reference: admitted.ours)
        }
        return single + [try await onTwoThreads()]
            + [Measurement("denied against admitted", unit: "µs", rounds: denied, atMost: 1.2)]
    }

    /// All kinds in turn, on two threads at once: the time of a check as each of them sees it.
    private func onTwoThreads() async throws -> Measurement {
        var draw = CheckDraw(bench, seed: 2)
        let services = bench.services
        let references = try (0..<2).map { _ in try Checks.references(bench) }
        var rounds: [(ours: Double, reference: Double)] = []
        for round in 0...size.rounds {
            let count = (round == 0 ? 400 : size.checks) / 2
            func half() throws -> [[CheckQuestion]] { try (0..<2).map { _ in try draw.mixed(count: count) } }
            let pair = try await Measurement.pair(
                (try half(), try half()),
                ours: { try await Checks.mean($0) { _, asked in try await Checks.time(asked, services) } },
                reference: {
                    try await Checks.mean($0) { part, asked in try Checks.time(asked, mixed: references[part]) }
                })
            if round > 0 { rounds.append(pair) }
        }
        return Measurement("check: mixed, two threads", unit: "µs", rounds: rounds, atMost: 0.6)
    }

    /// What tasks take at the same time, on average.
    private static func mean(
        _ parts: [[CheckQuestion]], _ body: @escaping @Sendable (Int, [CheckQuestion]) async throws -> Double
    ) async throws -> Double {
        try await withThrowingTaskGroup(of: Double.self) { group in
            for (number, part) in parts.enumerated() { group.addTask { try await body(number, part) } }
            return try await group.reduce(0, +) / Double(parts.count)
        }
    }

    /// On one connection.
    static func references(_ bench: SQLiteBench) throws -> [CheckKind: ReferenceCheck] {
        let connection = try bench.reference(writes: false)
        return try Dictionary(
            uniqueKeysWithValues: CheckKind.allCases.map { ($0, try ReferenceCheck($0, on: connection)) })
    }

    // MARK: - Loops, by index: a question that is copied counts references, which is neither's work

    /// Microseconds a check, through the service.
    @concurrent
    static func time(_ questions: [CheckQuestion], _ services: Services) async throws -> Double {
        let elapsed = try await ContinuousClock().measure {
            for index in questions.indices {
                let answer = try await services.access.check(
                    reader: questions[index].reader, article: questions[index].article)
                guard questions[index].kind.expects(answer.decision.reason) else {
                    throw Failure("\(questions[index].reader), \(questions[index].article): \(answer.decision)")
                }
            }
        }
        return elapsed / .microseconds(1) / Double(questions.count)
    }

    /// Microseconds a check, by one statement.
    static func time(_ questions: [CheckQuestion], _ reference: ReferenceCheck) throws -> Double {
        var sum: Int64 = 0
        let elapsed = try ContinuousClock().measure {
            for index in questions.indices { sum &+= try fetched(questions[index], reference) }
        }
        keep(sum)
        return elapsed / .microseconds(1) / Double(questions.count)
    }

    /// Microseconds a check, by a statement for each kind.
    static func time(_ questions: [CheckQuestion], mixed references: [CheckKind: ReferenceCheck]) throws -> Double {
        let paired = questions.compactMap { references[$0.kind] }
        var sum: Int64 = 0
        let elapsed = try ContinuousClock().measure {
            for index in questions.indices { sum &+= try fetched(questions[index], paired[index]) }
        }
        keep(sum)
        return elapsed / .microseconds(1) / Double(questions.count)
    }

    @inline(__always)
    private static func fetched(_ question: CheckQuestion, _ reference: ReferenceCheck) throws -> Int64 {
        let (rows, sum) = try reference.fetch(question)
        guard rows > 0 else { throw Failure("the reference finds nothing for \(question.article)") }
        return sum
    }

    /// So that nothing is left out because nobody looks at it.
    @inline(never)
    private static func keep(_ sum: Int64) {}

    // MARK: - Whether both are the same

    /// What the reference fetches must imply what ours says.
    private func compare(_ questions: [CheckQuestion], _ reference: ReferenceCheck) async throws {
        for question in questions {
            let decision = try await bench.services.access.check(
                reader: question.reader, article: question.article
            ).decision
            let verdict = decision.verdict
            let ours = ReferenceCheck.Outcome(
                reason: decision.reason, grant: verdict.grant?.rawValue, spent: verdict.meter?.spent,
                plans: verdict.plans.map(\.text).sorted(), trialDays: verdict.trialDaysOnOffer,
                maySubscribe: verdict.steps.contains(.subscribe))
            let outcome = try reference.outcome(question, at: decision.at)
            guard outcome == ours else {
                throw Failure(
                    "\(question.reader), \(question.article): ours says \(ours), and of the facts of the reference "
                        + "follows \(outcome.map { "\($0)" } ?? "nothing")")
            }
        }
    }
}

/// Pages of articles for one reader each at once, beside as many single checks of ours.
struct CheckBatches {
    let bench: SQLiteBench
    let size: BenchSize

    func measure() async throws -> [Measurement] {
        var draw = CheckDraw(bench, seed: 3)
        let services = bench.services
        var rounds: [(ours: Double, reference: Double)] = []
        for round in 0...size.rounds {
            let count = round == 0 ? 3 : size.checks / CheckBatches.pageLength / 2
            // Each has pages of its own, because both are ours: what one looks up the other would find remembered.
            func half() throws -> (batched: [Page], single: [Page]) {
                (try (0..<count).map { _ in try page(&draw) }, try (0..<count).map { _ in try page(&draw) })
            }
            let pair = try await Measurement.pair(
                (try half(), try half()), ours: { try await CheckBatches.time($0.batched, services) },
                reference: { half in
                    let singly = try await Checks.time(half.single.flatMap(\.questions), services)
                    return singly * Double(CheckBatches.pageLength)
                })
            if round > 0 { rounds.append(pair) }
        }
        return [Measurement("batch: 100 articles for a reader", unit: "µs", rounds: rounds, atMost: 0.25)]
    }

    private static let pageLength = 100

    /// Articles for one reader, as both are given them.
    private struct Page: Sendable {
        let questions: [CheckQuestion]
        let reader: ReaderReference
        let articles: [ArticleReference]

        init(_ questions: [CheckQuestion]) {
            self.questions = questions
            reader = questions[0].reader
            articles = questions.map(\.article)
        }
    }

    private func page(_ draw: inout CheckDraw) throws -> Page {
        let account = draw.reader(.entitled).map { bench.accounts[$0].id }
        var drawn: Set<ArticleReference> = []
        var questions: [CheckQuestion] = []
        while questions.count < CheckBatches.pageLength {
            let question = try draw.question(.entitled, of: account)
            if drawn.insert(question.article).inserted { questions.append(question) }
        }
        return Page(questions)
    }

    @concurrent
    private static func time(_ pages: [Page], _ services: Services) async throws -> Double {
        let elapsed = try await ContinuousClock().measure {
            for page in pages {
                let outcomes = try await services.access.check(reader: page.reader, articles: page.articles)
                for index in outcomes.indices {
                    guard CheckKind.entitled.expects(try outcomes[index].get().decision.reason) else {
                        throw Failure("\(page.reader), \(page.articles[index]): \(outcomes[index])")
                    }
                }
            }
        }
        return elapsed / .microseconds(1) / Double(pages.count)
    }
}

/// One check in a small and in a large database.
struct CheckGrowth {
    let size: BenchSize
    let directory: String

    func measure() async throws -> [Measurement] {
        let small = try await make("small", accounts: size.growth.from)
        let large = try await make("large", accounts: size.growth.to)
        var draws = (small: CheckDraw(small, seed: 4), large: CheckDraw(large, seed: 4))
        let references = (small: try Checks.references(small), large: try Checks.references(large))
        var (rounds, ofPlain): ([(ours: Double, reference: Double)], [(many: Double, few: Double)]) = ([], [])
        for round in 0...size.rounds {
            let count = round == 0 ? 500 : size.checks
            let many = try draws.large.mixed(count: count)
            let few = try draws.small.mixed(count: count)
            let ours = (
                many: try await Checks.time(many, large.services), few: try await Checks.time(few, small.services)
            )
            let plain = (
                many: try Checks.time(many, mixed: references.large), few: try Checks.time(few, mixed: references.small)
            )
            guard round > 0 else { continue }
            rounds.append((ours: ours.many, reference: ours.few))
            ofPlain.append(plain)
        }
        func microseconds(_ times: [Double]) -> String {
            Measurement.median(times).formatted(.number.precision(.significantDigits(3)))
        }
        print(
            "growth: a check by plain SQL takes \(microseconds(ofPlain.map(\.few))) µs in the small file, and "
                + "\(microseconds(ofPlain.map(\.many))) µs in the large one")
        let name = "check: \(size.growth.from) → \(size.growth.to) accounts"
        return [Measurement(name, unit: "µs", rounds: rounds, atMost: 1.6)]
    }

    private func make(_ name: String, accounts: Int) async throws -> SQLiteBench {
        try await SQLiteBench.make(
            name, .init(accounts: accounts, over: accounts / 2, articles: size.articles, isWhole: false), in: directory)
    }
}
