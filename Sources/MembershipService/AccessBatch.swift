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
        try await check(count: questions.count, articles: { questions.map(\.article) }, moment) { batch in
            try questions.map { try batch.outcome(of: batch.reader($0.reader), $0.article) }
        }
    }

    /// A page of articles for one reader, such as a front page.
    ///
    /// - Throws: ``MembershipError`` as ``check(_:_:)``.
    public func check(
        reader: ReaderReference, articles: [ArticleReference], _ moment: Moment = .now
    ) async throws -> [Outcome] {
        try await check(count: articles.count, articles: { articles }, moment) { batch in
            let reader = try batch.reader(reader)
            return try articles.map { try batch.outcome(of: reader, $0) }
        }
    }

    /// One article for many readers.
    ///
    /// - Throws: ``MembershipError`` as ``check(_:_:)``.
    public func check(
        readers: [ReaderReference], article: ArticleReference, _ moment: Moment = .now
    ) async throws -> [Outcome] {
        try await check(count: readers.count, articles: { [article] }, moment) { batch in
            try readers.map { try batch.outcome(of: batch.reader($0), article) }
        }
    }

    private func check(
        count: Int, articles: @escaping @Sendable () -> [ArticleReference], _ moment: Moment,
        _ decide: @escaping @Sendable (AccessBatch) throws -> [Outcome]
    ) async throws -> [Outcome] {
        guard count <= AccessService.mostInBatch else {
            throw MembershipError(
                .invalidInput, "\(count) questions are too many for one batch.",
                remedy: "Ask at most \(AccessService.mostInBatch) at a time.")
        }
        return try await key.whenNeeded { ledger in
            try await store.read { tx in
                if let known = moment.knownAt { try tx.requireKnowable(known) }
                guard count > 0 else { return [] }
                return try decide(AccessBatch(articles, moment, ledger, in: tx))
            }
        }
    }
}

/// What the questions of a batch have in common is asked once.
private final class AccessBatch {
    private let tx: ReadTransaction
    private let moment: AccessService.Moment
    private let ledger: LedgerAccess
    private let articles: RuledArticles
    private var readers: [ReaderReference: BatchReader] = [:]
    /// Most questions are of the same reader as the one before.
    private var latest: BatchReader?

    /// Whoever asks several questions.
    final class BatchReader {
        let reference: ReaderReference
        fileprivate let known: Result<KnownReader, MembershipError>
        /// Gathered by the first question that needs it.
        fileprivate var offer: OfferFacts?

        fileprivate init(_ reference: ReaderReference, _ known: Result<KnownReader, MembershipError>) {
            self.reference = reference
            self.known = known
        }
    }

    init(
        _ articles: () -> [ArticleReference], _ moment: AccessService.Moment, _ ledger: LedgerAccess,
        in tx: ReadTransaction
    ) throws {
        self.tx = tx
        self.moment = moment
        self.ledger = ledger
        self.articles = try tx.ruledArticles(articles, asKnownAt: moment.knownAt)
    }

    func reader(_ reference: ReaderReference) throws -> BatchReader {
        if let latest, latest.reference == reference { return latest }
        let reader: BatchReader
        if let known = readers[reference] {
            reader = known
        } else {
            reader = BatchReader(
                reference,
                try AccessBatch.outcome {
                    let known = try tx.knownReader(
                        reference, isFromNow: moment.isFrom(tx.now), asKnownAt: moment.knownAt)
                    try tx.requirePresent(known, at: moment)
                    return known
                })
            readers[reference] = reader
        }
        latest = reader
        return reader
    }

    func outcome(of reader: BatchReader, _ wanted: ArticleReference) throws -> AccessService.Outcome {
        guard let article = try articles.article(wanted) else {
            // The error is the one that a single question gets.
            return try AccessBatch.outcome { try tx.judge(reader.reference, wanted, moment, ledger).answer }
        }
        switch reader.known {
        case .failure(let error): return .failure(error)
        case .success(let known):
            var facts = AccessFacts(article, reader: known.facts, offer: reader.offer)
            defer { if reader.offer == nil { reader.offer = facts.offer } }
            return try AccessBatch.outcome {
                try tx.judge(reader.reference, known.account, &facts, moment, ledger, isBatch: true)
            }
        }
    }

    /// What is wrong with one question is its own; what is wrong with the database is everybody's.
    @inline(__always)
    private static func outcome<Value>(_ body: () throws -> Value) throws -> Result<Value, MembershipError> {
        do { return .success(try body()) } catch let error as MembershipError {
            switch error.code {
            case .unknownAccount, .unknownArticle, .accountErased, .databaseDamaged: return .failure(error)
            default: throw error
            }
        }
    }
}
