/// Looks for elements with more attributes than anything has. libxml2 compares each attribute of an element with all the
/// others before it tells of any, so that a small feed with one such element would take hours.
///
/// It goes by what XML 1.0 says of `<`, quotes, comments and CDATA, and over what is not well-formed as far as that goes:
/// libxml2 refuses it.
struct TagLimit {
    private enum Place {
        case text
        /// Behind `<`, before it is known of what.
        case opening
        case tag
        /// Inside of a value; the quote that ends it.
        case value(UInt8)
        /// Up to an ending of three: `-->`, `]]>`; or `?>`, `>` of what else begins with `<!` or `<?`.
        case skipped(until: [UInt8])
        /// Behind `<!`, with what follows so far.
        case declaration([UInt8])
    }

    private var place = Place.text
    private var attributes = 0
    /// Where it is, counted from 1; of the first element that has too many, when one has.
    private(set) var line = 1
    /// The last bytes of what is skipped.
    private var recent: [UInt8] = []

    /// Whether no element has too many, up to the end of these bytes, which go on where the last ones ended.
    ///
    /// - Parameter bytes: of an encoding in which the marks of XML are ASCII, or ASCII beside zeros, as in UTF-16.
    mutating func isKept(by bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where byte != 0 {
            if isExceeded(by: byte) { return false }
        }
        return true
    }

    private mutating func isExceeded(by byte: UInt8) -> Bool {
        if byte == UInt8(ascii: "\n") { line += 1 }
        switch place {
        case .text:
            if byte == UInt8(ascii: "<") { place = .opening }
        case .opening:
            switch byte {
            case UInt8(ascii: "!"): place = .declaration([])
            case UInt8(ascii: "?"): skip(until: Array("?>".utf8))
            default: (place, attributes) = (.tag, 0)
            }
        case .declaration(let begun):
            let begun = begun + [byte]
            if begun == Array("--".utf8) {
                skip(until: Array("-->".utf8))
            } else if begun == Array("[CDATA[".utf8) {
                skip(until: Array("]]>".utf8))
            } else if Array("--".utf8).starts(with: begun) || Array("[CDATA[".utf8).starts(with: begun) {
                place = .declaration(begun)
            } else {
                skip(until: Array(">".utf8))
                end(with: byte)
            }
        case .skipped: end(with: byte)
        case .tag:
            switch byte {
            case UInt8(ascii: ">"): place = .text
            case UInt8(ascii: "\""), UInt8(ascii: "'"): place = .value(byte)
            case UInt8(ascii: "="):
                attributes += 1
                return attributes > FeedLimits.attributes
            default: break
            }
        case .value(let quote):
            if byte == quote { place = .tag }
        }
        return false
    }

    private mutating func skip(until ending: [UInt8]) {
        place = .skipped(until: ending)
        recent = []
    }

    private mutating func end(with byte: UInt8) {
        guard case .skipped(let ending) = place else { return }
        recent.append(byte)
        if recent.count > ending.count { recent.removeFirst() }
        if recent == ending { place = .text }
    }
}
