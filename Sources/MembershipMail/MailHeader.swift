import Membership

/// Header fields in ASCII, folded so that no line has more than 76 characters: RFC 5322, and RFC 2047 for text that is
/// not ASCII.
enum MailHeader {
    /// A field of text, such as the subject.
    static func field(_ name: String, _ text: String) -> String {
        let plain = "\(name): \(text)"
        if isPlain(text), plain.utf8.count <= longestLine { return plain }
        return "\(name): " + encodedWords(text, first: longestLine - name.utf8.count - 2).joined(separator: "\r\n ")
    }

    /// A field of one person at an address.
    static func field(_ name: String, _ mailbox: Mailbox) -> String {
        guard let person = mailbox.name else { return "\(name): \(mailbox.address)" }
        let address = "<\(mailbox.address)>"
        let words: [String]
        let room = longestLine - name.utf8.count - 2
        if isPlain(person), quoted(person).utf8.count <= room {
            words = [quoted(person)]
        } else {
            words = encodedWords(person, first: room)
        }
        let lastLine = (words.count == 1 ? name.utf8.count + 2 : 1) + (words.last?.utf8.count ?? 0)
        let fits = lastLine + 1 + address.utf8.count <= longestLine
        return "\(name): " + words.joined(separator: "\r\n ") + (fits ? " " : "\r\n ") + address
    }

    /// The longest line with an encoded word (RFC 2047, 2).
    private static let longestLine = 76
    /// The longest encoded word.
    private static let longestWord = 75

    /// Whether the text may stand as it is: printable ASCII that no reader takes for an encoded word.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?")
    }

    /// A name as a phrase: as it is when it is made of atoms, else between quotation marks.
    private static func quoted(_ name: String) -> String {
        let isAtoms = name.utf8.allSatisfy { byte in
            byte.isASCIILetterOrDigit() || " !#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
        }
        if isAtoms { return name }
        return "\"" + name.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
    }

    /// The text as encoded words of the form Q, none of which cuts a character.
    ///
    /// - Parameter first: the room for the first of them; the others have a line each.
    private static func encodedWords(_ text: String, first: Int) -> [String] {
        let (opening, closing) = ("=?UTF-8?Q?", "?=")
        var words: [String] = []
        var word = opening
        for scalar in text.unicodeScalars {
            let piece = encoded(scalar)
            let room = min(words.isEmpty ? first : longestWord, longestWord)
            if word.utf8.count + piece.utf8.count + closing.utf8.count > room {
                words.append(word + closing)
                word = opening
            }
            word += piece
        }
        return words + [word + closing]
    }

    /// Only what may stand in a name as well as in a subject stays as it is (RFC 2047, 5).
    private static func encoded(_ scalar: Unicode.Scalar) -> String {
        if scalar == " " { return "_" }
        let bytes = Array(String(scalar).utf8)
        if bytes.count == 1, bytes[0].isASCIILetterOrDigit() || "!*+-/".utf8.contains(bytes[0]) {
            return String(scalar)
        }
        return bytes.map(QuotedPrintable.escaped).joined()
    }
}
