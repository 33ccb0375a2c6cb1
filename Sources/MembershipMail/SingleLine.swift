import Membership

/// Text for a place that has one line: a header, a value in a sentence.
enum SingleLine {
    /// The text with each run of white space and control characters made one space, and none around it.
    ///
    /// This is what keeps a name with a line break from becoming a header of its own.
    static func of(_ text: String) -> String {
        let parts = text.unicodeScalars.split {
            PlainText.isControl($0) || $0.properties.isWhitespace && $0 != "\u{A0}"
        }
        return parts.map { String($0) }.joined(separator: " ")
    }
}
