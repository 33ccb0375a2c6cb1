/// An item of JSON Feed (https://www.jsonfeed.org/version/1.1/), as written.
struct JSONEntry: Decodable {
    let id: JSONIdentifier?
    let url: String?
    let external_url: String?
    let title: String?
    let content_html: String?
    let content_text: String?
    let summary: String?
    let image: String?
    let banner_image: String?
    let date_published: String?
    let date_modified: String?
    let author: JSONAuthor?
    let authors: [JSONAuthor]?
    let tags: [String]?
    let language: String?
    let _fortnight: Extension?

    /// Fortnight's own.
    struct Extension: Decodable {
        let key_points: [String]?
    }

    func draft(channel: FeedChannel, channelAuthors: [String]) -> EntryDraft {
        var draft = JSONIdentity(id: id, url: url, external_url: external_url).draft(channel: channel)
        draft.headline = title
        let names = (authors ?? [author].compactMap { $0 }).compactMap(\.name)
        draft.authors = names.isEmpty ? channelAuthors : AuthorName.list(names)
        draft.summary = summary
        draft.published = date_published
        draft.updated = date_modified
        draft.categories = tags ?? []
        draft.image =
            WebAddress.resolve(image, against: draft.link ?? channel.homePage)
            ?? WebAddress.resolve(banner_image, against: draft.link ?? channel.homePage)
        draft.language = language ?? channel.language
        draft.keyPoints = _fortnight?.key_points ?? []
        let base = draft.link ?? channel.homePage
        draft.takeBody { () throws(Rejection) in try body(base: base) }
        draft.takeSummaryBody { () throws(Rejection) in
            try summary.map { (text) throws(Rejection) in try ArticleHTML(text: text, base: base).orRejection() }
        }
        return draft
    }

    private func body(base: String?) throws(Rejection) -> ArticleHTML? {
        if let content_html { return try ArticleHTML(parsing: content_html, base: base).orRejection() }
        if let content_text { return try ArticleHTML(text: content_text, base: base).orRejection() }
        return nil
    }
}

/// What an item is known by, and nothing else.
struct JSONIdentity: Decodable {
    let id: JSONIdentifier?
    let url: String?
    let external_url: String?

    func draft(channel: FeedChannel) -> EntryDraft {
        EntryDraft(
            id: id?.text,
            link: WebAddress.resolve(url, against: channel.homePage)
                ?? WebAddress.resolve(external_url, against: channel.homePage))
    }
}

struct JSONAuthor: Decodable {
    let name: String?
}

/// An id should be a string, but version 1.1 says to take a number too.
struct JSONIdentifier: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Int64.self) {
            text = String(number)
        } else {
            text = try value.decode(String.self)
        }
    }
}

/// What can be said of an item that is not as it should be, to find it.
struct JSONEntryLabel: Decodable {
    let text: String?

    private enum CodingKeys: String, CodingKey { case title, id, url }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        text = [CodingKeys.title, .id, .url].lazy.compactMap { try? members.decode(String.self, forKey: $0) }.first
    }
}
