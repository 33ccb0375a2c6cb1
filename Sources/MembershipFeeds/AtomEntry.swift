/// Reads an `entry` of Atom, RFC 4287 section 4.1.2.
struct AtomEntry {
    let entry: FeedElement
    let channel: FeedChannel
    /// The authors of the feed, who are those of an entry without any (section 4.2.1).
    let channelAuthors: [String]

    /// What the entry is known by, and nothing else.
    func identity() -> EntryDraft {
        EntryDraft(id: text("id"), link: link)
    }

    func draft() -> EntryDraft {
        var draft = identity()
        draft.headline = child("title").flatMap(plain)
        let authors = children("author").flatMap { $0.children("name", in: Namespace.atom) }.map(\.text)
        draft.authors = authors.isEmpty ? channelAuthors : AuthorName.list(authors)
        draft.published = text("published")
        draft.updated = text("updated")
        draft.categories = children("category").compactMap { $0.attribute("label") ?? $0.attribute("term") }
        draft.image = image
        draft.language = text("language", in: Namespace.dublinCore) ?? entry.language ?? channel.language
        draft.keyPoints = entry.keyPoints
        draft.summary = child("summary").flatMap(plain)
        draft.takeBody { () throws(Rejection) in try article(child("content")) }
        draft.takeSummaryBody { () throws(Rejection) in try article(child("summary")) }
        return draft
    }

    private var link: String? {
        links("alternate").first.flatMap { WebAddress.resolve($0.attribute("href"), against: base(of: $0)) }
    }

    private var image: String? {
        entry.mediaImage(base: base(of: entry))
            ?? links("enclosure").first { $0.attribute("type")?.hasPrefix("image/") ?? false }
            .flatMap { WebAddress.resolve($0.attribute("href"), against: base(of: $0)) }
    }

    /// A link without a relation is an alternate (section 4.2.7.2).
    private func links(_ relation: String) -> [FeedElement] {
        children("link").filter { ($0.attribute("rel") ?? "alternate") == relation }
    }

    private func base(of element: FeedElement) -> String? {
        guard let base = element.base else { return channel.homePage }
        return WebAddress.resolve(base, against: channel.homePage) ?? channel.homePage
    }

    /// The text of a text construct (section 3.1).
    private func plain(_ element: FeedElement) -> String? {
        switch element.attribute("type") {
        case "html", "text/html": FeedText.line(html: element.text)
        case "xhtml": FeedText.line(ArticleHTML(xhtml: element, base: nil)?.plainText)
        default: FeedText.line(element.text)
        }
    }

    /// The article in a text construct or in content (section 4.1.3); nil for content that is elsewhere or no text.
    private func article(_ element: FeedElement?) throws(Rejection) -> ArticleHTML? {
        guard let element, element.attribute("src") == nil else { return nil }
        let base = element.base == nil ? link ?? channel.homePage : base(of: element)
        switch element.attribute("type")?.lowercased() {
        case "html", "text/html": return try ArticleHTML(parsing: element.text, base: base).orRejection()
        case "xhtml", "application/xhtml+xml": return try ArticleHTML(xhtml: element, base: base).orRejection()
        case nil, "text", "text/plain": return try ArticleHTML(text: element.text, base: base).orRejection()
        default: return nil
        }
    }

    private func children(_ name: String, in namespace: String = Namespace.atom) -> [FeedElement] {
        entry.children(name, in: namespace)
    }

    private func child(_ name: String) -> FeedElement? {
        children(name).first
    }

    private func text(_ name: String, in namespace: String = Namespace.atom) -> String? {
        children(name, in: namespace).first?.text
    }
}
