/// A word of a ``ComparedText``: letters and digits, or one symbol.
struct Word {
    let text: Substring
    /// ``Word/weight``, or half of it for a character of a script without spaces.
    let weight: Int

    static let weight = 2

    static func each(of text: Substring, _ body: (Word) -> Void) {
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let kind = kind(of: scalars[index])
            let start = index
            index = scalars.index(after: index)
            switch kind {
            case .space: continue
            case .character: body(Word(text: text[start..<index], weight: weight / 2))
            case .part:
                while index < scalars.endIndex, Word.kind(of: scalars[index]) == .part {
                    index = scalars.index(after: index)
                }
                body(Word(text: text[start..<index], weight: weight))
            }
        }
    }

    private enum Kind {
        /// White space or punctuation.
        case space
        case part
        /// A word by itself.
        case character
    }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return .part
        case ..<0x80: return .space
        // Thai to Myanmar, Khmer, kana.
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF: return .character
        default: break
        }
        if scalar.properties.isIdeographic { return .character }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
            return .part
        case .otherSymbol, .mathSymbol, .currencySymbol: return .character
        default: return .space
        }
    }
}
