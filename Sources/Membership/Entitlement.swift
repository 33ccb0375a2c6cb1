/// A named right: `all-titles`, `title:golem` for one title, `section:golem/sport` for a section of it.
public struct Entitlement: Hashable, Sendable {
    /// The name as it is stored and shown.
    public let name: String

    /// Takes a name that was checked before it was stored.
    package init(stored name: String) {
        self.name = name
    }

    /// Reads the name of a right: words of lower-case letters, digits and hyphens, and behind a colon what it is for.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public init(parsing text: String) throws(MembershipError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let scope = parts.count == 2 ? parts[1].split(separator: "/", omittingEmptySubsequences: false) : []
        guard ([parts[0]] + scope).allSatisfy({ (try? Slug(parsing: String($0))) != nil }), scope.count <= 2 else {
            throw MembershipError(
                .invalidInput, "‘\(text)’ is not an entitlement.",
                remedy: "Write a name such as all-titles, or one with what it is for: title:golem.")
        }
        name = text
    }

    /// Every title of the bundle.
    public static let allTitles = Entitlement(stored: "all-titles")

    /// One title.
    public static func title(_ slug: Slug) -> Entitlement { Entitlement(stored: "title:" + slug.text) }

    /// The title it is for, or for a section of which it is.
    public var title: Slug? {
        switch RuleTarget(name: name) {
        case .title(let title), .section(let title, _): title
        case .article, .everything, nil: nil
        }
    }

    /// Whether whoever has it has another too: every title is part of all titles.
    package func gives(_ other: Entitlement) -> Bool {
        self == other || self == .allTitles && other.title != nil
    }

    /// The section it is for.
    public var section: (title: Slug, section: Slug)? {
        guard case .section(let title, let section) = RuleTarget(name: name) else { return nil }
        return (title, section)
    }
}
