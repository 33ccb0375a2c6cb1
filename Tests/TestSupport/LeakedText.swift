import Foundation

@testable import MembershipFeeds

/// A splitter that knows no more than marks and line ends, so that nothing is found by the rules that are tested.
func naiveSentences(_ text: some StringProtocol) -> [String] {
    var sentences = [""]
    var endsHere = false
    for character in text {
        if character == "\n" || endsHere && character.isWhitespace {
            sentences.append("")
            endsHere = false
        } else {
            sentences[sentences.count - 1].append(character)
            if ".!?…。".contains(character) {
                endsHere = true
            } else if !"\"'”’“»)".contains(character) {
                endsHere = false
            }
        }
    }
    return sentences.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }.filter { !$0.isEmpty }
}

enum LeakedText {
    /// The sentences, links and images of `article` that a teaser gives away.
    static func of(_ article: ArticleHTML, in teaser: ArticleTeaser) -> [String] {
        let isCut = !article.plainText.hasPrefix(teaser.openingText)
        let shown = isCut ? String(teaser.openingText.dropLast()) : teaser.openingText
        let rest = article.plainText.dropFirst(shown.count)
        let opening = naiveSentences(teaser.openingText).joined(separator: " ")
        let alts = addresses(of: teaser.openingHTML, "alt")
        let fields = [teaser.summary ?? "", teaser.imageURL ?? "", teaser.openingHTML] + teaser.keyPoints + alts
        // A sentence may go on over the end of a line.
        let joined = naiveSentences(
            rest.split(separator: "\n\n").map { $0.replacing("\n", with: " ") }.joined(separator: "\n"))
        let lines = fields.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        let withheld = Set(naiveSentences(rest) + joined).filter { sentence in
            sentence.count >= 20 && lines.contains { $0.contains(sentence) }
        }
        let sentences = withheld.filter { !opening.contains($0) && !teaser.headline.contains($0) }
        // The addresses must be the article's first.
        let names = ["href", "src"].flatMap { name -> [String] in
            let shown = addresses(of: teaser.openingHTML, name)
            return addresses(of: article.html, name).starts(with: shown) ? [] : shown
        }
        // Before its closing tags it ends with text, so nothing that follows the text was taken with it.
        let open = teaser.openingHTML.replacing(#/(</\w+>)*$/#, with: "")
        return Array(sentences) + names + (open.hasSuffix(">") ? [teaser.openingHTML] : [])
    }

    private static func addresses(of html: String, _ name: String) -> [String] {
        html.components(separatedBy: " \(name)=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }
}
