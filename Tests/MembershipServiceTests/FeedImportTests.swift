import Dispatch
import Foundation
import Membership
import MembershipService
import MembershipStore
import SampleFeeds
import Synchronization
import Testing
import TestSupport

struct FeedImportTests {
    /// An entry as a JSON Feed has it.
    private struct Entry: Encodable {
        var id: String?
        var title: String?
        var url: String?
        var content_text = "The bridge closes tonight. It opens again in May, if the weather holds."
        var date_published: String? = "2026-01-01T00:00:00Z"
        var date_modified: String?
        var tags: [String]?
    }

    private struct Feed: Encodable {
        var version = "https://jsonfeed.org/version/1.1"
        var title = "Golem"
        var home_page_url = "https://golem.example/"
        var items: [Entry]
    }

    private func importing(
        _ items: [Entry], into database: TestDatabase, title: String = "Golem",
        home: String = "https://golem.example/", options: ArticleService.ImportOptions = .init()
    ) async throws -> ArticleService.ImportReport {
        let feed = try JSONEncoder().encode(Feed(title: title, home_page_url: home, items: items))
        let path = try database.directory.write("feed.json", feed)
        return try await database.services.articles.importFeed(path: path, options: options)
    }

    private func entry(_ key: String, in database: TestDatabase) async throws -> ArticleService.Entry {
        try await database.services.articles.entry(ArticleReference(parsing: key))
    }

    private func counts(_ report: ArticleService.ImportReport) -> [Int] {
        [report.added, report.updated, report.unchanged, report.rejected.count]
    }

    @Test func importingAgainChangesNothing() async throws {
        let database = try await TestDatabase.sandbox()
        let items = (0..<250).map { Entry(id: "\($0)", title: "Headline \($0)") }
        let first = try await importing(items, into: database)
        #expect(counts(first) == [250, 0, 0, 0])
        #expect(first.titleIsNew)
        _ = try await database.services.clock.advance(by: .days(1))
        let again = try await importing(items, into: database)
        #expect(counts(again) == [0, 0, 250, 0])
        #expect(!again.titleIsNew)
    }

    @Test func entriesWithoutADateKeepTheTimeTheyWereFirstSeen() async throws {
        let database = try await TestDatabase.sandbox()
        let items = [Entry(id: "1", title: "One", date_published: nil)]
        _ = try await importing(items, into: database)
        _ = try await database.services.clock.advance(by: .days(1))
        #expect(counts(try await importing(items, into: database)) == [0, 0, 1, 0])
        #expect(try await entry("golem/one", in: database).article.publishedAt == TestDatabase.start)
    }

    @Test func aCorrectedHeadlineMakesNoSecondArticleAndKeepsTheAccess() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await importing([Entry(id: "1", title: "The brigde")], into: database)
        let reference = try ArticleReference(parsing: "golem/the-brigde")
        _ = try await database.services.articles.setAccess(reference, to: .free)
        #expect(counts(try await importing([Entry(id: "1", title: "The bridge")], into: database)) == [0, 1, 0, 0])
        let corrected = try await entry("golem/the-brigde", in: database)
        #expect(corrected.article.headline == "The bridge")
        #expect(corrected.access.level == .free)
    }

    @Test func aChangedIDIsKnownByItsLink() async throws {
        let database = try await TestDatabase.sandbox()
        let link = "https://golem.example/1"
        _ = try await importing([Entry(id: "old", title: "One", url: link)], into: database)
        #expect(
            counts(try await importing([Entry(id: "new", title: "One", url: link)], into: database)) == [0, 1, 0, 0])
        #expect(counts(try await importing([Entry(id: "new", title: "One")], into: database)) == [0, 1, 0, 0])
    }

    @Test func twoEntriesThatShareALinkStayTwoArticles() async throws {
        let database = try await TestDatabase.sandbox()
        let link = "https://golem.example/live"
        let items = [Entry(id: "1", title: "One", url: link), Entry(id: "2", title: "Two", url: link)]
        #expect(counts(try await importing(items, into: database)) == [2, 0, 0, 0])
        #expect(counts(try await importing(items, into: database)) == [0, 0, 2, 0])
        #expect(counts(try await importing(items.reversed(), into: database)) == [0, 0, 2, 0])
    }

    @Test func aNewEntryThatSharesALinkDoesNotTakeAnothersArticle() async throws {
        let database = try await TestDatabase.sandbox()
        let link = "https://golem.example/live"
        let alpha = Entry(id: "a", title: "Alpha", url: link)
        _ = try await importing([alpha], into: database)
        _ = try await database.services.articles.setAccess(ArticleReference(parsing: "golem/alpha"), to: .free)
        let feed = [Entry(id: "b", title: "Beta", url: link), alpha]
        #expect(counts(try await importing(feed, into: database, options: .init(dryRun: true))) == [1, 0, 1, 0])
        #expect(counts(try await importing(feed, into: database)) == [1, 0, 1, 0])
        #expect(try await entry("golem/alpha", in: database).article.headline == "Alpha")
        #expect(try await entry("golem/beta", in: database).access.origin == .everything)
    }

    @Test func aWindowThatMovesOnOverOneLinkTakesNoArticlesPlace() async throws {
        let database = try await TestDatabase.sandbox()
        let link = "https://golem.example/live"
        func episodes(_ numbers: ClosedRange<Int>, _ link: String) -> [Entry] {
            numbers.map { Entry(id: "\($0)", title: "Episode \($0)", url: link) }
        }
        _ = try await importing(episodes(1...1, link), into: database)
        _ = try await database.services.articles.setAccess(ArticleReference(parsing: "golem/episode-1"), to: .free)
        #expect(counts(try await importing(episodes(2...3, link), into: database)) == [2, 0, 0, 0])
        // Several that are there have it.
        #expect(counts(try await importing(episodes(4...4, link), into: database)) == [1, 0, 0, 0])
        #expect(try await entry("golem/episode-1", in: database).article.headline == "Episode 1")
        #expect(try await entry("golem/episode-4", in: database).access.origin == .everything)
        // It is where the title itself is.
        let home = "https://golem.example/"
        _ = try await importing(episodes(5...5, home), into: database)
        #expect(counts(try await importing(episodes(6...6, home), into: database)) == [1, 0, 0, 0])
    }

    @Test(arguments: ["https://golem.example/", "https://golem.example", "http://www.golem.example/"])
    func aTitleThatAnOperatorAddsLearnsWhereItIs(link: String) async throws {
        let database = try await TestDatabase.sandbox()
        let golem = try Slug(parsing: "golem")
        _ = try await database.services.titles.add(slug: golem, name: "Golem", access: .premium)
        let options = ArticleService.ImportOptions(title: golem)
        _ = try await importing([Entry(id: "1", title: "One", url: link)], into: database, options: options)
        _ = try await database.services.articles.setAccess(ArticleReference(parsing: "golem/one"), to: .free)
        let second = [Entry(id: "2", title: "Two", url: link)]
        var dry = options
        dry.dryRun = true
        #expect(counts(try await importing(second, into: database, options: dry)) == [1, 0, 0, 0])
        #expect(counts(try await importing(second, into: database, options: options)) == [1, 0, 0, 0])
        #expect(try await entry("golem/one", in: database).article.headline == "One")
        #expect(try await database.services.titles.list().first?.title.homePage == "https://golem.example/")
        // Nor does another site take its place.
        let refused = await #expect(throws: MembershipError.self) {
            try await importing([Entry(id: "1", title: "Evil")], into: database, home: "https://evil.example/")
        }
        #expect(refused?.code == .titleExists)
    }

    @Test func aFeedOfWhichNothingIsTakenMakesNoTitle() async throws {
        let database = try await TestDatabase.sandbox()
        for dryRun in [true, false] {
            let report = try await importing([Entry(title: nil)], into: database, options: .init(dryRun: dryRun))
            #expect(counts(report) == [0, 0, 0, 1] && !report.titleIsNew)
        }
        #expect(try await database.services.titles.list().isEmpty)
    }

    @Test func anArticleThatIsChangedWasPublishedWhenItWas() async throws {
        let database = try await TestDatabase.sandbox()
        var item = Entry(id: "1", title: "One", date_published: nil, date_modified: "2025-12-01T00:00:00Z")
        _ = try await importing([item], into: database)
        item.date_modified = "2025-12-31T00:00:00Z"
        #expect(counts(try await importing([item], into: database)) == [0, 1, 0, 0])
        let changed = try await entry("golem/one", in: database).article
        #expect(changed.publishedAt.rfc3339 == "2025-12-01T00:00:00Z")
        #expect(changed.updatedAt?.rfc3339 == "2025-12-31T00:00:00Z")
        // Once it is said when it was, that counts.
        item.date_published = "2025-11-30T00:00:00Z"
        _ = try await importing([item], into: database)
        #expect(try await entry("golem/one", in: database).article.publishedAt.rfc3339 == "2025-11-30T00:00:00Z")
    }

    @Test func aFeedOfWhichNoEntryIsTakenLeavesNoTitleBehind() async throws {
        let database = try await TestDatabase.sandbox()
        let report = try await importing([Entry(title: "No id")], into: database)
        #expect(counts(report) == [0, 0, 0, 1])
        #expect(try await database.services.titles.list().isEmpty)
    }

    @Test func aDryRunWritesNothingAndWaitsForNoWriter() async throws {
        let database = try await TestDatabase.sandbox()
        let items = [Entry(id: "1", title: "One")]
        let report = try await database.engine().write { [self] _ in
            // Another process is writing all the while.
            let done = DispatchSemaphore(value: 0)
            let result = Locked<Result<ArticleService.ImportReport, any Error>?>(nil)
            Task.detached {
                do {
                    let report = try await importing(items, into: database, options: .init(dryRun: true))
                    result.withLock { $0 = .success(report) }
                } catch {
                    result.withLock { $0 = .failure(error) }
                }
                done.signal()
            }
            done.wait()
            return try result.withLock { try $0?.get() }
        }
        #expect(try counts(#require(report)) == [1, 0, 0, 0])
    }

    @Test(arguments: ["http://golem.example", "https://www.golem.example/", "HTTPS://golem.example//"])
    func aHomePageMayBeSpelledOtherwise(home: String) async throws {
        let database = try await TestDatabase.sandbox()
        let items = [Entry(id: "1", title: "One")]
        _ = try await importing(items, into: database)
        #expect(counts(try await importing(items, into: database, home: home)) == [0, 0, 1, 0])
    }

    @Test func oneHeadlineManyTimesGetsNumberedSlugs() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await importing((1...40).map { Entry(id: "\($0)", title: "Corrections") }, into: database)
        let articles = try await database.services.articles.list(limit: PageLimit(100))
        let expected = ["corrections"] + (2...40).map { "corrections-\($0)" }
        #expect(Set(articles.map(\.article.key.slug.text)) == Set(expected))
    }

    @Test func aDryRunTellsWhatWouldBeDoneAndDoesNothing() async throws {
        let database = try await TestDatabase.sandbox()
        let items = [Entry(id: "1", title: "One")]
        let fresh = try await importing(items, into: database, options: .init(dryRun: true))
        #expect(counts(fresh) == [1, 0, 0, 0])
        #expect(fresh.titleIsNew)
        #expect(try await database.services.titles.list().isEmpty)
        _ = try await importing(items, into: database)
        let changed = [Entry(id: "1", title: "Won"), Entry(id: "2", title: "Two")]
        #expect(counts(try await importing(changed, into: database, options: .init(dryRun: true))) == [1, 1, 0, 0])
        #expect(counts(try await importing(items, into: database)) == [0, 0, 1, 0])
    }

    @Test func oneBadEntryIsReportedWithItsPlaceAndTheRestGoIn() async throws {
        let database = try await TestDatabase.sandbox()
        let items = [
            Entry(id: "1", title: "One"), Entry(title: "No id"),
            Entry(id: "3", title: "Three", date_published: "yesterday"), Entry(id: "1", title: "Again"),
            Entry(id: "5", title: "Five"),
        ]
        let report = try await importing(items, into: database)
        #expect(counts(report) == [2, 0, 0, 3])
        #expect(report.rejected.map(\.position) == [2, 3, 4])
        #expect(report.rejected.map(\.label) == ["No id", "Three", "Again"])
        #expect(report.rejected[1].reason.contains("yesterday"))
    }

    @Test func theSectionIsTheOperatorsElseTheEntrysElseTheTitles() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.titles.add(slug: Slug(parsing: "golem"), name: "Golem", section: "News")
        let items = [Entry(id: "1", title: "One", tags: ["Sport", "Chess"]), Entry(id: "2", title: "Two")]
        _ = try await importing(items, into: database)
        #expect(try await entry("golem/one", in: database).article.section == "Sport")
        #expect(try await entry("golem/one", in: database).content.categories == ["Sport", "Chess"])
        #expect(try await entry("golem/two", in: database).article.section == "News")
        _ = try await importing([Entry(id: "3", title: "Three")], into: database, options: .init(section: "Front"))
        #expect(try await entry("golem/three", in: database).article.section == "Front")
        let front = try await database.services.articles.list(section: "Front", limit: PageLimit(10))
        #expect(front.map(\.article.key.slug.text) == ["three"])
    }

    @Test func twoFeedsOfOneNameAreNotMixedUnlessAnOperatorSaysSo() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await importing([Entry(id: "1", title: "One")], into: database)
        let error = await #expect(throws: MembershipError.self) {
            try await importing([Entry(id: "1", title: "Uno")], into: database, home: "https://other.example/")
        }
        #expect(error?.code == .titleExists)
        let slug = try Slug(parsing: "golem")
        let report = try await importing(
            [Entry(id: "2", title: "Two")], into: database, home: "https://other.example/", options: .init(title: slug))
        #expect(counts(report) == [1, 0, 0, 0])
    }

    @Test func theLongestIDsAndLinksAreKept() async throws {
        let database = try await TestDatabase.sandbox()
        // Random, so that no engine can press it together.
        func long(_ beginning: String) -> String {
            beginning + String((0..<2048 - beginning.count).map { _ in "0123456789abcdef".randomElement() ?? "0" })
        }
        let items = [Entry(id: long("id"), title: "One", url: long("https://golem.example/"))]
        #expect(counts(try await importing(items, into: database)) == [1, 0, 0, 0])
        #expect(counts(try await importing(items, into: database)) == [0, 0, 1, 0])
    }

    @Test func aFeedThatIsNotWholeWritesNothing() async throws {
        let database = try await TestDatabase.sandbox()
        let feed = try #require(SampleFeed.all.first)
        let path = try database.directory.write("cut.xml", feed.bytes.dropLast(40))
        let error = await #expect(throws: MembershipError.self) {
            try await database.services.articles.importFeed(path: path, options: .init())
        }
        #expect(error?.code == .invalidFeed)
        #expect(try await database.services.titles.list().isEmpty)
    }

    @Test func twoImportsOfOneFeedAtOnceMakeEachArticleOnce() async throws {
        let database = try await TestDatabase.sandbox()
        let other = try await Services.open(database.location)
        let items = (0..<300).map { Entry(id: "\($0)", title: "Headline \($0 / 2)") }
        let path = try database.directory.write("feed.json", JSONEncoder().encode(Feed(items: items)))
        async let first = database.services.articles.importFeed(path: path, options: .init())
        async let second = other.articles.importFeed(path: path, options: .init())
        let added = try await [first.added, second.added]
        #expect(added.reduce(0, +) == 300)
        #expect(try await database.services.articles.list(limit: PageLimit(1000)).count == 300)
    }

    @Test(arguments: SampleFeed.all.map(\.name))
    func everySampleArticleIsWhole(name: String) async throws {
        let database = try await TestDatabase.sandbox()
        let feed = try #require(SampleFeed.all.first { $0.name == name })
        let path = try database.directory.write(name, feed.bytes)
        let report = try await database.services.articles.importFeed(path: path, options: .init())
        #expect(counts(report) == [8, 0, 0, 0])
        for article in try await database.services.articles.list(limit: PageLimit(10)) {
            let content = try await entry(article.article.key.description, in: database).content
            #expect(content.keyPoints.count == 3)
            #expect(content.author != nil && content.summary != nil && content.link != nil)
            #expect(!content.opening.isEmpty && content.bodyHTML.utf8.count > content.opening.utf8.count)
        }
    }

    @Test(
        .enabled(if: RealFeeds.folder != nil),
        arguments: [("golem.rss.xml", 40), ("artificial-truth.atom.xml", 25), ("the-record.feed.json", 11)])
    func realFeedsImportWholeAndTwice(name: String, count: Int) async throws {
        let database = try await TestDatabase.sandbox()
        let path = RealFeeds.path(name)
        #expect(
            counts(try await database.services.articles.importFeed(path: path, options: .init())) == [count, 0, 0, 0])
        #expect(
            counts(try await database.services.articles.importFeed(path: path, options: .init())) == [0, 0, count, 0])
    }
}
