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
                let questions = try draw.questions(kind, count: round == 0 ? 500 : size.checks)
                guard let reference = references[kind] else { continue }
                if round == 0 { try await compare(questions, reference) }
                let pair = try await Measurement.pair(
                    round, ours: { try await Checks.time(questions, services) },
                    reference: { try Checks.time(questions, reference) })
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
            let parts = try (0..<2).map { _ in try draw.mixed(count: round == 0 ? 400 : size.checks) }
            let pair = try await Measurement.pair(
                round, ours: { try await Checks.mean(parts) { _, asked in try await Checks.time(asked, services) } },
                reference: {
                    try await Checks.mean(parts) { part, asked in try Checks.time(asked, mixed: references[part]) }
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

    // MARK: - Loops

    /// Microseconds a check, through the service.
    @concurrent
    static func time(_ questions: [CheckQuestion], _ services: Services) async throws -> Double {
        let elapsed = try await ContinuousClock().measure {
            for question in questions {
                let answer = try await services.access.check(reader: question.reader, article: question.article)
                guard question.kind.expects(answer.decision.reason) else {
                    throw Failure("\(question.reader), \(question.article): \(answer.decision)")
                }
            }
        }
        return elapsed / .microseconds(1) / Double(questions.count)
    }

    /// Microseconds a check, by one statement.
    static func time(_ questions: [CheckQuestion], _ reference: ReferenceCheck) throws -> Double {
        var sum: Int64 = 0
        let elapsed = try ContinuousClock().measure {
            for question in questions { sum &+= try fetched(question, reference) }
        }
        keep(sum)
        return elapsed / .microseconds(1) / Double(questions.count)
    }

    /// Microseconds a check, by a statement for each kind.
    static func time(_ questions: [CheckQuestion], mixed references: [CheckKind: ReferenceCheck]) throws -> Double {
        let paired = questions.compactMap { question in references[question.kind].map { (question, $0) } }
        var sum: Int64 = 0
        let elapsed = try ContinuousClock().measure {
            for (question, reference) in paired { sum &+= try fetched(question, reference) }
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
            let answer = try await bench.services.access.check(reader: question.reader, article: question.article)
            let reason = try reference.reason(question, at: answer.decision.at)
            guard reason == answer.decision.reason else {
                throw Failure(
                    "\(question.reader), \(question.article): ours says \(answer.decision.reason), and of the facts of "
                        + "the reference follows \(reason.map(\.rawValue) ?? "nothing")")
            }
        }
    }
}

/// A page of articles for one reader at once, beside as many single checks of ours.
struct CheckBatches {
    let bench: SQLiteBench
    let size: BenchSize

    func measure() async throws -> [Measurement] {
        var draw = CheckDraw(bench, seed: 3)
        let services = bench.services
        var rounds: [(ours: Double, reference: Double)] = []
        for round in 0...size.rounds {
            let pages = try (0..<(round == 0 ? 5 : size.checks / 500)).map { _ in try page(&draw) }
            let pair = try await Measurement.pair(
                round, ours: { try await CheckBatches.time(pages, services) },
                reference: {
                    try await Checks.time(pages.flatMap(\.self), services) * Double(CheckBatches.pageLength)
                })
            if round > 0 { rounds.append(pair) }
        }
        return [Measurement("batch: 100 articles for a reader", unit: "µs", rounds: rounds, atMost: 0.25)]
    }

    private static let pageLength = 100

    private func page(_ draw: inout CheckDraw) throws -> [CheckQuestion] {
        let reader = draw.reader(.entitled).map { bench.accounts[$0].id }
        var articles: Set<ArticleReference> = []
        var page: [CheckQuestion] = []
        while page.count < CheckBatches.pageLength {
            let question = try draw.question(.entitled, of: reader)
            if articles.insert(question.article).inserted { page.append(question) }
        }
        return page
    }

    @concurrent
    private static func time(_ pages: [[CheckQuestion]], _ services: Services) async throws -> Double {
        let elapsed = try await ContinuousClock().measure {
            for page in pages {
                let outcomes = try await services.access.check(
                    reader: page[0].reader, articles: page.map(\.article))
                for (question, outcome) in zip(page, outcomes) {
                    guard question.kind.expects(try outcome.get().decision.reason) else {
                        throw Failure("\(question.reader), \(question.article): \(outcome)")
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
        var rounds: [(ours: Double, reference: Double)] = []
        for round in 0...size.rounds {
            let count = round == 0 ? 500 : size.checks
            let many = try await Checks.time(draws.large.mixed(count: count), large.services)
            let few = try await Checks.time(draws.small.mixed(count: count), small.services)
            if round > 0 { rounds.append((ours: many, reference: few)) }
        }
        let name = "check: \(size.growth.from) → \(size.growth.to) accounts"
        return [Measurement(name, unit: "µs", rounds: rounds, atMost: 1.6)]
    }

    private func make(_ name: String, accounts: Int) async throws -> SQLiteBench {
        try await SQLiteBench.make(
            name, .init(accounts: accounts, over: accounts / 2, articles: size.articles, isWhole: false), in: directory)
    }
}
