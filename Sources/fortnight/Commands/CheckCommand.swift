import ArgumentParser
import Membership
import MembershipService

struct CheckCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say whether a reader may open an article, why, and until when.",
        discussion: """
            Nothing is written, and nothing is spent. Exit status 0 is allowed, 1 denied, 66 an unknown account or article; \
            of several, the first that is neither 0 nor 1, else 1 when one was denied. docs/access.md has the reasons.

            With --stdin each line is answered as it comes: an article for the reader that is named, a reader for \
            --article, or a reader and an article: an account, visitor:ID or anonymous, then title/slug. --time-zone \
            is that of all visitors who are named so.

            Example:
              fortnight check ada@example.com golem/the-bridge --at 2026-05-03T10:00:00Z
              fortnight check ada@example.com golem/the-bridge golem/the-ferry
              fortnight check --visitor 5f0c8e0c-6a51-4b8e golem/the-bridge --explain
              fortnight check ada@example.com --stdin < front-page.txt
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var who: ReaderOptions

    @Argument(
        help: ArgumentHelp(
            "The reader's address or id, then each article as title/slug or by its id.", valueName: "names"))
    var names: [String] = []

    @Flag(help: "Ask for a visitor of whom nothing is known.")
    var anonymous = false

    @Option(help: ArgumentHelp("Ask about another time, RFC 3339 with its zone.", valueName: "time"))
    var at: String?

    @Option(
        help: ArgumentHelp(
            "Answer by what was known then, and nothing that was recorded later.", valueName: "time"))
    var knownAt: String?

    @Flag(help: "Show every rule, grant and count that was looked at, and which decided.")
    var explain = false

    @Flag(help: "Read questions from standard input, a line each.")
    var stdin = false

    @Option(help: ArgumentHelp("With --stdin: the article that every line's reader asks for.", valueName: "article"))
    var article: String?

    func validate() throws {
        if anonymous && who.visitor != nil { throw ValidationError("--anonymous and --visitor exclude each other.") }
        if !stdin || isReaderNamed || !names.isEmpty { try who.requireVisitorOfZone() }
        if article != nil && !stdin { throw ValidationError("--article goes with --stdin.") }
        if stdin {
            guard !explain else { throw ValidationError("--explain answers one question, not --stdin.") }
            guard names.count <= (isReaderNamed ? 0 : 1), !(article != nil && (isReaderNamed || !names.isEmpty)) else {
                throw ValidationError(
                    "With --stdin give a reader, or --article, or neither: fortnight check ada@example.com --stdin")
            }
            return
        }
        guard names.count > (isReaderNamed ? 0 : 1) else {
            throw ValidationError(
                isReaderNamed
                    ? "Name an article: fortnight check --anonymous golem/the-bridge"
                    : "Name a reader and an article: fortnight check ada@example.com golem/the-bridge")
        }
        if explain && names.count > (isReaderNamed ? 1 : 2) {
            throw ValidationError("--explain explains one article at a time.")
        }
    }

    func perform() async throws {
        let moment = AccessService.Moment(
            at: try at.map { try Timestamp(rfc3339: $0) }, knownAt: try knownAt.map { try Timestamp(rfc3339: $0) })
        if stdin {
            let wanted = try article.map { try ArticleReference(parsing: $0) }
            let access = try await global.services().access
            try await CheckStream(
                access: access, console: global.console, reader: try namedReader(), article: wanted,
                zone: try who.zone, moment: moment
            ).answerAll()
            return
        }
        guard let reader = try namedReader() else { return }
        let articles = isReaderNamed ? names[...] : names.dropFirst()
        let access = try await global.services().access
        guard articles.count == 1, let only = articles.first else {
            return try await check(reader, Array(articles), moment, access)
        }
        let reference = try ArticleReference(parsing: only)
        let answer: AccessService.Answer
        if explain {
            let explained = try await access.explain(reader: reader, article: reference, moment)
            answer = explained.answer
            try global.console.show(explained.answer, explained.explanation)
        } else {
            answer = try await access.check(reader: reader, article: reference, moment)
            try global.console.show(answer)
        }
        guard answer.decision.allowed else { throw ExitCode(ExitStatus.denied) }
    }

    private var isReaderNamed: Bool { anonymous || who.visitor != nil }

    /// Nil when nobody was named.
    private func namedReader() throws -> ReaderReference? {
        if anonymous { return .anonymous }
        return try who.reader() ?? names.first.map { try ReaderReference(parsing: $0) }
    }

    /// Several articles for one reader.
    private func check(
        _ reader: ReaderReference, _ articles: [String], _ moment: AccessService.Moment, _ access: AccessService
    ) async throws {
        let references = try articles.map { try ArticleReference(parsing: $0) }
        var status: Int32 = 0
        for (name, outcome) in zip(articles, try await access.check(reader: reader, articles: references, moment)) {
            status = ExitStatus.worse(status, try global.console.show(outcome, of: "\(reader) \(name)"))
        }
        guard status == 0 else { throw ExitCode(status) }
    }
}

extension Console {
    func show(_ answer: AccessService.Answer) throws {
        if isJSON {
            try document(DecisionView(answer))
        } else {
            line(answer.sentence)
        }
    }

    /// One answer of several, on a line.
    ///
    /// - Returns: the exit status that it alone would have had.
    func show(_ outcome: AccessService.Outcome, of question: String) throws -> Int32 {
        switch outcome {
        case .success(let answer):
            if isJSON {
                try document(JoinedView(DecisionView(answer), QuestionView(question: question)), onOneLine: true)
            } else {
                line("\(question): \(answer.sentence)")
            }
            return answer.decision.allowed ? 0 : ExitStatus.denied
        case .failure(let error):
            if isJSON {
                try document(JoinedView(ErrorView(error), QuestionView(question: question)), onOneLine: true)
            } else {
                line("\(question): Not answered (\(error.code.rawValue)): \(error.message)")
            }
            return ExitStatus.of(error.code)
        }
    }

    fileprivate func show(_ answer: AccessService.Answer, _ explanation: AccessExplanation) throws {
        if isJSON {
            try document(JoinedView(DecisionView(answer), ExplanationView(explanation)))
            return
        }
        line(answer.sentence)
        line("\nRules, nearest first:")
        line(RuleUseView.table(explanation.rules).text)
        line("\nThe decision at \(answer.decision.at), row by row:")
        for step in explanation.steps where step.applies != nil {
            let mark = step.applies == true ? "→" : " "
            let condition = step.row.condition.filter { $0 != "`" }
            line(
                "\(mark) \(step.row.rawValue). \(step.row.reason.rawValue): \(condition)? \(step.applies == true ? "Yes." : "No.")"
            )
            for note in step.notes { line("       \(note)") }
        }
        if let next = answer.decision.nextChangeAt { line("\nNext change by itself: \(next)") }
    }
}

/// One question of several, as JSON.
private struct QuestionView: Encodable {
    let question: String
}

/// What a decision came from, as JSON.
private struct ExplanationView: Encodable {
    let explanation: Facts

    struct Facts: Encodable {
        let rules: [RuleUseView]
        let steps: [Step]
    }

    struct Step: Encodable {
        let row: Int
        let reason: String
        let applies: Bool
        let notes: [String]
    }

    init(_ explanation: AccessExplanation) {
        self.explanation = Facts(
            rules: explanation.rules.map(RuleUseView.init),
            steps: explanation.steps.compactMap { step in
                step.applies.map {
                    Step(row: step.row.rawValue, reason: step.row.reason.rawValue, applies: $0, notes: step.notes)
                }
            })
    }
}
