import Membership

/// What an article says, as JSON, but for its text.
struct ArticleContentView: Encodable {
    @ExplicitNull var author: String?
    @ExplicitNull var link: String?
    @ExplicitNull var summary: String?
    let keyPoints: [String]
    let categories: [String]
    @ExplicitNull var image: String?
    @ExplicitNull var language: String?

    init(_ content: ArticleContent) {
        author = content.author
        link = content.link
        summary = content.summary
        keyPoints = content.keyPoints
        categories = content.categories
        image = content.imageURL
        language = content.language
    }
}
