/// A text as it is compared with another: without what cannot be seen, and without case. It is never shown.
///
/// A soft hyphen in a word, or a sentence in capitals, makes no other text for whoever reads it.
enum ComparedText {
    /// NFC. Every scalar is folded by itself, so that the beginning of a text gives the beginning of what is compared.
    static func of(_ text: some StringProtocol) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
        let seen = String(String.UnicodeScalarView(text.unicodeScalars.filter { !isUnseen($0) }))
        // Up first, because “ß” is “SS” in capitals.
        return FeedText.normalized(seen.uppercased().lowercased())
    }

    /// Soft hyphens, joiners, spaces of no width, selectors of a variant and the like.
    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x80 else { return false }
        return scalar.properties.isDefaultIgnorableCodePoint || scalar.properties.generalCategory == .format
    }
}
