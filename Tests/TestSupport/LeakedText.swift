import Foundation
package import Membership

/// A splitter that knows no more than marks and line ends, so that nothing is found by the rules that are tested.
package func naiveSentences(_ text: some StringProtocol) -> [String] {
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

package enum LeakedText {
    /// The sentences, links and images of an article that a teaser gives away, or another text that goes with it.
    ///
    /// - Parameters:
    ///   - html: the article's body, as it is stored.
    ///   - plainText: the same as plain text, with an empty line between paragraphs.
    ///   - others: what else the reader receives.
    package static func of(
        html: String, plainText: String, in teaser: Teaser, and others: [String] = []
    ) -> [String] {
        let isCut = !plainText.hasPrefix(teaser.openingText)
        let shown = isCut ? String(teaser.openingText.dropLast()) : teaser.openingText
        let alts = addresses(of: teaser.openingHTML, "alt")
        let fields = [teaser.summary ?? "", teaser.imageURL ?? "", teaser.openingHTML] + teaser.keyPoints + alts
        let sentences = sentences(
            of: plainText.dropFirst(shown.count), in: fields + others,
            known: naiveSentences(teaser.openingText).joined(separator: " "), teaser.headline)
        // The addresses must be the article's first.
        let names = ["href", "src"].flatMap { name -> [String] in
            let shown = addresses(of: teaser.openingHTML, name)
            return addresses(of: html, name).starts(with: shown) ? [] : shown
        }
        // Before its closing tags it ends with text, so nothing that follows the text was taken with it.
        let open = teaser.openingHTML.replacing(#/(</\w+>)*$/#, with: "")
        return sentences + names + (open.hasSuffix(">") ? [teaser.openingHTML] : [])
    }

    /// The sentences of a text that others contain, but for those that are known. Nobody sees a soft hyphen, and
    /// capitals make no other sentence.
    package static func sentences(of text: some StringProtocol, in others: [String], known: String...) -> [String] {
        let text = seen(text)
        // A sentence may go on over the end of a line.
        let joined = naiveSentences(
            text.split(separator: "\n\n").map { $0.replacing("\n", with: " ") }.joined(separator: "\n"))
        let lines = others.map { seen($0).split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        let known = known.map(seen)
        return Set(naiveSentences(text) + joined).filter { sentence in
            sentence.count >= 20 && lines.contains { $0.contains(sentence) }
                && !known.contains { $0.contains(sentence) }
        }
    }

    private static func seen(_ text: some StringProtocol) -> String {
        // “ß” is “SS” in capitals.
        String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint }))
            .uppercased().lowercased()
    }

    private static func addresses(of html: String, _ name: String) -> [String] {
        html.components(separatedBy: " \(name)=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }
}
