/// A named right: `all-titles`, or `title:golem` for one title.
public struct Entitlement: Hashable, Sendable {
    /// The name as it is stored and shown.
    public let name: String

    /// Takes a name that was checked before it was stored.
    package init(stored name: String) {
        self.name = name
    }

    /// Every title of the bundle.
    public static let allTitles = Entitlement(stored: "all-titles")

    /// One title.
    public static func title(_ slug: Slug) -> Entitlement { Entitlement(stored: "title:" + slug.text) }
}
