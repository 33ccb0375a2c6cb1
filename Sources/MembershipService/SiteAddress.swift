/// What the spellings of one site's address have in common: neither the scheme, nor `www.`, nor a slash at the end
/// makes another site.
struct SiteAddress: Hashable, Sendable {
    private let text: String

    init(_ address: String) {
        var site = address.lowercased()[...]
        for beginning in ["https://", "http://", "www."] where site.hasPrefix(beginning) {
            site = site.dropFirst(beginning.count)
        }
        while site.hasSuffix("/") { site.removeLast() }
        text = String(site)
    }
}
