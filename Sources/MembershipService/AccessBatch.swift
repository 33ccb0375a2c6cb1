public import Membership
import MembershipStore

extension AccessService {
    /// A reader and an article.
    public struct Question: Hashable, Sendable {
        /// Who asks.
        public let reader: ReaderReference
        /// What for.
        public let article: ArticleReference

        /// Asks a question.
        public init(reader: ReaderReference, article: ArticleReference) {
            self.reader = reader
            self.article = article
        }
    }

    /// What became of one question of a batch.
    public typealias Outcome = Result<Answer, MembershipError>

    /// The most questions in one batch.
    public static let mostInBatch = 1000

    /// Decides many questions on one state of the database, as ``check(reader:article:_:)`` decides one.
    ///
    /// - Returns: an outcome for each question, in their order: an error takes no other question with it.
    /// - Throws: ``MembershipError`` with code `invalid_input` for more than ``mostInBatch`` questions.
    public func check(_ questions: [Question], _ moment: Moment = .now) async throws -> [Outcome] {
        guard questions.count <= AccessService.mostInBatch else {
            throw MembershipError(
                .invalidInput, "\(questions.count) questions are too many for one batch.",
                remedy: "Ask at most \(AccessService.mostInBatch) at a time.")
        }
        return try await key.whenNeeded { ledger in
            try await store.read { tx in
                if let known = moment.knownAt { try tx.requireKnowable(known) }
                var batch = try AccessBatch(questions, moment, ledger, in: tx)
                return try questions.map { try batch.outcome(of: $0, in: tx) }
            }
        }
    }

    /// A page of articles for one reader, such as a front page.
    ///
    /// - Throws: ``MembershipError`` as ``check(_:_:)``.
    public func check(
        reader: ReaderReference, articles: [ArticleReference], _ moment: Moment = .now
    ) async throws -> [Outcome] {
        try await check(articles.map { Question(reader: reader, article: $0) }, moment)
    }

    /// One article for many readers.
    ///
    /// - Throws: ``MembershipError`` as ``check(_:_:)``.
    public func check(
        readers: [ReaderReference], article: ArticleReference, _ moment: Moment = .now
    ) async throws -> [Outcome] {
        try await check(readers.map { Question(reader: $0, article: article) }, moment)
    }
}

/// What the questions of a batch have in common is asked once.
private struct AccessBatch {
    private let moment: AccessService.Moment
    private let ledger: LedgerAccess
    private let article: (ArticleReference) throws -> RuledArticle?
    private var readers: [ReaderReference: Result<BatchReader, MembershipError>] = [:]

    /// Most questions are of the same reader as the one before.
    private var latest: (reference: ReaderReference?, reader: BatchReader?) = (nil, nil)

    /// Whoever asks several questions.
    private final class BatchReader {
        let known: KnownReader
        /// Gathered by the first question that needs it.
        var offer: OfferFacts?

        init(_ known: KnownReader) {
            self.known = known
        }
    }

    init(
        _ questions: [AccessService.Question], _ moment: AccessService.Moment, _ ledger: LedgerAccess,
        in tx: ReadTransaction
    ) throws {
        self.moment = moment
        self.ledger = ledger
        article = try tx.ruledArticles(questions.lazy.map(\.article), asKnownAt: moment.knownAt)
    }

    mutating func outcome(of question: AccessService.Question, in tx: ReadTransaction) throws -> AccessService.Outcome {
        guard let article = try article(question.article) else {
            // The error is the one that a single question gets.
            return try AccessBatch.outcome { try tx.judge(question.reader, question.article, moment, ledger).answer }
        }
        let reader: BatchReader
        if let known = latest.reader, latest.reference == question.reader {
            reader = known
        } else {
            switch try self.reader(question.reader, in: tx) {
            case .failure(let error): return .failure(error)
            case .success(let known): reader = known
            }
            latest = (question.reader, reader)
        }
        var facts = AccessFacts(article, reader: reader.known.facts, offer: reader.offer)
        defer { reader.offer = facts.offer }
        return try AccessBatch.outcome {
            try tx.judge(question.reader, reader.known.account, &facts, moment, ledger, isBatch: true)
        }
    }

    private mutating func reader(
        _ reference: ReaderReference, in tx: ReadTransaction
    ) throws -> Result<BatchReader, MembershipError> {
        if let reader = readers[reference] { return reader }
        let reader = try AccessBatch.outcome {
            BatchReader(try tx.knownReader(reference, asKnownAt: moment.knownAt))
        }
        readers[reference] = reader
        return reader
    }

    /// What is wrong with one question is its own; what is wrong with the database is everybody's.
    @inline(__always)
    private static func outcome<Value>(_ body: () throws -> Value) throws -> Result<Value, MembershipError> {
        do { return .success(try body()) } catch let error as MembershipError {
            switch error.code {
            case .unknownAccount, .unknownArticle, .databaseDamaged: return .failure(error)
            default: throw error
            }
        }
    }
}
