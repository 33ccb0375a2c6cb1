/// An article's natural key: its title's slug and its own, written `golem/the-bridge`.
public struct ArticleKey: Hashable, Sendable {
    /// The title's slug.
    public let title: Slug
    /// The article's slug, unique in its title.
    public let slug: Slug

    /// Makes a key.
    public init(title: Slug, slug: Slug) {
        self.title = title
        self.slug = slug
    }
}

extension ArticleKey: CustomStringConvertible {
    /// `title/slug`
    public var description: String { title.text + "/" + slug.text }
}

/// What an article is asked for by.
public enum ArticleReference: Hashable, Sendable {
    /// `art_…`
    case id(Identifier<Article>)
    /// `title/slug`
    case key(ArticleKey)

    /// Reads either form.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_slug`.
    public init(parsing text: String) throws(MembershipError) {
        if let id = Identifier<Article>(text) {
            self = .id(id)
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw MembershipError(
                .invalidSlug, "‘\(text)’ does not name an article.",
                remedy: "Give its title and slug, golem/the-bridge, or its id, art_….")
        }
        self = .key(ArticleKey(title: try Slug(parsing: String(parts[0])), slug: try Slug(parsing: String(parts[1]))))
    }
}

extension ArticleReference: CustomStringConvertible {
    /// As it was asked for.
    public var description: String {
        switch self {
        case .id(let id): id.description
        case .key(let key): key.description
        }
    }
}
