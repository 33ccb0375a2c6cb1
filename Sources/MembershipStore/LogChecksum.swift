/// The checksum over a log from its beginning to some place in it.
struct LogChecksum: Equatable, Sendable {
    private(set) var first: UInt32 = 0
    private(set) var second: UInt32 = 0

    init() {}

    /// Reads one that stands at a place.
    init(_ bytes: [UInt8], at place: Int) {
        first = bytes.bigEndian(at: place)
        second = bytes.bigEndian(at: place + 4)
    }

    /// As hexadecimal digits.
    var text: String { "\(String(first, radix: 16)).\(String(second, radix: 16))" }

    /// Goes on over a whole number of eight bytes.
    mutating func add(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) {
        bytes.withUnsafeBytes { bytes in
            var (one, two) = (first, second)
            var place = 0
            while place + 8 <= bytes.count {
                let words = (
                    bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self),
                    bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
                )
                one &+= (isBigEndian ? UInt32(bigEndian: words.0) : UInt32(littleEndian: words.0)) &+ two
                two &+= (isBigEndian ? UInt32(bigEndian: words.1) : UInt32(littleEndian: words.1)) &+ one
                place += 8
            }
            (first, second) = (one, two)
        }
    }
}

extension [UInt8] {
    func bigEndian(at place: Int) -> UInt32 {
        self[place..<(place + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
