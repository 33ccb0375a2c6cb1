/// The ends of lines, which are CR LF, CR or LF, depending on who wrote the text.
enum LineBreak {
    /// The text with a line feed for each of them. Byte by byte, because Swift takes CR LF for one character.
    static func feeds(in text: some Sequence<UInt8>) -> [UInt8] {
        let (feed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
        var feeds: [UInt8] = []
        feeds.reserveCapacity(text.underestimatedCount)
        var before: UInt8 = 0
        for byte in text {
            if byte == carriageReturn {
                feeds.append(feed)
            } else if byte != feed || before != carriageReturn {
                feeds.append(byte)
            }
            before = byte
        }
        return feeds
    }
}
