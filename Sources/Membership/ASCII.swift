extension UInt8 {
    /// Whether it is 0 to 9 in ASCII.
    package var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// Whether it is a letter, a digit, or one of some marks in ASCII.
    package func isASCIILetterOrDigit(or marks: StaticString = "") -> Bool {
        // The bit of the small letters.
        if isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) { return true }
        return marks.withUTF8Buffer { $0.contains(self) }
    }
}
