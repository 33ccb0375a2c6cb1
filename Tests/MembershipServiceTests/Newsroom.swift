import Membership
import MembershipService
import MembershipStore
import TestSupport

/// A sandbox with a metered title, and readers who open its articles.
struct Newsroom {
    let database: TestDatabase
    let visitor: VisitorID
    let ada: AccountReference

    var services: Services { database.services }

    /// - Parameters:
    ///   - allowance: articles a month for everybody with an account.
    ///   - anonymous: the same for visitors.
    ///   - clock: whose time it is; nil for that of a sandbox.
    init(
        allowance: Int = 3, anonymous: Int = 2, articles: Int = 8, zone: String? = nil, clock: WallClock? = nil
    ) async throws {
        database = if let clock { try await TestDatabase.live(clock: clock) } else { try await TestDatabase.sandbox() }
        visitor = try VisitorID(parsing: "5f0c8e0c-6a51-4b8e")
        ada = .email(try email("ada@example.com"))
        try await add(articles)
        try await setMeter(.title(Slug(parsing: "golem")), registered: allowance, anonymous: anonymous)
        try await signUp("ada@example.com", zone: zone)
    }

    /// Articles `TITLE/a-1`, `TITLE/a-2` and so on.
    func add(_ count: Int, to title: String = "golem", access: AccessLevel = .metered) async throws {
        let slug = try Slug(parsing: title)
        try await database.store().write { tx in
            let title = try tx.insertTitle(slug: slug, name: slug.text, section: nil, homePage: nil, language: nil)
            _ = try tx.insertRule(
                for: .title(slug), RuleSettings(terms: AccessTerms(access: access)),
                during: Interval(from: TestDatabase.start, until: nil), reason: nil)
            for number in 1...count {
                _ = try tx.insertArticle(
                    title: title.id, slug: Slug(parsing: "a-\(number)"), sourceID: "a-\(number)",
                    headline: "A \(number)", section: nil, publishedAt: TestDatabase.start, updatedAt: nil,
                    content: ArticleContent(
                        author: nil, link: nil, summary: nil, keyPoints: [], categories: [], imageURL: nil,
                        language: nil, opening: "An opening.", bodyHTML: "<p>An opening. And the rest.</p>"))
            }
        }
    }

    func setMeter(_ target: RuleTarget, registered: Int, anonymous: Int) async throws {
        var change = RuleChange()
        (change.registeredAllowance, change.anonymousAllowance) = (registered, anonymous)
        _ = try await services.rules.set(target, change, .init())
    }

    @discardableResult
    func signUp(
        _ address: String, zone: String? = nil, visitor: VisitorID? = nil
    ) async throws -> Identifier<Account> {
        try await services.accounts.signUp(
            email: email(address), timeZone: zone, visitor: visitor, wantsTrial: false
        ).account.id
    }

    /// Opens an article as Ada.
    @discardableResult
    func open(_ article: String, key: String? = nil, seconds: Int? = nil) async throws -> AccessService.Opening {
        try await open(article, as: .account(ada), key: key, seconds: seconds)
    }

    @discardableResult
    func open(
        _ article: String, as reader: ReaderReference, key: String? = nil, seconds: Int? = nil
    ) async throws -> AccessService.Opening {
        try await services.access.open(
            reader: reader, article: ArticleReference(parsing: article),
            clientKey: key.map(ClientKey.init(parsing:)), seconds: seconds)
    }

    func check(_ article: String, as reader: ReaderReference? = nil) async throws -> AccessDecision {
        try await services.access.check(
            reader: reader ?? .account(ada), article: ArticleReference(parsing: article)
        ).decision
    }

    func move(to time: String) async throws {
        _ = try await services.clock.set(to: Timestamp(rfc3339: time))
    }

    func wait(_ span: TimeSpan) async throws {
        _ = try await services.clock.advance(by: span)
    }

    var readCount: Int {
        get async throws { try await database.rowCount("reads") + database.rowCount("visitor_reads") }
    }
}
