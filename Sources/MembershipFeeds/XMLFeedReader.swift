import CLibxml2
import Membership

/// Reads feeds in XML: once through for what is in them, and then entry by entry.
struct XMLFeedReader {
    let source: FeedSource
    let contents: FeedContents
    private let dialect: XMLDialect
    private let channelAuthors: [String]
    /// The positions of entries that are too large to be looked into.
    private let oversized: Set<Int>

    /// Checks the whole feed.
    init(_ source: FeedSource) throws(MembershipError) {
        let scan = try Libxml2.quietly { () throws(MembershipError) in
            var scan = try XMLScan(source)
            try scan.run()
            return scan
        }
        self.source = source
        (dialect, contents) = try scan.result()
        (channelAuthors, oversized) = (scan.authors, scan.oversized)
    }

    fileprivate func isEntry(_ stream: XMLStream, section: String) -> Bool {
        dialect.isEntry(stream, section: section)
    }

    /// The entry at hand.
    fileprivate func draft(at position: Int, of stream: XMLStream, _ depth: DraftDepth) throws -> PlacedDraft {
        if oversized.contains(position) {
            let reason = "it is larger than \(FeedLimits.entryBytes >> 20) MiB or \(FeedLimits.entryNodes) elements"
            let line = stream.current?.line ?? stream.line
            return PlacedDraft(
                position: position, line: line, draft: EntryDraft(rejection: Rejection(reason: reason)))
        }
        let element = try stream.expand()
        let channel = contents.channel
        let draft: EntryDraft
        if contents.format == .atom {
            let entry = AtomEntry(entry: element, channel: channel, channelAuthors: channelAuthors)
            draft = depth == .whole ? entry.draft() : entry.identity()
        } else {
            let entry = RSSEntry(item: element, channel: channel)
            draft = depth == .whole ? entry.draft() : entry.identity()
        }
        return PlacedDraft(position: position, line: element.line, draft: draft)
    }
}

/// Gives out the entries of an XML feed, one in memory at a time.
final class XMLDrafts: FeedDrafts {
    private let reader: XMLFeedReader
    private let depth: DraftDepth
    private let stream: XMLStream
    private var position = 0
    private var section = ""
    private var hasEntryAtHand = false

    init(_ reader: XMLFeedReader, _ depth: DraftDepth) throws {
        self.reader = reader
        self.depth = depth
        stream = try Libxml2.quietly { () throws(MembershipError) in try XMLStream(reader.source) }
    }

    func next() throws -> PlacedDraft? {
        try Libxml2.quietly {
            var isMore = try hasEntryAtHand ? stream.skip() : stream.read()
            hasEntryAtHand = false
            while isMore {
                if stream.kind == .element {
                    if stream.depth == 1 { section = stream.name }
                    if reader.isEntry(stream, section: section) {
                        position += 1
                        hasEntryAtHand = true
                        return try reader.draft(at: position, of: stream, depth)
                    }
                }
                isMore = try stream.read()
            }
            return nil
        }
    }
}

/// What the first reading of a feed finds out.
struct FeedContents {
    var format: FeedFormat
    var channel: FeedChannel
    var entryCount: Int
}

/// Where an XML format has its entries and what it says of itself.
struct XMLDialect {
    let format: FeedFormat
    /// The namespace of the format's own elements.
    let namespace: String

    /// Recognises a format by the outermost element; nil for what is no feed.
    init?(root name: String, namespace: String) {
        switch (name, namespace) {
        // RSS has no namespace, but some feeds give it one.
        case ("rss", _): (format, self.namespace) = (.rss2, namespace)
        case ("RDF", Namespace.rdf): (format, self.namespace) = (.rss1, Namespace.rss1)
        case ("feed", Namespace.atom): (format, self.namespace) = (.atom, namespace)
        default: return nil
        }
    }

    /// Whether the element at hand is an entry; `section` is the name of the element below the root that it is in.
    func isEntry(_ stream: XMLStream, section: String) -> Bool {
        let depth = stream.depth
        switch format {
        case .rss2: guard depth == 2, section == "channel", stream.name == "item" else { return false }
        case .rss1: guard depth == 1, stream.name == "item" else { return false }
        default: guard depth == 1, stream.name == "entry" else { return false }
        }
        return stream.namespace == namespace
    }

    /// Whether an element at `depth` says something of the channel.
    func isChannelField(depth: Int, section: String) -> Bool {
        format == .atom ? depth == 1 || depth == 2 && section == "author" : depth == 2 && section == "channel"
    }
}

/// The first reading: every node once, so that nothing is handed out of a feed that turns out bad at its end.
private struct XMLScan {
    private let source: FeedSource
    private let stream: XMLStream
    private var dialect: XMLDialect?
    private var section = ""
    private var hasChannel = false
    private var entryCount = 0
    private var entryDepth: Int?
    private var entryBytes = 0
    private var entryNodes = 0
    private var field: (name: String, depth: Int, isHTML: Bool, text: [UInt8])?
    private var title: String?
    private var homePage: String?
    private var language: String?
    private var base: String?
    private(set) var authors: [String] = []
    private(set) var oversized: Set<Int> = []

    init(_ source: FeedSource) throws(MembershipError) {
        self.source = source
        stream = try XMLStream(source)
    }

    mutating func run() throws(MembershipError) {
        while try stream.read() {
            switch stream.kind {
            case .documentType: try checkDocumentType()
            case .element: try beginElement()
            case .endOfElement: endElement()
            case .text: takeText()
            case .other: break
            }
            if entryDepth != nil { measureEntry() }
        }
    }

    func result() throws(MembershipError) -> (XMLDialect, FeedContents) {
        guard let dialect else { throw source.refusal("is empty XML") }
        guard hasChannel else {
            throw source.refusal("has no channel, so it is not a feed", remedy: "Check it with a feed validator.")
        }
        let channel = FeedChannel(
            title: title, homePage: WebAddress.resolve(homePage, against: base), language: language)
        return (dialect, FeedContents(format: dialect.format, channel: channel, entryCount: entryCount))
    }

    private func checkDocumentType() throws(MembershipError) {
        let declarations = stream.declarations
        guard declarations.any else { return }
        let what =
            declarations.entities
            ? "declares entities of its own, which could be used to exhaust memory or to read files"
            : "declares elements or attributes of its own, which could be used to exhaust memory"
        throw source.refusal(what, line: stream.line, remedy: "Write the feed without declarations in its DOCTYPE.")
    }

    private mutating func beginElement() throws(MembershipError) {
        let depth = stream.depth
        guard depth < FeedLimits.nesting else {
            throw source.refusal(
                "nests elements too deep, more than \(FeedLimits.nesting) in one another", line: stream.line)
        }
        if depth == 0 { return try recognise() }
        guard let dialect, entryDepth == nil else { return }

        if depth == 1 {
            section = stream.name
            hasChannel = hasChannel || section == "channel" && stream.namespace == dialect.namespace
        }
        if dialect.isEntry(stream, section: section) {
            try beginEntry()
            return
        }
        if depth == 1 { try checkAttributes() }
        if field == nil, dialect.isChannelField(depth: depth, section: section) { beginField(dialect) }
    }

    /// Those of the elements that entries are in.
    private func checkAttributes() throws(MembershipError) {
        guard stream.attributeBytes > FeedLimits.channelAttributeBytes else { return }
        throw source.refusal(
            "has an element ‘\(FeedText.shortened(stream.name, to: 80))’ with more than "
                + "\(FeedLimits.channelAttributeBytes) bytes of attributes", line: stream.line)
    }

    private mutating func recognise() throws(MembershipError) {
        let name = stream.name
        dialect = XMLDialect(root: name, namespace: stream.namespace)
        guard let dialect else {
            throw name.lowercased() == "html"
                ? FeedDocument.isHTML(source)
                : source.refusal(
                    "is XML, but not a feed: its outermost element is ‘\(FeedText.shortened(name, to: 80))’",
                    line: stream.line, remedy: "RSS 2.0, RSS 1.0, Atom 1.0 and JSON Feed are read.")
        }
        try checkAttributes()
        hasChannel = dialect.format == .atom
        language = FeedText.language(stream.attribute("xml:lang"))
        base = stream.attribute("xml:base")
    }

    // MARK: Entries

    private mutating func beginEntry() throws(MembershipError) {
        entryCount += 1
        guard entryCount <= FeedLimits.entries else { throw FeedDocument.hasTooManyEntries(source) }
        (entryBytes, entryNodes) = (0, 0)
        // An empty element has no end, and is measured at once.
        if stream.isEmptyElement { measureEntry() } else { entryDepth = stream.depth }
    }

    private mutating func measureEntry() {
        entryNodes += 1
        if stream.kind == .element {
            entryNodes += stream.attributeCount
            entryBytes += stream.attributeBytes
        } else {
            // Comments too: they take memory.
            entryBytes += stream.value.map { Int(xmlStrlen($0)) } ?? 0
        }
        if entryBytes > FeedLimits.entryBytes || entryNodes > FeedLimits.entryNodes { oversized.insert(entryCount) }
    }

    // MARK: Channel

    private mutating func beginField(_ dialect: XMLDialect) {
        let (name, namespace) = (stream.name, stream.namespace)
        let isOwn = namespace == dialect.namespace
        if isOwn, name == "link", dialect.format == .atom {
            // The first page that the feed stands for, not the feed itself.
            if homePage == nil, (stream.attribute("rel") ?? "alternate") == "alternate" {
                homePage = stream.attribute("href")
            }
            return
        }
        let isField =
            switch name {
            case "title", "link": isOwn && stream.depth == (dialect.format == .atom ? 1 : 2)
            case "language": isOwn || namespace == Namespace.dublinCore
            case "name": isOwn && section == "author" && stream.depth == 2
            default: false
            }
        guard isField, !stream.isEmptyElement else { return }
        // Atom says whether a title is HTML; RSS does not, and often is.
        let isHTML = dialect.format != .atom || stream.attribute("type") == "html"
        field = (name, stream.depth, isHTML, [])
    }

    private mutating func takeText() {
        guard let value = stream.value, let taken = field?.text.count else { return }
        let room = FeedLimits.channelFieldBytes - taken
        let bytes = UnsafeBufferPointer(start: value, count: Int(xmlStrlen(value)))
        field?.text.append(contentsOf: bytes.prefix(room))
    }

    private mutating func endElement() {
        if stream.depth == entryDepth { entryDepth = nil }
        guard let ended = field, stream.depth == ended.depth else { return }
        field = nil
        let text = String(decoding: ended.text, as: UTF8.self)
        switch ended.name {
        case "title": title = title ?? (ended.isHTML ? FeedText.line(html: text) : FeedText.line(text))
        case "link": homePage = homePage ?? FeedText.line(text)
        case "language": language = FeedText.language(text) ?? language
        case _ where authors.count < FeedLimits.authors:
            if let name = AuthorName.parse(text), !authors.contains(name) { authors.append(name) }
        default: break
        }
    }
}
