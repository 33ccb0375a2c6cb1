/// What a reader gets of an article that she may not read.
public struct Teaser: Equatable, Sendable {
    /// Plain text.
    public let headline: String
    /// Plain text; nil when there is none, or it would give the rest away.
    public let summary: String?
    /// Plain text, a sentence each.
    public let keyPoints: [String]
    /// An http or https address.
    public let imageURL: String?
    /// The beginning as allow-listed HTML, every tag closed.
    public let openingHTML: String
    /// The same as plain text.
    public let openingText: String

    /// Brings a teaser together.
    public init(
        headline: String, summary: String?, keyPoints: [String], imageURL: String?, openingHTML: String,
        openingText: String
    ) {
        self.headline = headline
        self.summary = summary
        self.keyPoints = keyPoints
        self.imageURL = imageURL
        self.openingHTML = openingHTML
        self.openingText = openingText
    }
}
