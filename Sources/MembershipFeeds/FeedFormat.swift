/// The formats a feed can be in; found out from its content, never from its file name.
enum FeedFormat {
    /// RSS 2.0, and 0.91 to 0.94, which differ in nothing that is read here.
    case rss2
    /// RSS 1.0, which is RDF.
    case rss1
    /// Atom 1.0, RFC 4287.
    case atom
    /// JSON Feed 1.0 and 1.1.
    case jsonFeed
}
