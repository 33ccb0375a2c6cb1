import Membership
import MembershipFeeds

extension Teaser {
    /// Cuts an article, by the rules of docs/access.md.
    init(of article: Article, _ content: ArticleContent, length: TeaserLength) {
        self.init(
            headline: article.headline, summary: nil, keyPoints: [], imageURL: content.imageURL, openingHTML: "",
            openingText: "")
    }
}
