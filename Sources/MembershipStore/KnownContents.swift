package import Membership
import Synchronization

/// What an article says, and the version of the catalogue that it is of.
package final class KnownContent: Sendable {
    let article: Identifier<Article>
    /// Nil when nothing would tell that it has changed.
    let version: Int64?
    package let content: ArticleContent

    init(of article: Identifier<Article>, _ content: ArticleContent, version: Int64?) {
        self.article = article
        self.version = version
        self.content = content
    }

    /// How much memory it takes, nearly: in bytes.
    fileprivate var size: Int {
        let texts = [
            content.author, content.link, content.summary, content.imageURL, content.language, content.opening,
            content.bodyHTML,
        ]
        return 400
            + (texts.compactMap(\.self) + content.keyPoints + content.categories).reduce(0) {
                $0 + $1.utf8.count + 32
            }
    }
}

/// What articles say that were opened lately, shared by all who read a file. It is long, so that reading it takes
/// longer than all else that an opening looks up.
///
/// All of it is of one version of the catalogue: when another is asked for, all is forgotten, as by ``Catalog``. Only
/// what has been committed is kept: whoever writes neither looks here nor adds anything.
package final class KnownContents: Sendable {
    /// Those asked for lately, and those asked for before them: whatever is asked for again is kept, and the rest goes
    /// when there is too much.
    private struct Kept {
        var version: Int64?
        var articles: [Identifier<Article>: KnownContent] = [:]
        var earlier: [Identifier<Article>: KnownContent] = [:]
        /// Of those asked for lately.
        var size = 0

        mutating func use(version: Int64?) {
            if version != self.version { self = Kept(version: version) }
        }

        mutating func add(_ content: KnownContent) {
            if size + content.size > most { (articles, earlier, size) = ([:], articles, 0) }
            let replaced = articles.updateValue(content, forKey: content.article)
            size += content.size - (replaced?.size ?? 0)
        }
    }

    /// So much is kept of either kind: in bytes.
    private static let most = 16 << 20
    private let kept = Locked(Kept())

    /// What an article says in a version of the catalogue, if that is known.
    func content(of article: Identifier<Article>, version: Int64) -> KnownContent? {
        kept.withLock { kept in
            kept.use(version: version)
            if let found = kept.articles[article] { return found }
            guard let found = kept.earlier[article] else { return nil }
            kept.add(found)
            return found
        }
    }

    func keep(_ content: KnownContent) {
        kept.withLock { kept in
            kept.use(version: content.version)
            kept.add(content)
        }
    }
}
