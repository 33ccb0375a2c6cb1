package import Membership

/// One feed, checked whole before anything is handed out: a feed that breaks off in the middle gives no entry at all.
package struct FeedDocument: Sendable {
    /// What the feed turned out to be.
    let format: FeedFormat
    /// What the feed says of itself.
    package let channel: FeedChannel
    /// How many entries it has, those included that will be rejected.
    package let entryCount: Int
    private let reader: Reader

    private enum Reader {
        case xml(XMLFeedReader)
        case json(JSONFeedReader)
    }

    /// Makes sure that the library is there with which feeds, and the texts of articles, are read.
    ///
    /// - Throws: ``MembershipError`` with code `unreadable_file`.
    package static func requireLibrary() throws(MembershipError) { try Libxml2.require() }

    /// Opens and checks the feed at `path`, or on standard input for `-`; gzip or plain.
    ///
    /// - Throws: ``MembershipError`` with code `unreadable_file`, `invalid_feed` or `feed_too_large`.
    package static func open(path: String) throws(MembershipError) -> FeedDocument {
        try requireLibrary()
        let source = try FeedSource(path: path)
        let reader: Reader =
            switch try recognise(source) {
            case .xml: .xml(try XMLFeedReader(source.withFewAttributes()))
            case .json: .json(try JSONFeedReader(source))
            }
        return FeedDocument(reader)
    }

    private init(_ reader: Reader) {
        let contents =
            switch reader {
            case .xml(let reader): reader.contents
            case .json(let reader): reader.contents
            }
        self.reader = reader
        (format, channel, entryCount) = (contents.format, contents.channel, contents.entryCount)
    }

    /// Begins to hand out the entries. Each call begins at the first one.
    package func entries() throws -> FeedEntries {
        FeedEntries(try drafts(.whole))
    }

    /// By what the entries of a feed are known.
    package struct Identities: Sendable {
        /// Each as ``FeedEntry/sourceID`` has it.
        package fileprivate(set) var ids: Set<String> = []
        /// The links that more than one entry has.
        package fileprivate(set) var sharedLinks: Set<String> = []
    }

    /// By what all entries are known; those that will be rejected are among them, as far as they can be read. Texts are
    /// not looked into, so this takes less time than reading the entries.
    ///
    /// - Throws: ``MembershipError`` when the feed cannot be read any more.
    package func identities() throws -> Identities {
        let drafts = try drafts(.identity)
        var (found, links) = (Identities(), Set<String>())
        while let next = try drafts.next() {
            if let id = try? next.draft.sourceID() { found.ids.insert(id) }
            if let link = next.draft.link, !links.insert(link).inserted { found.sharedLinks.insert(link) }
        }
        return found
    }

    private func drafts(_ depth: DraftDepth) throws -> any FeedDrafts {
        switch reader {
        case .xml(let reader): try XMLDrafts(reader, depth)
        case .json(let reader): JSONDrafts(reader, depth)
        }
    }
}

// MARK: - Recognition

extension FeedDocument {
    private enum Syntax { case xml, json }

    /// Tells XML from JSON by the first character that is not white space.
    private static func recognise(_ source: FeedSource) throws(MembershipError) -> Syntax {
        let head = source.head(4096)
        // UTF-16 has a zero beside each ASCII character, and a byte order mark that is no UTF-8.
        let isUTF16 = head.prefix(4).contains(0) || head.starts(with: [0xFE, 0xFF]) || head.starts(with: [0xFF, 0xFE])
        let marks: Set<UInt8> = [0xEF, 0xBB, 0xBF, 0xFE, 0xFF, 0x00]
        let beginning = head.drop { marks.contains($0) || $0 == 0x20 || (0x09...0x0D).contains($0) }
        let text = String(decoding: beginning.prefix(64).filter { $0 != 0 }, as: UTF8.self).lowercased()
        guard let first = text.first else {
            throw source.refusal("is empty", remedy: "Check where the feed was fetched from.")
        }
        switch first {
        case "<":
            guard !text.hasPrefix("<!doctype html"), !text.hasPrefix("<html") else { throw isHTML(source) }
            return .xml
        case "{" where isUTF16:
            throw source.refusal("is JSON in UTF-16", remedy: "JSON Feed is UTF-8; convert it.")
        case "{":
            return .json
        default:
            throw source.refusal(
                "is neither XML nor JSON, so it is not a feed",
                remedy: "RSS 2.0, RSS 1.0, Atom 1.0 and JSON Feed are read.")
        }
    }

    static func isHTML(_ source: FeedSource) -> MembershipError {
        source.refusal(
            "is an HTML page, not a feed",
            remedy: "Look in the page for a link of type application/rss+xml or atom+xml.")
    }

    static func hasTooManyEntries(_ source: FeedSource) -> MembershipError {
        MembershipError(
            .feedTooLarge, "‘\(source.name)’ has more than \(FeedLimits.entries) entries, the most that are read.",
            remedy: "Split the feed, or leave out older entries.")
    }
}
