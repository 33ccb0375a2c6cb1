import Membership
import MembershipService
import TestSupport

/// A kind of check that is measured by itself.
enum CheckKind: String, CaseIterable, Sendable {
    case entitled
    case trialEnded = "trial ended"
    case metered
    case anonymous

    /// What every check of this kind is answered with. A metered article may have been opened before.
    func expects(_ reason: AccessDecision.Reason) -> Bool {
        switch self {
        case .entitled: reason == .entitled
        case .trialEnded: reason == .trialEnded
        case .metered: reason == .metered || reason == .openedBefore
        case .anonymous: reason == .signUpRequired
        }
    }
}

/// One check, as ours takes it and as the reference binds it.
struct CheckQuestion: Sendable {
    let kind: CheckKind
    let reader: ReaderReference
    let article: ArticleReference
    /// 0 for nobody.
    let account: Int64
    let title: KeptText
    let slug: KeptText
    let articleTarget: KeptText
    let titleTarget: KeptText

    init(_ kind: CheckKind, account: Identifier<Account>?, _ article: BenchArticle) throws {
        self.kind = kind
        (reader, self.article) = try CheckQuestion.asked(account, article)
        self.account = account?.rawValue ?? 0
        (title, slug) = (KeptText(article.title), KeptText(article.slug))
        articleTarget = KeptText("article:\(article.title)/\(article.slug)")
        titleTarget = KeptText("title:\(article.title)")
    }

    /// What ours is asked.
    static func asked(
        _ account: Identifier<Account>?, _ article: BenchArticle
    ) throws -> (reader: ReaderReference, article: ArticleReference) {
        (
            reader: account.map { .account(.id($0)) } ?? .anonymous,
            article: .key(ArticleKey(title: try Slug(parsing: article.title), slug: try Slug(parsing: article.slug)))
        )
    }
}

/// Draws checks: any reader, and nine times in ten one of the tenth of the articles that is popular.
struct CheckDraw {
    private let accounts: BenchAccounts
    private let articles: BenchArticles
    private let premium: [Int]
    private let metered: [Int]
    private var random: SeededNumbers

    init(_ bench: SQLiteBench, seed: UInt64) {
        accounts = bench.accounts
        articles = bench.articles
        premium = (0..<bench.articles.count).filter { bench.articles.level(of: $0) == .premium }
        metered = (0..<bench.articles.count).filter { bench.articles.level(of: $0) == .metered }
        random = SeededNumbers(seed: seed)
    }

    mutating func questions(_ kind: CheckKind, count: Int) throws -> [CheckQuestion] {
        try (0..<count).map { _ in try question(kind) }
    }

    /// Every kind in turn.
    mutating func mixed(count: Int) throws -> [CheckQuestion] {
        try (0..<count).map { try question(CheckKind.allCases[$0 % CheckKind.allCases.count]) }
    }

    /// As ``mixed(count:)``, only what ours is asked: nothing of it stays in memory.
    mutating func mixedAsked(count: Int) throws -> [(
        kind: CheckKind, reader: ReaderReference, article: ArticleReference
    )] {
        try (0..<count).map { number in
            let kind = CheckKind.allCases[number % CheckKind.allCases.count]
            let account = reader(kind).map { accounts[$0].id }
            let (reader, article) = try CheckQuestion.asked(account, articles[popular(asked(kind))])
            return (kind: kind, reader: reader, article: article)
        }
    }

    /// A reader and an article that she is entitled to; nil when nobody is.
    mutating func entitled() -> (account: BenchAccount, article: BenchArticle)? {
        reader(.entitled).map { (account: accounts[$0], article: articles[popular(asked(.entitled))]) }
    }

    private mutating func question(_ kind: CheckKind) throws -> CheckQuestion {
        let account = reader(kind).map { accounts[$0].id }
        return try question(kind, of: account)
    }

    mutating func question(_ kind: CheckKind, of account: Identifier<Account>?) throws -> CheckQuestion {
        try CheckQuestion(kind, account: account, articles[popular(asked(kind))])
    }

    mutating func reader(_ kind: CheckKind) -> Int? {
        switch kind {
        case .entitled: accounts.onTrial.randomElement(using: &random)
        case .trialEnded: accounts.over.randomElement(using: &random)
        case .metered:
            (0..<accounts.overCount / BenchAccounts.meteredStep).randomElement(using: &random)
                .map { $0 * BenchAccounts.meteredStep }
        case .anonymous: nil
        }
    }

    /// The articles that a kind of check is about.
    private func asked(_ kind: CheckKind) -> [Int] { kind == .metered ? metered : premium }

    private mutating func popular(_ numbers: [Int]) -> Int {
        let most = Int.random(in: 0..<10, using: &random) > 0 ? max(1, numbers.count / 10) : numbers.count
        return numbers[Int.random(in: 0..<most, using: &random)]
    }
}
