/// What a rule of access is for. The nearest one to an article comes first: itself, its section, its title, everything.
public enum RuleTarget: Hashable, Sendable {
    /// `default`: whatever has no rule of its own.
    case everything
    /// `title:golem`
    case title(Slug)
    /// `section:golem/sport`
    case section(title: Slug, section: Slug)
    /// `article:golem/the-bridge`
    case article(ArticleKey)

    /// Reads a target by its name.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        guard let target = RuleTarget(name: text) else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not what a rule can be for.",
                remedy: "Write default, title:golem, section:golem/sport or article:golem/the-bridge.")
        }
        self = target
    }

    /// Nil for a name that is none.
    package init?(name: String) {
        if name == RuleTarget.everything.name {
            self = .everything
            return
        }
        guard let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let rest = name[name.utf8.index(after: colon)...]
        if name[..<colon] == "title" {
            guard let title = try? Slug(parsing: String(rest)) else { return nil }
            self = .title(title)
            return
        }
        guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")),
            let title = try? Slug(parsing: String(rest[..<slash])),
            let slug = try? Slug(parsing: String(rest[rest.utf8.index(after: slash)...]))
        else { return nil }
        switch name[..<colon] {
        case "section": self = .section(title: title, section: slug)
        case "article": self = .article(ArticleKey(title: title, slug: slug))
        default: return nil
        }
    }

    /// The name as it is stored and shown.
    public var name: String {
        switch self {
        case .everything: "default"
        case .title(let title): "title:\(title)"
        case .section(let title, let section): "section:\(title)/\(section)"
        case .article(let key): "article:\(key)"
        }
    }

    /// The title it is for, or belongs to.
    public var title: Slug? {
        switch self {
        case .everything: nil
        case .title(let title): title
        case .section(let title, _): title
        case .article(let key): key.title
        }
    }

    /// The targets whose rules an article's access can come from, nearest first.
    package static func chain(of article: Article) -> [RuleTarget] {
        let title = article.key.title
        let section = article.sectionSlug.map { RuleTarget.section(title: title, section: $0) }
        return [.article(article.key), section, .title(title), .everything].compactMap(\.self)
    }
}

extension RuleTarget: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
