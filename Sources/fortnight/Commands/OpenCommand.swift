import ArgumentParser
import Membership
import MembershipService

struct OpenCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Open an article for a reader: record the read, and print what she may see.",
        discussion: """
            When she is let in, the headline and the whole body come on standard output as HTML, and why on standard \
            error. When she is not, the answer and the beginning of the article come on standard output as text, nothing \
            is recorded, and the exit status is 1. Unlike check it spends the meter; docs/reads.md has how.

            With --client-key the same opening can be asked for again within 24 hours, and is recorded once.

            Example:
              fortnight open ada@example.com golem/the-bridge > bridge.html
              fortnight open ada@example.com golem/the-bridge --client-key k-1 --seconds 95
              fortnight open --visitor 5f0c8e0c-6a51-4b8e golem/the-bridge
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var who: ReaderOptions

    @Argument(
        help: ArgumentHelp(
            "The reader's address or id, then the article as title/slug or by its id.", valueName: "names"))
    var names: [String] = []

    @Option(
        help: ArgumentHelp("What the reader's app calls this opening: a retry is not a second read.", valueName: "key"))
    var clientKey: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long the reader has stayed; a retry may say more.", valueName: "seconds"))
    var seconds: Int?

    func validate() throws {
        try who.requireVisitorOfZone()
        guard names.count == (who.visitor == nil ? 2 : 1) else {
            throw ValidationError(
                who.visitor == nil
                    ? "Name a reader and an article: fortnight open ada@example.com golem/the-bridge"
                    : "Name one article: fortnight open --visitor 5f0c8e0c-6a51-4b8e golem/the-bridge")
        }
    }

    func perform() async throws {
        let reader = try who.reader() ?? ReaderReference(parsing: names[0])
        let opening = try await global.services().access.open(
            reader: reader, article: ArticleReference(parsing: names[names.count - 1]),
            clientKey: clientKey.map(ClientKey.init(parsing:)), seconds: seconds)
        try global.console.show(opening)
        guard opening.answer.decision.allowed else { throw ExitCode(ExitStatus.denied) }
    }
}

extension Console {
    fileprivate func show(_ opening: AccessService.Opening) throws {
        guard !isJSON else { return try document(JoinedView(DecisionView(opening.answer), OpeningView(opening))) }
        switch opening.content {
        case .whole(let content):
            note(opening.answer.sentence)
            if let read = opening.read {
                note(
                    opening.isRetry ? "Recorded before, at \(read.openedAt), as \(read.id)." : "Recorded as \(read.id)."
                )
            }
            html("<h1>\(PlainText.html(opening.answer.article.headline))</h1>")
            html(content.bodyHTML)
        case .teaser(let teaser):
            try show(opening.answer)
            line()
            line(teaser.headline)
            if let summary = teaser.summary { line("\n" + summary) }
            if !teaser.keyPoints.isEmpty { line("\n" + teaser.keyPoints.map { "- " + $0 }.joined(separator: "\n")) }
            if let image = teaser.imageURL { line("\nimage: " + image) }
            if !teaser.openingText.isEmpty { line("\n" + teaser.openingText) }
        case .nothing:
            try show(opening.answer)
        }
    }
}

/// What came of opening an article beside the decision, as JSON.
private struct OpeningView: Encodable {
    @ExplicitNull var read: ReadView?
    let retry: Bool
    @ExplicitNull var content: JoinedView<ArticleContentView, WholeTextView>?
    @ExplicitNull var teaser: TeaserView?

    init(_ opening: AccessService.Opening) {
        read = opening.read.map(ReadView.init)
        retry = opening.isRetry
        switch opening.content {
        case .whole(let content):
            self.content = JoinedView(
                ArticleContentView(content),
                WholeTextView(headline: opening.answer.article.headline, body: content.bodyHTML))
        case .teaser(let teaser): self.teaser = TeaserView(teaser)
        case .nothing: break
        }
    }
}

/// The headline and the whole text, as JSON.
private struct WholeTextView: Encodable {
    let headline: String
    let body: String
}

private struct TeaserView: Encodable {
    let headline: String
    @ExplicitNull var summary: String?
    let keyPoints: [String]
    @ExplicitNull var image: String?
    let opening: String
    let openingText: String

    init(_ teaser: Teaser) {
        headline = teaser.headline
        summary = teaser.summary
        keyPoints = teaser.keyPoints
        image = teaser.imageURL
        opening = teaser.openingHTML
        openingText = teaser.openingText
    }
}
