import Membership
import MembershipFeeds

extension Teaser {
    /// What a reader gets of an article that she may not read, by the rules of ``MembershipFeeds/ArticleTeaser``.
    init(of article: Article, _ content: ArticleContent, length: TeaserLength) {
        let teaser = ArticleTeaser(
            headline: article.headline, summary: content.summary, keyPoints: content.keyPoints,
            imageURL: content.imageURL, bodyHTML: content.bodyHTML, length: length)
        self.init(
            headline: teaser.headline, summary: teaser.summary, keyPoints: teaser.keyPoints,
            imageURL: teaser.imageURL, openingHTML: teaser.openingHTML, openingText: teaser.openingText)
    }
}
