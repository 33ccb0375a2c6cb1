import Membership

/// Looks for an element with more attributes than anything has. libxml2 compares each attribute of an element with all
/// the others before it tells of any, so that a small feed with one such element would take hours.
///
/// Whatever follows a `<` like an element's name is taken for one, in comments and CDATA too: so nothing that comes
/// before can hide one. What is not well-formed ends it, as it ends the parsing (XML 1.0, section 3.1).
struct XMLAttributeLimit {
    private enum Place {
        case outside, opening, name, between, attribute, behindAttribute, beforeValue
        /// The quote that ends it.
        case value(UInt32)
    }

    /// Where it is, counted from 1; of the first element that has too many, when one has.
    private(set) var line = 1
    private let width: FeedUnitWidth
    private var place = Place.outside
    private var attributes = 0
    /// The bytes of a unit that is not whole yet.
    private var begun: [UInt8] = []

    init(_ width: FeedUnitWidth) {
        self.width = width
    }

    /// Whether no element has too many, up to the end of these bytes, which go on where the last ones ended.
    mutating func isKept(by bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes {
            let unit: UInt32
            if width.bytes == 1 {
                unit = UInt32(byte)
            } else {
                begun.append(byte)
                guard begun.count == width.bytes else { continue }
                unit = (width.isBigEndian ? begun : begun.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
                begun.removeAll(keepingCapacity: true)
            }
            guard take(unit) else { return false }
        }
        return true
    }

    private mutating func take(_ unit: UInt32) -> Bool {
        if unit == 0x0A { line += 1 }
        // XML has it nowhere inside of an element's tag.
        if unit == UInt32(ascii: "<") {
            place = .opening
            return true
        }
        let isBlank = unit == 0x20 || unit == 0x09 || unit == 0x0A || unit == 0x0D
        switch place {
        case .outside: break
        case .opening:
            (place, attributes) = (XMLAttributeLimit.isOfName(unit) ? .name : .outside, 0)
        case .name:
            if isBlank { place = .between } else if !XMLAttributeLimit.isOfName(unit) { place = .outside }
        case .between:
            if !isBlank { place = XMLAttributeLimit.isOfName(unit) ? .attribute : .outside }
        case .attribute, .behindAttribute:
            if unit == UInt32(ascii: "=") {
                place = .beforeValue
            } else if isBlank {
                place = .behindAttribute
            } else if case .behindAttribute = place {
                place = .outside
            } else if !XMLAttributeLimit.isOfName(unit) {
                place = .outside
            }
        case .beforeValue:
            if unit == UInt32(ascii: "\"") || unit == UInt32(ascii: "'") {
                attributes += 1
                place = .value(unit)
                return attributes <= FeedLimits.attributes
            }
            if !isBlank { place = .outside }
        case .value(let quote):
            // libxml2 goes on without a blank between two, and tells of it later.
            if unit == quote { place = .between }
        }
        return true
    }

    /// Whether it may stand in a name; more may than do.
    private static func isOfName(_ unit: UInt32) -> Bool {
        unit >= 0x80 || UInt8(truncatingIfNeeded: unit).isASCIILetterOrDigit(or: "_:-.")
    }
}

/// How many bytes a unit of an encoding has, in which the signs of XML are what they are in ASCII.
struct FeedUnitWidth: Equatable, Sendable {
    let bytes: Int
    let isBigEndian: Bool

    static let one = FeedUnitWidth(bytes: 1, isBigEndian: true)

    /// By how a document begins: with a byte order mark, or `<` (XML 1.0, appendix F).
    init(of head: some Collection<UInt8>) {
        let head = Array(head.prefix(4))
        self =
            switch head {
            case [0, 0, 0xFE, 0xFF], [0, 0, 0, 0x3C]: FeedUnitWidth(bytes: 4, isBigEndian: true)
            case [0xFF, 0xFE, 0, 0], [0x3C, 0, 0, 0]: FeedUnitWidth(bytes: 4, isBigEndian: false)
            case _ where head.starts(with: [0xFE, 0xFF]) || head.starts(with: [0, 0x3C]):
                FeedUnitWidth(bytes: 2, isBigEndian: true)
            case _ where head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0x3C, 0]):
                FeedUnitWidth(bytes: 2, isBigEndian: false)
            default: .one
            }
    }

    private init(bytes: Int, isBigEndian: Bool) {
        (self.bytes, self.isBigEndian) = (bytes, isBigEndian)
    }
}

extension UInt32 {
    fileprivate init(ascii scalar: Unicode.Scalar) { self = scalar.value }
}
