import Membership
import MembershipService
import MembershipStore
import SampleFeeds
import Testing
import TestSupport

@testable import MembershipFeeds

/// Whatever keeps a reader out, nothing of what she receives contains a sentence that is withheld, whatever an editor
/// has written beside the article.
struct OpeningLeakTests {
    private static let denials = AccessDecision.Reason.allCases.filter { !$0.allows }

    @Test(arguments: denials)
    func noDenialGivesAWithheldSentenceAway(reason: AccessDecision.Reason) async throws {
        let room = try await LeakyNewsroom()
        let readers = try await room.readers(deniedFor: reason)
        for article in room.articles {
            let plainText = try #require(ArticleHTML(parsing: article.content.bodyHTML, base: nil)).plainText
            for reader in readers {
                let opening = try await room.services.access.open(
                    reader: reader, article: .id(article.article.id), clientKey: nil)
                #expect(opening.answer.decision.reason == reason, "\(article.article.key), \(reader)")
                #expect(opening.read == nil)
                let received = "\(opening)"
                switch opening.content {
                case .whole: Issue.record("\(reader) got all of \(article.article.key).")
                case .nothing:
                    #expect(!reason.showsTeaser)
                    let leaks = LeakedText.sentences(
                        of: plainText, in: [received], known: article.article.headline)
                    #expect(leaks.isEmpty, "\(article.article.key): \(leaks)")
                case .teaser(let teaser):
                    #expect(reason.showsTeaser)
                    let leaks = LeakedText.of(
                        html: article.content.bodyHTML, plainText: plainText, in: teaser, and: [received])
                    #expect(leaks.isEmpty, "\(article.article.key): \(leaks)")
                    // What is harmless stays.
                    #expect(teaser.summary == "Of interest." && teaser.keyPoints == ["A matter of fact."])
                }
            }
        }
    }

    /// Else the test above would prove nothing.
    @Test func whatTheEditorWroteWouldGiveWithheldSentencesAway() async throws {
        let room = try await LeakyNewsroom()
        #expect(room.articles.count == 24)
        for article in room.articles {
            let body = article.content.bodyHTML
            let plainText = try #require(ArticleHTML(parsing: body, base: nil)).plainText
            let summary = Teaser(
                headline: article.article.headline, summary: article.content.summary, keyPoints: [], imageURL: nil,
                openingHTML: "", openingText: "")
            #expect(!LeakedText.of(html: body, plainText: plainText, in: summary).isEmpty)
            #expect(article.content.keyPoints.count == 4)
            for point in article.content.keyPoints.dropFirst() {
                #expect(!LeakedText.sentences(of: plainText, in: [point]).isEmpty, "\(point)")
            }
        }
    }
}

/// The articles of the sample feeds, with a summary and key points that repeat what only readers of the whole may know.
private struct LeakyNewsroom {
    let database: TestDatabase
    let articles: [ArticleService.Entry]

    var services: Services { database.services }

    init() async throws {
        database = try await TestDatabase.sandbox()
        let services = database.services
        let lengths: [TeaserLength?] = [.paragraphs(0), nil, .percent(50)]
        for (feed, length) in zip(SampleFeed.all, lengths) {
            let path = try database.directory.write(feed.name, feed.bytes)
            let title = try await services.articles.importFeed(path: path, options: .init()).title
            guard let length else { continue }
            var change = RuleChange()
            change.teaser = .set(length)
            _ = try await services.rules.set(.title(title), change, .init())
        }
        // Behind the newest of them.
        _ = try await services.clock.set(to: Timestamp(rfc3339: "2026-04-01T00:00:00Z"))
        var articles: [ArticleService.Entry] = []
        for listing in try await services.articles.list(limit: PageLimit(100)) {
            let reference = ArticleReference.id(listing.article.id)
            let body = try await services.articles.entry(reference).content.bodyHTML
            let text = try #require(ArticleHTML(parsing: body, base: nil)).plainText
            // No opening has more than half of the text, where another sentence may be cut.
            let withheld = naiveSentences(text.suffix(text.count / 2)).dropFirst().filter { $0.count >= 20 }
            let first = try #require(withheld.first)
            let last = try #require(withheld.last)
            let hyphenated = last.map { $0.isLetter ? "\($0)\u{AD}" : "\($0)" }.joined()
            articles.append(
                try await services.articles.edit(
                    reference, summary: "Of interest. " + first,
                    keyPoints: ["A matter of fact.", last, first.uppercased(), hyphenated]))
        }
        self.articles = articles
    }

    /// Brings it about that these readers are kept out of every article for this reason.
    func readers(deniedFor reason: AccessDecision.Reason) async throws -> [ReaderReference] {
        let visitor = ReaderReference.visitor(try VisitorID(parsing: "5f0c8e0c-6a51-4b8e"))
        guard reason != .signUpRequired else { return [visitor] }
        let account = AccountReference.id(
            try await services.accounts.signUp(
                email: email("ada@example.com"), wantsTrial: reason == .trialEnded
            ).account.id)
        let reader = ReaderReference.account(account)
        switch reason {
        case .signUpRequired, .subscriptionRequired, .free, .registered, .entitled, .openedBefore, .metered: break
        case .meterExhausted:
            let article = try await database.addArticle("spent/the-bridge")
            try await setRule { change in
                change.access = .metered
                (change.anonymousAllowance, change.registeredAllowance) = (1, 1)
            }
            for reader in [reader, visitor] {
                #expect(try await services.access.open(reader: reader, article: article).read != nil)
            }
            return [reader, visitor]
        case .trialEnded: _ = try await services.clock.advance(by: .days(14))
        case .paymentOverdue, .subscriptionLapsed:
            try await subscribe(account)
            if reason == .subscriptionLapsed {
                _ = try await services.subscriptions.cancel(account, now: false, .init())
            }
            _ = try await services.clock.advance(by: .days(60))
        case .entitlementMissing:
            try await database.addArticle("golem/the-bridge")
            _ = try await services.grants.add(
                account,
                .init(
                    entitlement: Entitlement(parsing: "title:golem"), source: .gift, from: nil, until: nil,
                    reason: "Won it"))
        case .accountSuspended: _ = try await services.accounts.suspend(account, reason: "Shared")
        case .notPublished:
            try await setRule { $0.embargoUntil = .set(try Timestamp(rfc3339: "2026-05-01T00:00:00Z")) }
            return [reader, visitor]
        case .withdrawn:
            try await setRule { $0.isWithdrawn = true }
            return [reader, visitor]
        case .ruleUnreadable:
            try await setRule { $0.access = .premium }
            try await database.engine().write { sql in
                _ = try sql.run("UPDATE access_rules SET requires = 'All Titles' WHERE access IS NOT NULL", [])
            }
            return [reader, visitor]
        }
        return [reader]
    }

    private func setRule(_ edit: (inout RuleChange) throws -> Void) async throws {
        var change = RuleChange()
        try edit(&change)
        _ = try await services.rules.set(.everything, change, .init())
    }

    /// For a month, with some days of grace behind it.
    private func subscribe(_ account: AccountReference) async throws {
        let plan = try Slug(parsing: "membership")
        let price = Money(amountMinor: 999, currency: try Currency(parsing: "EUR"))
        _ = try await services.plans.add(plan, .init(prices: [price], graceDays: 7))
        _ = try await services.plans.publish(plan)
        _ = try await services.subscriptions.start(
            account, plan: plan, payment: NewPayment(amount: price, reference: "INV-1", periods: 1))
    }
}
