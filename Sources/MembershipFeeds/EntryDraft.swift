import Membership

/// Why an entry is not taken, as the rest of a sentence about it.
struct Rejection: Error {
    var reason: String
}

/// What a format gives of an entry, before it is judged. Here ends what the formats have of their own.
struct EntryDraft {
    var id: String?
    /// Absolute.
    var link: String?
    var headline: String?
    /// As ``AuthorName`` makes them.
    var authors: [String] = []
    var summary: String?
    var published: String?
    var updated: String?
    var categories: [String] = []
    var image: String?
    var language: String?
    var keyPoints: [String] = []
    /// Nil where the entry has none.
    var body: ArticleHTML?
    /// Stands in where there is no other body.
    var summaryBody: ArticleHTML?
    /// Set when the entry cannot be taken, whatever else it has.
    var rejection: Rejection?

    /// Sets the body, or the reason why there can be none.
    mutating func takeBody(_ read: () throws(Rejection) -> ArticleHTML?) {
        do { body = try read() } catch { rejection = error }
    }

    /// Sets what stands in for the body, when that is missing or says nothing.
    mutating func takeSummaryBody(_ read: () throws(Rejection) -> ArticleHTML?) {
        guard body?.html.isEmpty ?? true else { return }
        do { summaryBody = try read() } catch { rejection = error }
    }

    /// What can be said of the entry to find it.
    var label: String? {
        (FeedText.line(headline) ?? FeedText.line(id) ?? link).map { FeedText.shortened($0, to: 80) }
    }

    func entry() throws(Rejection) -> FeedEntry {
        if let rejection { throw rejection }
        let body = [body, summaryBody].compactMap { $0 }.first { !$0.html.isEmpty } ?? ArticleHTML.empty
        let published = try date(published)
        let updated = try date(updated)
        return FeedEntry(
            sourceID: try sourceID(),
            link: link,
            headline: try headline(body),
            author: authors.isEmpty ? nil : authors.joined(separator: ", "),
            summary: Summary.of(summary, beside: body.plainText),
            publishedAt: published,
            updatedAt: updated,
            categories: FeedText.list(
                categories.lazy.compactMap(FeedText.line(_:)), atMost: FeedLimits.categories, of: FeedLimits.category),
            imageURL: image ?? body.firstImage,
            language: FeedText.language(language),
            bodyHTML: body.html,
            opening: Opening.of(body.plainText),
            keyPoints: FeedText.list(
                keyPoints.lazy.compactMap(FeedText.line(_:)), atMost: FeedLimits.keyPoints, of: FeedLimits.keyPoint))
    }

    /// What the entry is known by: its id, else its link.
    func sourceID() throws(Rejection) -> String {
        guard let id = FeedText.line(id) ?? link else { throw Rejection(reason: "it has neither an id nor a link") }
        guard id.utf8.count <= FeedLimits.idBytes else {
            throw Rejection(reason: "its id is longer than \(FeedLimits.idBytes) bytes")
        }
        return id
    }

    private func headline(_ body: ArticleHTML) throws(Rejection) -> String {
        if let headline = FeedText.line(headline) { return FeedText.shortened(headline, to: FeedLimits.headline) }
        guard let text = FeedText.line(body.plainText) else {
            throw Rejection(reason: "it has neither a headline nor a text")
        }
        // As of the opening, never more than half of the text: a teaser has it whole.
        guard let cut = Opening.cut(of: text, room: min(80, text.count / 2)) else { return "…" }
        return FeedText.shortened(String(text[..<cut.end]), to: 80) + (cut.isInSentence ? "…" : "")
    }

    private func date(_ text: String?) throws(Rejection) -> Timestamp? {
        guard let text = FeedText.line(text) else { return nil }
        guard let date = FeedDate.parse(text) else {
            throw Rejection(reason: "its date ‘\(FeedText.shortened(text, to: 80))’ cannot be read")
        }
        return date
    }
}

extension ArticleHTML? {
    /// An article that could not be read is one that nests too deep.
    func orRejection() throws(Rejection) -> ArticleHTML {
        guard let self else {
            throw Rejection(
                reason:
                    "its text nests elements too deep, or has one with more than \(FeedLimits.htmlAttributes) attributes"
            )
        }
        return self
    }
}
