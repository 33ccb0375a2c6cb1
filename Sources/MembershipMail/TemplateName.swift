import Membership

/// Which part of which letter a template is, and what its file is called: `trial_ending.de.html.mustache`.
struct TemplateName: Hashable {
    /// A message of its own, or a piece that the templates of all messages share.
    enum Content: Hashable {
        case message(Message)
        /// The beginning of every letter: the greeting.
        case top
        /// The end of every letter.
        case bottom
    }

    enum Part: String, CaseIterable {
        case subject
        case text
        case html
    }

    let content: Content
    let language: Language
    let part: Part

    /// Every template there is. A subject has no shared pieces.
    static let all: [TemplateName] = Language.allCases.flatMap { language in
        Part.allCases.flatMap { part in
            Message.allCases.map { TemplateName(content: .message($0), language: language, part: part) }
                + (part == .subject
                    ? []
                    : [
                        TemplateName(content: .top, language: language, part: part),
                        TemplateName(content: .bottom, language: language, part: part),
                    ])
        }
    }

    /// The name by which a template takes a shared piece in: `top.de.html`.
    var name: String { "\(stem).\(language.rawValue).\(part.rawValue)" }

    var fileName: String { name + ".mustache" }

    private var stem: String {
        switch content {
        case .message(let message): message.rawValue
        case .top: "top"
        case .bottom: "bottom"
        }
    }

    /// The pieces that this template may take in. A piece takes in none, so that none takes in itself.
    var pieces: Set<String> {
        guard case .message = content, part != .subject else { return [] }
        return Set(
            [.top, .bottom].map { TemplateName(content: $0, language: language, part: part).name })
    }
}
