import Membership
@testable import MembershipStore
import Testing

/// What a connection remembers of articles when there are more than it can.
struct CatalogTests {
    @Test func whatIsAskedForAgainIsKeptHoweverManyOthersCome() throws {
        let catalog = Catalog()
        catalog.use(version: 1)
        let title = try Slug(parsing: "golem")
        let moment = Timestamp(milliseconds: 1_767_225_600_000)
        var searches: [Int: Int] = [:]
        func ask(_ number: Int) throws {
            let key = ArticleKey(title: title, slug: try Slug(parsing: "a\(number)"))
            if let known = catalog.article(.key(key)) {
                #expect(known.article.key == key)
                return
            }
            searches[number, default: 0] += 1
            let article = Article(
                id: Identifier(rawValue: Int64(number)), key: key, headline: "A", section: nil, sectionSlug: nil,
                publishedAt: moment, updatedAt: nil, importedAt: moment)
            catalog.remember(RuledArticle(article, rules: []), as: .key(key))
        }
        // A hundred are popular, and asked for again and again; of each of the others somebody asks once.
        let many = 4 * Catalog.mostArticles
        for number in 0..<many {
            try ask(number % 100)
            try ask(100 + number)
        }
        #expect((0..<100).allSatisfy { searches[$0] == 1 })
        // Of the others those are forgotten that came first.
        try ask(100)
        #expect(searches[100] == 2)
        try ask(100 + many - 1)
        #expect(searches[100 + many - 1] == 1)
    }
}
