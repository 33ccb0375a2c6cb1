import Membership

/// Looks for an element of HTML with more attributes than anything has, which libxml2 compares each with all the
/// others.
///
/// Each `<` before a letter is looked at as libxml2 would read an element there, wherever it stands: so neither
/// comments nor scripts nor quotes can hide one. What is none, such as a `<` in a script, seldom has so many words
/// before a `>`.
struct HTMLAttributeLimit {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0
    /// Where the next of each is, as far as that has been looked for: from many places it is the same.
    private var (blankOrEnd, quote, apostrophe) = (-1, -1, -1)

    private init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    static func isKept(by bytes: UnsafeRawBufferPointer) -> Bool {
        var limit = HTMLAttributeLimit(bytes)
        for start in bytes.indices.dropLast() where bytes[start] == UInt8(ascii: "<") {
            guard isNameStart(bytes[start + 1]) else { continue }
            limit.place = start + 1
            guard limit.hasFew() else { return false }
        }
        return true
    }

    /// Whether the element whose name is next has no more than are allowed.
    private mutating func hasFew() -> Bool {
        _ = takeName()
        var count = 0
        while count <= FeedLimits.htmlAttributes {
            takeBlanks()
            guard let first = next, first != UInt8(ascii: ">") else { return true }
            if first == UInt8(ascii: "/"), place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: ">") {
                return true
            }
            guard HTMLAttributeLimit.isNameStart(first) || first == UInt8(ascii: ".") else {
                place = nextBlankOrEnd(from: place)
                continue
            }
            // libxml2 takes a hundred bytes for a name.
            count += 1 + takeName() / 100
            let behind = place
            takeBlanks()
            if next == UInt8(ascii: "=") {
                place += 1
                takeBlanks()
                takeValue()
            } else {
                place = behind
            }
        }
        return false
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func takeBlanks() {
        while let byte = next, HTMLAttributeLimit.isBlank(byte) { place += 1 }
    }

    /// - Returns: how long it is.
    private mutating func takeName() -> Int {
        let start = place
        while let byte = next, byte.isASCIILetterOrDigit(or: "_:-.") { place += 1 }
        return place - start
    }

    private mutating func takeValue() {
        switch next {
        case UInt8(ascii: "\""):
            if quote <= place { quote = index(from: place + 1) { $0 == UInt8(ascii: "\"") } }
            place = quote + 1
        case UInt8(ascii: "'"):
            if apostrophe <= place { apostrophe = index(from: place + 1) { $0 == UInt8(ascii: "'") } }
            place = apostrophe + 1
        default: place = nextBlankOrEnd(from: place)
        }
    }

    private mutating func nextBlankOrEnd(from start: Int) -> Int {
        if blankOrEnd < start {
            blankOrEnd = index(from: start) { HTMLAttributeLimit.isBlank($0) || $0 == UInt8(ascii: ">") }
        }
        return blankOrEnd
    }

    private func index(from start: Int, _ isMeant: (UInt8) -> Bool) -> Int {
        var index = start
        while index < bytes.count, !isMeant(bytes[index]) { index += 1 }
        return index
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        !byte.isASCIIDigit && byte.isASCIILetterOrDigit(or: "_:")
    }
}
