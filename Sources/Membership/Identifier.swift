/// The identity of one thing: 64 bits, ordered by when it was made, unique among things of its kind.
///
/// The upper 42 bits are the milliseconds since 1970 at which it was made, the lower 21 tell apart what was made in
/// the same millisecond. Outside it is written with a prefix and thirteen digits of Crockford's base 32:
/// `acct_01hzy3k2m4n5p`. Reading ignores case and takes `o` for 0, `i` and `l` for 1, as Crockford advises.
public struct Identifier<Kind: IdentifiedKind>: Hashable, Comparable, Sendable {
    /// The number as it is stored; never negative.
    public let rawValue: Int64

    /// Takes a stored number.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Made earlier comes first.
    public static func < (left: Identifier, right: Identifier) -> Bool { left.rawValue < right.rawValue }
}

/// A kind of thing that has identifiers of its own.
public protocol IdentifiedKind {
    /// What identifiers of this kind begin with outside, without the underscore.
    static var identifierPrefix: String { get }
}

extension Identifier: CustomStringConvertible {
    /// The prefix, an underscore and thirteen digits, lower case.
    public var description: String {
        Kind.identifierPrefix + "_" + CrockfordBase32.encode(UInt64(bitPattern: rawValue))
    }

    /// Reads what ``description`` writes; nil for anything else.
    public init?(_ text: String) {
        let head = Kind.identifierPrefix + "_"
        guard
            text.count == head.count + CrockfordBase32.digitCount, text.lowercased().hasPrefix(head),
            let number = CrockfordBase32.decode(text.dropFirst(head.count)), number <= UInt64(Int64.max)
        else { return nil }
        rawValue = Int64(number)
    }
}

extension Identifier: Encodable {
    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Douglas Crockford's base 32 for 64-bit numbers, thirteen digits wide, so that text sorts like the numbers.
enum CrockfordBase32 {
    static let digitCount = 13
    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    static func encode(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: digitCount) { buffer in
            for place in 0..<digitCount {
                buffer[place] = digits[Int(truncatingIfNeeded: number >> UInt64(5 * (digitCount - 1 - place))) & 31]
            }
            return digitCount
        }
    }

    static func decode(_ text: Substring) -> UInt64? {
        var number: UInt64 = 0
        for byte in text.lowercased().utf8 {
            let plain =
                switch byte {
                case UInt8(ascii: "o"): UInt8(ascii: "0")
                case UInt8(ascii: "i"), UInt8(ascii: "l"): UInt8(ascii: "1")
                default: byte
                }
            guard let digit = digits.firstIndex(of: plain), number >> 59 == 0 else { return nil }
            number = number << 5 | UInt64(digit)
        }
        return number
    }
}
