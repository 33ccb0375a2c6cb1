import Membership

/// A read as JSON.
struct ReadView: Encodable {
    let id: String
    let openedAt: Timestamp
    let admittedBy: String
    @ExplicitNull var source: String?
    @ExplicitNull var meter: String?
    @ExplicitNull var clientKey: String?
    @ExplicitNull var seconds: Int?

    init(_ read: ArticleRead) {
        id = read.id.description
        openedAt = read.openedAt
        admittedBy = read.admittedBy.rawValue
        source = read.source?.rawValue
        meter = read.meter?.name
        clientKey = read.clientKey?.text
        seconds = read.seconds
    }
}

/// A read with what was read, as it was then, as JSON.
struct ReadRecordView: Encodable {
    let read: ReadView
    @ExplicitNull var article: String?
    let articleId: String
    let title: String
    @ExplicitNull var section: String?
    @ExplicitNull var grant: String?

    init(_ record: ArticleReadRecord) {
        read = ReadView(record.read)
        article = record.key?.description
        articleId = record.read.article.description
        title = record.title.text
        section = record.section
        grant = record.grant?.description
    }

    private enum CodingKeys: CodingKey {
        case article, articleId, title, section, grant
    }

    /// The read's own keys and these, side by side.
    func encode(to encoder: any Encoder) throws {
        try read.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(_article, forKey: .article)
        try container.encode(articleId, forKey: .articleId)
        try container.encode(title, forKey: .title)
        try container.encode(_section, forKey: .section)
        try container.encode(_grant, forKey: .grant)
    }
}
