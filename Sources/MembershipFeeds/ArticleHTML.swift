import CLibxml2

/// HTML from a feed, parsed and written anew with nothing in it but what is on the list below.
///
/// What is not listed does not pass, whatever it is; nothing is filtered by pattern. Reading the result again gives the
/// same result.
struct ArticleHTML {
    private(set) var html = ""
    /// The text alone, NFC; blocks are paragraphs, with an empty line between them.
    private(set) var plainText = ""
    /// The first image that is more than a tracking pixel.
    private(set) var firstImage: String?
    /// ``plainText`` as it was written, before NFC. An ``ArticleCut`` is counted in it.
    private(set) var writtenText = ""
    /// What its images say to those who do not see them.
    private(set) var imageTexts: [String] = []

    /// Reads `text` as HTML; `base` is where its relative addresses are meant. Nil when it nests too deep, or an
    /// element has too many attributes.
    init?(parsing text: String, base: String?) {
        guard let written = ArticleHTML.parse(text, { $0.written(base: base) }) else { return nil }
        self = written
    }

    /// Reads `text` as HTML and hands it to `write`, which may write it more than once, in full or up to a cut. Nil
    /// when it cannot be read.
    static func parse<Result>(_ text: String, _ write: (ParsedArticle) -> Result?) -> Result? {
        // libxml2 would take U+0000 for the end.
        let text = text.utf8.contains(0) ? text.filter { $0 != "\0" } : text
        guard !text.isEmpty else { return write(ParsedArticle(first: nil)) }
        return Libxml2.quietly { () -> Result? in
            guard let context = htmlNewParserCtxt() else { return nil }
            defer { htmlFreeParserCtxt(context) }
            let options =
                HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue
                | HTML_PARSE_NONET.rawValue
            let bytes = Array(text.utf8)
            guard bytes.withUnsafeBytes(HTMLAttributeLimit.isKept) else { return nil }
            let document = bytes.withUnsafeBytes { buffer in
                htmlCtxtReadMemory(
                    context, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), nil, "UTF-8",
                    Int32(options))
            }
            defer { xmlFreeDoc(document) }
            // libxml2 gives up at 256 elements inside one another and leaves out the rest.
            guard context.pointee.disableSAX == 0 else { return nil }
            return write(ParsedArticle(first: document?.pointee.children))
        }
    }

    /// Writes what is inside an element of XHTML. Nil when it nests too deep.
    init?(xhtml element: FeedElement, base: String?) {
        guard let written = ParsedArticle(first: element.node.pointee.children).written(base: base) else { return nil }
        self = written
    }

    /// Text without markup: an empty line begins a paragraph, a line end a line.
    init?(text: String, base: String?) {
        var paragraphs: [String] = []
        var lines: [String] = []
        for line in (text + "\n").split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if let line = FeedText.line(String(line)) {
                lines.append(ArticleHTML.escaped(line))
            } else if !lines.isEmpty {
                paragraphs.append("<p>\(lines.joined(separator: "<br>"))</p>")
                lines = []
            }
        }
        self.init(parsing: paragraphs.joined(), base: base)
    }

    static let empty = ArticleHTML()

    private init() {}

    fileprivate init?(_ walk: consuming Walk) {
        guard !walk.writer.isTooDeep else { return nil }
        html = walk.writer.html
        writtenText = walk.writer.plainText
        plainText = FeedText.normalized(writtenText)
        firstImage = walk.firstImage
        imageTexts = walk.imageTexts
    }

    private static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        ArticleWriter.escape(Array(text.utf8), into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The nodes of an article, as long as what parsed them is there.
struct ParsedArticle {
    fileprivate let first: xmlNodePtr?

    /// Writes the article, or what is in front of `cut`; `imageText` says what an image may say. Nil when it nests too
    /// deep.
    func written(
        base: String?, upTo cut: ArticleCut? = nil, imageText: @escaping (String) -> String = { $0 }
    ) -> ArticleHTML? {
        var walk = Walk(base: base, writer: ArticleWriter(upTo: cut), imageText: imageText)
        walk.siblings(first)
        walk.writer.finish()
        return ArticleHTML(walk)
    }
}

// MARK: - The list

extension ArticleHTML {
    /// What becomes of an element.
    fileprivate enum Fate {
        case kept(ArticleTag)
        case lineBreak
        case rule
        case image
        case link
        /// The tag goes, what is inside stays; for a block, as paragraphs of its own.
        case unwrapped(isBlock: Bool)
        case dropped
    }

    fileprivate static func fate(of name: String) -> Fate {
        switch name {
        case "h1": return .kept(.h2)
        case "a": return .link
        case "br": return .lineBreak
        case "hr": return .rule
        case "img": return .image
        case _ where dropped.contains(name): return .dropped
        default:
            if let tag = ArticleTag(rawValue: name) { return .kept(tag) }
            return .unwrapped(isBlock: blocks.contains(name))
        }
    }

    /// Elements whose content is not text to read.
    private static let dropped: Set = [
        "applet", "area", "audio", "base", "button", "canvas", "datalist", "embed", "form", "frame", "frameset", "head",
        "iframe", "input", "link", "map", "math", "meta", "meter", "noembed", "noframes", "noscript", "object",
        "optgroup", "option", "output", "param", "plaintext", "progress", "script", "select", "source", "style", "svg",
        "template", "textarea", "title", "track", "video", "xmp",
    ]

    /// Blocks that are not kept themselves.
    private static let blocks: Set = [
        "address", "article", "aside", "body", "center", "details", "dialog", "dir", "div", "fieldset", "footer",
        "header", "hgroup", "html", "legend", "main", "menu", "nav", "search", "section", "summary",
    ]
}

/// A walk over the nodes of an article. It is as deep as the article, which the parser has limited.
private struct Walk {
    let base: String?
    var writer: ArticleWriter
    let imageText: (String) -> String
    var firstImage: String?
    var imageTexts: [String] = []

    mutating func siblings(_ first: xmlNodePtr?) {
        var next = first
        // Behind a cut no node is looked at, whatever it is.
        while let node = next, !writer.isFull {
            switch node.pointee.type {
            case XML_ELEMENT_NODE: element(FeedElement(node: node))
            case XML_ENTITY_REF_NODE:
                let character = FeedElement.character(of: node) ?? ""
                character.utf8.withContiguousStorageIfAvailable { writer.write($0) }
            default: writer.write(FeedElement.text(of: node))
            }
            next = node.pointee.next
        }
    }

    private mutating func element(_ element: FeedElement) {
        let children = element.node.pointee.children
        switch ArticleHTML.fate(of: element.name.lowercased()) {
        case .dropped: break
        case .lineBreak: writer.lineBreak()
        case .rule: writer.rule()
        case .image: image(element)
        case .unwrapped(let isBlock):
            if isBlock { writer.breakBlock() }
            siblings(children)
            if isBlock { writer.breakBlock() }
        case .kept(let tag):
            let isOpen = writer.begin(tag, cellAttributes(element, tag))
            siblings(children)
            writer.end(tag, isOpen)
        case .link:
            guard let address = WebAddress.resolveLink(element.attribute("href"), against: base) else {
                return siblings(children)
            }
            let isOpen = writer.begin(.a, [("href", address), ("rel", "nofollow noopener")])
            siblings(children)
            writer.end(.a, isOpen)
        }
    }

    private func cellAttributes(_ element: FeedElement, _ tag: ArticleTag) -> [(String, String)] {
        guard tag == .td || tag == .th else { return [] }
        return ["colspan", "rowspan"].compactMap { name in
            number(element.attribute(name)).flatMap { (1...1000).contains($0) ? (name, String($0)) : nil }
        }
    }

    private mutating func image(_ element: FeedElement) {
        guard let source = WebAddress.resolve(element.attribute("src"), against: base) else { return }
        let width = number(element.attribute("width"))
        let height = number(element.attribute("height"))
        // An image one pixel wide or high shows nothing; it is there to count readers.
        guard width ?? 2 > 1, height ?? 2 > 1 else { return }

        firstImage = firstImage ?? source
        let text = FeedText.line(element.attribute("alt"))
        if let text { imageTexts.append(text) }
        var attributes = [("src", source), ("alt", text.map(imageText) ?? "")]
        if let width { attributes.append(("width", String(width))) }
        if let height { attributes.append(("height", String(height))) }
        writer.image(attributes)
    }

    /// A length in pixels, with or without the unit.
    private func number(_ text: String?) -> Int? {
        guard let text = FeedText.line(text) else { return nil }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard digits.count == text.count || text.dropFirst(digits.count) == "px" else { return nil }
        return digits.count <= 5 ? Int(digits) : nil
    }
}
