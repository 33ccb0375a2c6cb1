import Foundation
import Membership
import TestSupport
import Testing

@testable import MembershipFeeds

struct TeaserLeakTests {
    /// The feeds of the project, and real ones where they are.
    private static let feeds: [URL] = {
        let package = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folders =
            [package.appending(path: "Sources/SampleFeeds/Feeds")]
            + [RealFeeds.folder].compactMap { path in
                path.map { URL(filePath: $0) }
            }
        return folders.flatMap { folder in
            (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        }.filter { ["xml", "json"].contains($0.pathExtension) }
    }()

    /// Every entry of every feed: 76 real ones beside the samples.
    @Test(arguments: feeds)
    func noTeaserGivesAWithheldSentenceAway(feed: URL) throws {
        let lengths: [TeaserLength] = [.paragraphs(0), .standard, .percent(20), .percent(50)]
        var count = 0
        for item in try allItems(of: FeedDocument.open(path: feed.path)) {
            guard case .entry(let entry) = item else { continue }
            count += 1
            let article = try #require(ArticleHTML(parsing: entry.bodyHTML, base: nil))
            for length in lengths {
                let teaser = ArticleTeaser(
                    headline: entry.headline, summary: entry.summary, keyPoints: entry.keyPoints,
                    imageURL: entry.imageURL, bodyHTML: entry.bodyHTML, length: length)
                let leaks = LeakedText.of(article, in: teaser)
                #expect(leaks.isEmpty, "\(entry.headline), \(length): \(leaks)")
                #expect(teaser.openingText.count <= article.plainText.count / 2)
                #expect(ArticleHTML(parsing: teaser.openingHTML, base: nil)?.html == teaser.openingHTML)
            }
        }
        #expect(count > 0)
    }

    @Test func theSamplesAreLookedAt() {
        #expect(TeaserLeakTests.feeds.count >= 3)
    }
}

extension LeakedText {
    /// The sentences, links and images of `article` that a teaser gives away.
    static func of(_ article: ArticleHTML, in teaser: ArticleTeaser) -> [String] {
        of(
            html: article.html, plainText: article.plainText,
            in: Teaser(
                headline: teaser.headline, summary: teaser.summary, keyPoints: teaser.keyPoints,
                imageURL: teaser.imageURL, openingHTML: teaser.openingHTML, openingText: teaser.openingText))
    }
}
