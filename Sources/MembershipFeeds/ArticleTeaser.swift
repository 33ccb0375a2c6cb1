package import Membership

/// What a reader gets of an article who may not read it. Nothing in it contains a sentence that is withheld.
///
/// The opening
/// - is whole sentences from the beginning of the text: as many paragraphs as the length says, or as many sentences as
///   fit into that share of the text's characters, and never more than half of them. A heading, an entry of a list and a
///   cell of a table are paragraphs too;
/// - is cut at a word, with `…` behind it, when the first sentence is longer than that; when not even a word fits, or
///   the length is zero, there is none, in neither form;
/// - is the article's HTML up to the cut, read and written anew by the same allow-list, whatever the body is: every tag
///   is closed, and of what stands behind the cut there is no text, image, address or attribute.
///
/// The summary and the key points, and what the opening's images say to those who do not see them, lose each sentence
/// that gives away what is withheld: ``WithheldText`` says when one does. A summary or key point of which nothing is left
/// is left out.
///
/// The headline and the image stay: they are what the article is announced with, and a sentence of the headline is not
/// withheld. Addresses are not looked into.
///
/// A body that cannot be read, because it nests too deep, or of which the allow-list leaves nothing at all, hides what
/// is withheld. Then there is no opening, no summary and no key point. A body that is empty withholds nothing.
package struct ArticleTeaser: Equatable, Sendable {
    /// Plain text on one line.
    package let headline: String
    /// Plain text.
    package let summary: String?
    /// Plain text.
    package let keyPoints: [String]
    package let imageURL: String?
    /// Allow-listed HTML; empty when there is no opening.
    package let openingHTML: String
    /// The same in plain text, NFC, with an empty line between paragraphs.
    package let openingText: String

    /// `bodyHTML` need not be what an import has stored: it is trusted in nothing.
    package init(
        headline: String, summary: String?, keyPoints: [String], imageURL: String?, bodyHTML: String,
        length: TeaserLength
    ) {
        let beside = [summary ?? ""] + keyPoints
        let parts = Parts.of(bodyHTML) { Parts(of: $0, $1, headline: headline, beside: beside, length: length) }
        let isReadable = parts.map { !$0.isEmpty } ?? false || FeedText.line(bodyHTML) == nil
        let harmless = parts.map(\.beside) ?? []
        self.headline = headline
        self.summary = isReadable ? harmless.first ?? nil : nil
        self.keyPoints = isReadable ? harmless.dropFirst().compactMap { $0 } : []
        self.imageURL = imageURL
        openingHTML = parts?.opening.html ?? ""
        openingText = parts?.opening.plainText ?? ""
    }

    /// What depends on the body.
    private struct Parts {
        /// There is nothing in the article, not even an image.
        let isEmpty: Bool
        let opening: ArticleHTML
        let beside: [String?]

        /// Reads `body`, and once more when it is not as the allow-list writes it: paragraphs in each other's way are
        /// then where they come to stand.
        static func of(_ body: String, _ make: (ParsedArticle, ArticleHTML) -> Parts?) -> Parts? {
            ArticleHTML.parse(body) { article in
                guard let whole = article.written(base: nil) else { return nil }
                guard whole.html != body else { return make(article, whole) }
                return ArticleHTML.parse(whole.html) { again in
                    again.written(base: nil).flatMap { make(again, $0) }
                }
            }
        }

        init?(
            of article: ParsedArticle, _ whole: ArticleHTML, headline: String, beside: [String], length: TeaserLength
        ) {
            let text = whole.writtenText
            let cut = Opening.cut(of: text, room: length.room(in: text))
            let withheld = WithheldText(of: text, behind: cut, headline: headline)
            guard let opening = article.opening(of: text, upTo: cut, withheld) else { return nil }
            isEmpty = whole.html.isEmpty
            self.opening = opening
            self.beside = withheld.harmless(in: beside)
        }
    }
}

extension ParsedArticle {
    /// The HTML in front of `cut`. What an image says is looked at first, because it too may give away what follows.
    fileprivate func opening(of text: String, upTo cut: Opening.Cut?, _ withheld: WithheldText) -> ArticleHTML? {
        guard let cut else { return ArticleHTML.empty }
        let end = ArticleCut(
            length: text.utf8.distance(from: text.startIndex, to: cut.end), mark: cut.isInSentence ? "…" : "")
        guard let opening = written(base: nil, upTo: end) else { return nil }
        let imageTexts = Array(Set(opening.imageTexts))
        let harmless = Dictionary(uniqueKeysWithValues: zip(imageTexts, withheld.harmless(in: imageTexts)))
        guard imageTexts.contains(where: { harmless[$0] != $0 }) else { return opening }
        return written(base: nil, upTo: end) { text in (harmless[text] ?? nil) ?? "" }
    }
}

extension TeaserLength {
    /// How many characters of `text` an opening may have: never more than half.
    fileprivate func room(in text: String) -> Int {
        let count = text.count
        switch self {
        case .percent(let share): return min(count * max(share, 0) / 100, count / 2)
        case .paragraphs(let paragraphs):
            guard paragraphs > 0 else { return 0 }
            var ends = text.utf8.indices.lazy.filter { index in
                text.utf8[index...].starts(with: "\n\n".utf8)
            }.dropFirst(paragraphs - 1).makeIterator()
            return min(ends.next().map { text.distance(from: text.startIndex, to: $0) } ?? count, count / 2)
        }
    }
}
