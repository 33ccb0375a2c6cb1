/// A language that readers are written to in.
public enum Language: String, CaseIterable, Sendable {
    /// English.
    case english = "en"
    /// German.
    case german = "de"

    /// Reads a BCP 47 tag, of which the first part counts: `de`, `de-AT`, `EN_us`.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        let primary = text.prefix { $0 != "-" && $0 != "_" }.lowercased()
        guard let language = Language(rawValue: primary) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not a language that readers are written to in.",
                remedy: "Use one of \(Language.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        self = language
    }
}
