import Membership

/// The elements that an article may have, besides `br`, `hr` and `img`, which hold nothing.
enum ArticleTag: String {
    case p, h2, h3, h4, h5, h6, pre
    case ul, ol, li, dl, dt, dd, blockquote, figure, figcaption
    case table, caption, thead, tbody, tfoot, tr, td, th
    case code, em, strong, b, i, u, s, sub, sup, small, mark, abbr, cite, q, del, ins, kbd, samp, `var`, time, a

    enum Kind {
        /// Holds text and inline elements.
        case leaf
        /// Holds text or blocks.
        case container
        /// Holds only certain containers.
        case structure
        case inline
    }

    var kind: Kind {
        switch self {
        // HTML lets a term hold some blocks, but libxml2 ends it where one begins.
        case .p, .h2, .h3, .h4, .h5, .h6, .pre, .dt: .leaf
        case .li, .dd, .blockquote, .figure, .figcaption, .caption, .td, .th: .container
        case .ul, .ol, .dl, .table, .thead, .tbody, .tfoot, .tr: .structure
        default: .inline
        }
    }

    /// Where this one may stand; nil for anywhere.
    var parents: Set<ArticleTag>? {
        switch self {
        case .li: [.ul, .ol]
        case .dt, .dd: [.dl]
        case .figcaption: [.figure]
        case .caption, .thead, .tbody, .tfoot: [.table]
        case .tr: [.table, .thead, .tbody, .tfoot]
        case .td, .th: [.tr, .table, .thead, .tbody, .tfoot]
        default: nil
        }
    }

    /// What a structure needs in between before it can hold something it may not hold itself.
    var filling: ArticleTag? {
        switch self {
        case .ul, .ol: .li
        case .dl: .dd
        case .table, .thead, .tbody, .tfoot: .tr
        case .tr: .td
        default: nil
        }
    }
}

/// Writes articles so that the result is valid whatever the order of calls: each piece of text stands in a paragraph or
/// another place where text may stand, each list entry in a list, each cell in a row, and every tag is closed.
///
/// A tag is written only when something is written inside it, so that empty ones vanish, and a tag around blocks, such as
/// a link around a heading, is written inside each of them.
struct ArticleWriter {
    private var output: [UInt8] = []
    private var text: [UInt8] = []
    /// What the calls have begun and not ended.
    private var wanted: [Frame] = []
    /// What is written and not closed.
    private var written: [Frame] = []
    private var frameCount = 0
    /// The paragraph that text gets which stands outside of all blocks.
    private var ownParagraph: Frame?
    /// Text stands in a container directly, and a block that was unwrapped has ended behind it.
    private var needsParagraph = false
    /// Something inline was written, and no block has begun or ended since.
    private var isInline = false
    private var pendingSpace = false
    private var pendingBreak = false
    private(set) var isTooDeep = false
    /// The cut is reached: nothing may be written any more, and what is open must be ended.
    private(set) var isFull = false
    private let cut: ArticleCut?

    /// Writes all, or only as far as `cut`.
    init(upTo cut: ArticleCut? = nil) {
        self.cut = cut
    }

    private struct Frame: Equatable {
        var tag: ArticleTag
        /// Unlike any other frame's, but for fillings: they have their parent's and a level.
        var id: Int
        var level = 0
        var attributes: [(String, String)] = []

        static func == (left: Frame, right: Frame) -> Bool {
            left.id == right.id && left.level == right.level
        }
    }

    var html: String { String(decoding: output, as: UTF8.self) }
    var plainText: String { String(decoding: text, as: UTF8.self) }

    /// Begins an element; false when it cannot stand here, and what is inside is taken without it.
    mutating func begin(_ tag: ArticleTag, _ attributes: [(String, String)] = []) -> Bool {
        let isInline = tag.kind == .inline
        if !isInline { breakBlock() }
        guard canStandHere(tag) else { return false }
        if !isInline { needsParagraph = false }
        frameCount += 1
        wanted.append(Frame(tag: tag, id: frameCount, attributes: attributes))
        // A cell holds its column even when it is empty.
        if tag == .td || tag == .th { write(containers(in: wanted)) }
        return true
    }

    /// Ends what ``begin(_:_:)`` began, and was told to be open.
    mutating func end(_ tag: ArticleTag, _ isOpen: Bool) {
        if isOpen { wanted.removeLast() }
        if tag.kind != .inline {
            breakBlock()
            if isOpen { needsParagraph = false }
        }
    }

    /// Ends the paragraph, if text stands in one.
    mutating func breakBlock() {
        needsParagraph = needsParagraph || isInline
        ownParagraph = nil
        isInline = false
        pendingBreak = true
    }

    mutating func finish() {
        write([])
    }

    private func canStandHere(_ tag: ArticleTag) -> Bool {
        switch tag {
        // A link in a link means nothing, and a paragraph in a heading is the heading.
        case .a: !wanted.contains { $0.tag == .a }
        case .p: !(wanted.last { $0.tag.kind != .inline }.map { $0.tag.kind == .leaf && $0.tag != .p } ?? false)
        default:
            if let parents = tag.parents {
                wanted.last { $0.tag.kind != .inline && $0.tag.kind != .leaf }.map { parents.contains($0.tag) } ?? false
            } else {
                true
            }
        }
    }
}

// MARK: - Content

extension ArticleWriter {
    /// Writes text. White space alone counts only between other inline content.
    mutating func write(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !isFull, ArticleWriter.holdsText(bytes, orSpace: isInline) else { return }
        write(placeForInline())
        let taken = writePlain(bytes)
        ArticleWriter.escape(UnsafeBufferPointer(rebasing: bytes[..<taken]), into: &output)
        isInline = true
        if isFull, let mark = cut?.mark.utf8 {
            output.append(contentsOf: mark)
            text.append(contentsOf: mark)
        }
    }

    mutating func lineBreak() {
        // At the beginning of a block it would only be a gap.
        guard isInline else { return }
        write(placeForInline())
        output.append(contentsOf: "<br>".utf8)
        while text.last == UInt8(ascii: " ") { text.removeLast() }
        if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
        pendingSpace = false
    }

    mutating func rule() {
        breakBlock()
        needsParagraph = false
        write(filled(containers(in: wanted)))
        output.append(contentsOf: "<hr>".utf8)
    }

    mutating func image(_ attributes: [(String, String)]) {
        write(placeForInline())
        writeTag("img", attributes)
        isInline = true
    }

    /// Writes to the plain text, and says how many of the bytes stand in front of the cut.
    private mutating func writePlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        if pendingBreak {
            while text.last == UInt8(ascii: "\n") { text.removeLast() }
            if !text.isEmpty { text.append(contentsOf: "\n\n".utf8) }
            (pendingBreak, pendingSpace) = (false, false)
        }
        var taken = bytes.count
        ArticleWriter.pieces(of: bytes) { piece in
            for (index, byte) in zip(piece.indices, piece) {
                guard !isFull else { return }
                if ArticleWriter.isSpace(byte) {
                    pendingSpace = true
                    continue
                }
                if pendingSpace, let last = text.last, last != UInt8(ascii: "\n") { text.append(UInt8(ascii: " ")) }
                pendingSpace = false
                text.append(byte)
                if text.count == cut?.length {
                    isFull = true
                    // A piece that is not of `bytes` is a line end, and does not come here.
                    taken = index + 1
                }
            }
        }
        return taken
    }
}

// MARK: - Places

extension ArticleWriter {
    /// The elements that inline content must stand in now, from the outside in.
    private mutating func placeForInline() -> [Frame] {
        var place = containers(in: wanted)
        let lastContainer = wanted.lastIndex { $0.tag.kind == .container || $0.tag.kind == .structure } ?? -1
        let inner = wanted[(lastContainer + 1)...]
        let leaf = inner.last { $0.tag.kind == .leaf }
        if leaf?.tag != .dt { place = filled(place) }
        if let leaf {
            place.append(leaf)
        } else if place.isEmpty || needsParagraph || ownParagraph != nil {
            if ownParagraph == nil { frameCount += 1 }
            let paragraph = ownParagraph ?? Frame(tag: .p, id: frameCount)
            (ownParagraph, needsParagraph) = (paragraph, false)
            place.append(paragraph)
        }
        return place + wanted.filter { $0.tag.kind == .inline }
    }

    /// The containers and structures among `frames`, with what must stand between them.
    private func containers(in frames: [Frame]) -> [Frame] {
        var result: [Frame] = []
        for frame in frames where frame.tag.kind == .container || frame.tag.kind == .structure {
            let isCell = frame.tag == .td || frame.tag == .th
            if let last = result.last, !isFine(frame.tag, in: last.tag) {
                result = isCell ? result + [filling(of: last)].compactMap { $0 } : filled(result)
            }
            result.append(frame)
        }
        return result
    }

    private func isFine(_ tag: ArticleTag, in parent: ArticleTag) -> Bool {
        guard parent.kind == .structure else { return true }
        if tag == .td || tag == .th { return parent == .tr }
        return tag.parents?.contains(parent) ?? false
    }

    /// `frames` and what is still missing before text may stand in the last.
    private func filled(_ frames: [Frame]) -> [Frame] {
        var frames = frames
        while let last = frames.last, let next = filling(of: last) { frames.append(next) }
        return frames
    }

    private func filling(of frame: Frame) -> Frame? {
        frame.tag.filling.map { Frame(tag: $0, id: frame.id, level: frame.level + 1) }
    }

    /// Closes and opens tags until `place` is what is open.
    private mutating func write(_ place: [Frame]) {
        // Half of what a parser takes, so that the result can be read again.
        guard place.count <= FeedLimits.nesting / 2 else { return isTooDeep = true }
        let common = zip(written, place).prefix { $0 == $1 }.count
        while written.count > common {
            output.append(contentsOf: "</\(written.removeLast().tag.rawValue)>".utf8)
        }
        for frame in place[common...] {
            writeTag(frame.tag.rawValue, frame.attributes)
            written.append(frame)
        }
    }

    private mutating func writeTag(_ name: String, _ attributes: [(String, String)]) {
        output.append(contentsOf: "<\(name)".utf8)
        for (name, value) in attributes {
            output.append(contentsOf: " \(name)=\"".utf8)
            ArticleWriter.escape(value.utf8, into: &output)
            output.append(UInt8(ascii: "\""))
        }
        output.append(UInt8(ascii: ">"))
    }
}

// MARK: - Characters

extension ArticleWriter {
    /// Appends `bytes` so that no parser takes them for anything but text, in an attribute's quotes too.
    static func escape(_ bytes: some Collection<UInt8>, into output: inout [UInt8]) {
        bytes.withContiguousStorageIfAvailable { buffer in
            pieces(of: buffer) { piece in
                var rest = piece
                while let index = rest.firstIndex(where: isSpecial) {
                    output.append(contentsOf: rest[..<index])
                    output.append(contentsOf: entity(rest[index]))
                    rest = rest[(index + 1)...]
                }
                output.append(contentsOf: rest)
            }
        }
    }

    /// Gives out `bytes` without control characters, in as few pieces as there are. White space of ASCII stays as it is;
    /// other line ends, such as U+2028, become one that every display knows.
    private static func pieces(
        of bytes: UnsafeBufferPointer<UInt8>, _ body: (Slice<UnsafeBufferPointer<UInt8>>) -> Void
    ) {
        var start = bytes.startIndex
        var index = start
        while index < bytes.endIndex {
            guard let control = control(bytes, at: index) else {
                index += 1
                continue
            }
            body(bytes[start..<index])
            if control.isLineEnd { body(lineEnd[...]) }
            index += control.length
            start = index
        }
        body(bytes[start...])
    }

    private static func holdsText(_ bytes: UnsafeBufferPointer<UInt8>, orSpace: Bool) -> Bool {
        var holdsText = false
        pieces(of: bytes) { holdsText = holdsText || (orSpace ? !$0.isEmpty : !$0.allSatisfy(isSpace)) }
        return holdsText
    }

    private static var lineEnd: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: ("\n" as StaticString).utf8Start, count: 1)
    }

    /// The control character at `index`, if there is one that may not stay.
    private static func control(
        _ bytes: UnsafeBufferPointer<UInt8>, at index: Int
    ) -> (length: Int, isLineEnd: Bool)? {
        let byte = bytes[index]
        guard byte < 0x20 || byte >= 0x7F, !isSpace(byte) else { return nil }
        // The first bytes of all characters of PlainText.isControl.
        let length =
            switch byte {
            case ..<0x80: 1
            case 0xC2, 0xD8: 2
            case 0xE2, 0xEF: 3
            default: 0
            }
        guard length > 0, index + length <= bytes.count else { return nil }
        let scalar = String(decoding: bytes[index..<(index + length)], as: UTF8.self).unicodeScalars.first
        guard let scalar, PlainText.isControl(scalar) else { return nil }
        return (length, length > 1 && FeedText.isSpace(scalar))
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "&") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
            || byte == UInt8(ascii: "\"")
    }

    private static func entity(_ byte: UInt8) -> String.UTF8View {
        switch byte {
        case UInt8(ascii: "&"): "&amp;".utf8
        case UInt8(ascii: "<"): "&lt;".utf8
        case UInt8(ascii: ">"): "&gt;".utf8
        default: "&quot;".utf8
        }
    }
}
