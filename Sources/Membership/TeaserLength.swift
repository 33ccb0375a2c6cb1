/// How much of an article's beginning a reader gets who may not read it: so many paragraphs or such a share of the
/// text, and whatever it says, never more than half of the text.
public enum TeaserLength: Hashable, Sendable {
    /// Paragraphs from the beginning, 0 to ``most``. A heading, a list's entry or a table's cell is one too.
    case paragraphs(Int)
    /// Hundredths of the text's characters, 0 to ``most``.
    case percent(Int)

    /// The greatest number of either kind.
    public static let most = 50

    /// What holds where nothing was chosen: two paragraphs.
    public static let standard = TeaserLength.paragraphs(2)

    /// Reads a number of paragraphs or a share: `2 paragraphs`, `1 paragraph`, `20%`. Zero of either gives no opening.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` for another form, or more than ``most``.
    public init(parsing text: String) throws(MembershipError) {
        let words = text.lowercased().filter { $0 != " " }
        let digits = words.prefix { $0.isASCII && $0.isNumber }
        switch (Int(digits), words.dropFirst(digits.count)) {
        case (let count?, "paragraph"), (let count?, "paragraphs"): self = .paragraphs(count)
        case (let count?, "%"): self = .percent(count)
        default: throw TeaserLength.refusal(of: text)
        }
        guard isSound else { throw TeaserLength.refusal(of: text) }
    }

    /// Makes sure that it is one that can be chosen.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input` for less than nothing, or more than ``most``.
    package func requireSound() throws(MembershipError) {
        guard isSound else { throw TeaserLength.refusal(of: description) }
    }

    private var isSound: Bool {
        switch self {
        case .paragraphs(let count), .percent(let count): (0...TeaserLength.most).contains(count)
        }
    }

    private static func refusal(of text: String) -> MembershipError {
        MembershipError(
            .invalidInput, "‘\(text)’ is not a length of a teaser.",
            remedy: "Write 0 to \(most) paragraphs or 0% to \(most)%: 2 paragraphs, 20%.")
    }
}

extension TeaserLength: CustomStringConvertible {
    /// As ``init(parsing:)`` reads it: `2 paragraphs`, `1 paragraph`, `20%`.
    public var description: String {
        switch self {
        case .paragraphs(let count): "\(count) paragraph" + (count == 1 ? "" : "s")
        case .percent(let count): "\(count)%"
        }
    }
}
