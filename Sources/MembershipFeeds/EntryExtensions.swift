/// Elements that mean the same in an entry of RSS and of Atom.
extension FeedElement {
    func children(_ name: String, in namespace: String) -> [FeedElement] {
        elements.filter { $0.name == name && $0.namespace == namespace }
    }

    /// Fortnight's own: `key-point`, repeated.
    var keyPoints: [String] {
        children("key-point", in: Namespace.fortnight).map(\.text)
    }

    /// The image of Media RSS (https://www.rssboard.org/media-rss): a `content` that is one, else a `thumbnail`; directly
    /// in the entry, in a `group`, or, for the thumbnail, in a `content`.
    func mediaImage(base: String?) -> String? {
        let groups = [self] + children("group", in: Namespace.media)
        let contents = groups.flatMap { $0.children("content", in: Namespace.media) }
        let images = contents.filter {
            $0.attribute("medium") == "image" || $0.attribute("type")?.hasPrefix("image/") ?? false
        }
        let thumbnails = (groups + contents).flatMap { $0.children("thumbnail", in: Namespace.media) }
        return (images + thumbnails).lazy.compactMap { WebAddress.resolve($0.attribute("url"), against: base) }.first
    }
}
