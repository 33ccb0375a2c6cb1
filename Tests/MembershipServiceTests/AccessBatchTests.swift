import Membership
import MembershipService
import Testing
import TestSupport

/// Many questions in one call.
struct AccessBatchTests {
    private func parsed(_ names: [String]) throws -> [ArticleReference] {
        try names.map { try ArticleReference(parsing: $0) }
    }

    @Test func aPageOfArticlesIsAnsweredInItsOrderWithAnErrorOfItsOwnForEach() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.addArticle("golem/free", access: .free)
        try await database.addArticle("golem/premium")
        try await database.addArticle("heise/registered", access: .registered)
        let names = ["golem/premium", "golem/free", "golem/nothing", "heise/registered", "golem/premium"]
        let outcomes = try await database.services.access.check(reader: .anonymous, articles: parsed(names))
        let said = outcomes.map { outcome in
            switch outcome {
            case .success(let answer): "\(answer.article.key) \(answer.decision.reason.rawValue)"
            case .failure(let error): error.code.rawValue
            }
        }
        #expect(
            said == [
                "golem/premium sign_up_required", "golem/free free", "unknown_article",
                "heise/registered sign_up_required", "golem/premium sign_up_required",
            ])
    }

    @Test func oneArticleIsAnsweredForManyReaders() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        for name in ["ada", "bob"] {
            _ = try await database.services.accounts.signUp(
                email: EmailAddress(parsing: "\(name)@example.com"), wantsTrial: name == "ada")
        }
        let readers = try ["bob@example.com", "nobody@example.com", "ada@example.com", "anonymous"].map {
            try ReaderReference(parsing: $0)
        }
        let outcomes = try await database.services.access.check(readers: readers, article: article)
        #expect(
            outcomes.map { (try? $0.get())?.decision.reason } == [
                .subscriptionRequired, nil, .entitled, .signUpRequired,
            ])
        guard case .failure(let error) = outcomes[1] else { throw Missing() }
        #expect(error.code == .unknownAccount)
    }

    private struct Missing: Error {}

    @Test func aBatchSaysWhatSingleQuestionsSay() async throws {
        let database = try await TestDatabase.sandbox()
        let services = database.services
        var change = RuleChange()
        (change.access, change.anonymousAllowance, change.registeredAllowance) = (.metered, 1, 2)
        try await database.addArticle("golem/a", access: .premium)
        for name in ["golem/b", "golem/c", "golem/d"] { try await database.addArticle(name, section: "Sport") }
        _ = try await services.rules.set(
            .section(title: Slug(parsing: "golem"), section: Slug(parsing: "sport")),
            {
                var metered = RuleChange()
                metered.access = .metered
                return metered
            }(), .init())
        _ = try await services.rules.set(.everything, change, .init())
        _ = try await services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"), wantsTrial: false)
        let visitor = ReaderReference.visitor(try VisitorID(parsing: "visitor-of-a-front-page"))
        let ada = try ReaderReference(parsing: "ada@example.com")
        for name in ["golem/b", "golem/c"] {
            _ = try await services.access.open(reader: ada, article: ArticleReference(parsing: name))
        }
        _ = try await services.access.open(reader: visitor, article: ArticleReference(parsing: "golem/b"))
        let articles = try parsed(["golem/a", "golem/b", "golem/c", "golem/d"])
        for reader in [ada, visitor, .anonymous] {
            let batch = try await services.access.check(reader: reader, articles: articles).map { try $0.get() }
            var single: [AccessService.Answer] = []
            for article in articles {
                single.append(try await services.access.check(reader: reader, article: article))
            }
            #expect(batch == single)
        }
    }

    @Test func aBatchHasALimit() async throws {
        let database = try await TestDatabase.sandbox()
        let article = try await database.addArticle()
        let most = AccessService.mostInBatch
        let whole = [ArticleReference](repeating: article, count: most)
        #expect(try await database.services.access.check(reader: .anonymous, articles: whole).count == most)
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.access.check(reader: .anonymous, articles: whole + [article])
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("1001") == true)
        #expect(try await database.services.access.check(reader: .anonymous, articles: []).isEmpty)
        // Nothing is asked for either, not even the article.
        let missing = try ArticleReference(parsing: "nowhere/nothing")
        #expect(try await database.services.access.check(readers: [], article: missing).isEmpty)
    }
}
