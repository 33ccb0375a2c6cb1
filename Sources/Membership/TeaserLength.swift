/// How much of an article those see who may not read it, counted from its beginning. Never more than half.
public enum TeaserLength: Hashable, Sendable {
    /// So many paragraphs.
    case paragraphs(Int)
    /// So many hundredths of the text's characters.
    case percent(Int)

    /// What holds where nothing else is said.
    public static let standard = TeaserLength.paragraphs(2)

    /// Reads `2 paragraphs` or `20%`.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        if text.hasSuffix("%"), let percent = Int(text.dropLast()), (0...50).contains(percent) {
            self = .percent(percent)
            return
        }
        let words = text.split(separator: " ")
        if words.count == 2, ["paragraph", "paragraphs"].contains(words[1]), let count = Int(words[0]),
            (0...50).contains(count)
        {
            self = .paragraphs(count)
            return
        }
        throw MembershipError(
            .invalidInput, "‘\(text)’ is not the length of a teaser.",
            remedy: "Write 0 to 50 paragraphs, or a share of 0% to 50%: 2 paragraphs, 20%.")
    }
}

extension TeaserLength: CustomStringConvertible {
    /// As ``init(parsing:)`` reads it.
    public var description: String {
        switch self {
        case .paragraphs(1): "1 paragraph"
        case .paragraphs(let count): "\(count) paragraphs"
        case .percent(let percent): "\(percent)%"
        }
    }
}
