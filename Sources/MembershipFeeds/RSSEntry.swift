/// Reads an `item` of RSS 2.0 or RSS 1.0.
struct RSSEntry {
    let item: FeedElement
    let channel: FeedChannel

    /// What the entry is known by, and nothing else.
    func identity() -> EntryDraft {
        let guid = child("guid")
        return EntryDraft(
            id: guid?.text ?? item.attribute("about", in: Namespace.rdf), link: link(guid: guid, base: base))
    }

    func draft() -> EntryDraft {
        var draft = identity()
        let base = base
        draft.headline = FeedText.line(html: text("title"))
        let creators = children("creator", in: Namespace.dublinCore).map(\.text)
        draft.authors = AuthorName.list(creators.isEmpty ? children("author").map(\.text) : creators)
        draft.summary = FeedText.line(html: text("description"))
        draft.published =
            text("pubDate") ?? text("date", in: Namespace.dublinCore) ?? text("issued", in: Namespace.dublinCoreTerms)
            ?? text("created", in: Namespace.dublinCoreTerms)
        draft.updated = text("updated", in: Namespace.atom) ?? text("modified", in: Namespace.dublinCoreTerms)
        draft.categories = (children("category") + children("subject", in: Namespace.dublinCore)).map(\.text)
        draft.image = image(base: base)
        draft.language = text("language", in: Namespace.dublinCore) ?? item.language ?? channel.language
        draft.keyPoints = item.keyPoints
        let articleBase = item.base == nil ? draft.link ?? base : base
        draft.takeBody { () throws(Rejection) in try article(text("encoded", in: Namespace.content), base: articleBase)
        }
        draft.takeSummaryBody { () throws(Rejection) in try article(text("description"), base: articleBase) }
        return draft
    }

    private var base: String? {
        item.base.map { WebAddress.resolve($0, against: channel.homePage) ?? $0 } ?? channel.homePage
    }

    /// The guid is an address too, unless it says that it is not (RSS 2.0, "guid").
    private func link(guid: FeedElement?, base: String?) -> String? {
        let alternate = children("link", in: Namespace.atom).first {
            ($0.attribute("rel") ?? "alternate") == "alternate"
        }
        return WebAddress.resolve(text("link"), against: base)
            ?? WebAddress.resolve(alternate?.attribute("href"), against: base)
            ?? (guid?.attribute("isPermaLink") == "false" ? nil : WebAddress.resolve(guid?.text, against: nil))
            ?? WebAddress.resolve(item.attribute("about", in: Namespace.rdf), against: nil)
    }

    private func image(base: String?) -> String? {
        item.mediaImage(base: base)
            ?? children("enclosure").first { $0.attribute("type")?.hasPrefix("image/") ?? false }
            .flatMap { WebAddress.resolve($0.attribute("url"), against: base) }
            ?? WebAddress.resolve(child("image", in: Namespace.itunes)?.attribute("href"), against: base)
    }

    private func article(_ html: String?, base: String?) throws(Rejection) -> ArticleHTML? {
        guard let html else { return nil }
        return try ArticleHTML(parsing: html, base: base).orRejection()
    }

    /// Elements of RSS itself are in the namespace of their item, or in none.
    private func children(_ name: String, in namespace: String? = nil) -> [FeedElement] {
        item.children(name, in: namespace ?? item.namespace)
    }

    private func child(_ name: String, in namespace: String? = nil) -> FeedElement? {
        children(name, in: namespace).first
    }

    /// Nil also for an element that says nothing.
    private func text(_ name: String, in namespace: String? = nil) -> String? {
        children(name, in: namespace).lazy.map(\.text).first { $0.contains { !$0.isWhitespace } }
    }
}
