import Foundation

/// The tags of a template, read from its text. Mustache itself renders a key that it does not know as nothing, and looks
/// only into the sections that are shown; here every tag is seen, wherever it stands.
struct TemplateTags {
    struct Tag {
        /// What stands before the name: `#`, `^`, `/`, `>`, `!`, or nothing for a value. Others are not taken.
        let sign: Character?
        let name: String
        /// Counted from 1.
        let line: Int
    }

    let tags: [Tag]

    /// Reads a text that Mustache has already taken, so that its tags are closed.
    init(_ text: String) {
        var tags: [Tag] = []
        var rest = text[...]
        var line = 1
        while let opening = rest.firstRange(of: "{{") {
            line += rest[..<opening.lowerBound].count(where: \.isNewline)
            let closing = rest[opening.upperBound...].firstRange(of: "}}")
            let inside = rest[opening.upperBound..<(closing?.lowerBound ?? rest.endIndex)]
            let sign = inside.first.flatMap { TemplateTags.signs.contains($0) ? $0 : nil }
            let name = inside.dropFirst(sign == nil ? 0 : 1).trimmingCharacters(in: .whitespacesAndNewlines)
            tags.append(Tag(sign: sign, name: name, line: line))
            line += inside.count(where: \.isNewline)
            rest = rest[(closing?.upperBound ?? rest.endIndex)...]
        }
        self.tags = tags
    }

    private static let signs = Set<Character>("#^/>!{&<$=%")

    /// What is wrong with the first tag that a letter does not know, and its line.
    func flaw(in template: TemplateName) -> (line: Int, text: String, remedy: String)? {
        for tag in tags {
            switch tag.sign {
            case nil, "#", "^", "/":
                guard LetterKey(rawValue: tag.name) == nil else { continue }
                return (tag.line, "‘\(tag.name)’ is not a key of a letter", TemplateTags.keysRemedy)
            case ">":
                guard !template.pieces.contains(tag.name) else { continue }
                let pieces = template.pieces.sorted().map { "{{>\($0)}}" }.joined(separator: " and ")
                return (
                    tag.line, "‘\(tag.name)’ is not a piece that it may take in",
                    pieces.isEmpty ? "It may take in none." : "It may take in \(pieces)."
                )
            case "!":
                continue
            default:
                // A value unescaped would let a reader's name write HTML; the rest would need checks of its own.
                return (
                    tag.line, "the tag ‘{{\(tag.sign.map(String.init) ?? "")\(tag.name)’ is not taken",
                    "Use {{key}}, {{#key}}…{{/key}}, {{^key}}…{{/key}}, {{>piece}} and {{! comment }}."
                )
            }
        }
        return nil
    }

    private static let keysRemedy =
        "Use one of \(LetterKey.allCases.map(\.rawValue).joined(separator: ", "))."
}
