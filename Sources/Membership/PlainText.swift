import Foundation

/// Text that people gave: one line or more, without control characters.
public enum PlainText {
    /// The text without white space around it, when it may be stored.
    ///
    /// - Parameters:
    ///   - what: what the text is, for the message: `a name`.
    ///   - longest: the greatest length in characters.
    /// - Throws: ``MembershipError`` with code `invalid_input` when it is empty, too long, or holds a control
    ///   character.
    public static func checked(_ text: String, as what: String, longest: Int) throws(MembershipError) -> String {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines).precomposedStringWithCanonicalMapping
        if trimmed.isEmpty {
            throw MembershipError(.invalidInput, "‘\(text)’ is not \(what): it is empty.", remedy: "Give some text.")
        }
        if trimmed.count > longest {
            throw MembershipError(
                .invalidInput, "‘\(trimmed.prefix(40))…’ is not \(what): it has \(trimmed.count) characters.",
                remedy: "Use at most \(longest).")
        }
        if trimmed.unicodeScalars.contains(where: isControl) {
            throw MembershipError(
                .invalidInput, "‘\(visible(trimmed))’ is not \(what): it holds a control character.",
                remedy: "Remove it.")
        }
        return trimmed
    }

    /// Why somebody did something, when it may be kept: at most 500 characters, and no address, because what is kept
    /// with an event must name nobody.
    ///
    /// - Throws: ``MembershipError`` with code `invalid_input`.
    public static func reason(_ text: String) throws(MembershipError) -> String {
        let reason = try checked(text, as: "a reason", longest: 500)
        if holdsAddress(reason) {
            throw MembershipError(
                .invalidInput, "‘\(reason)’ holds an address, and what is kept with an event names nobody.",
                remedy: "Name the account by its id.")
        }
        return reason
    }

    /// Whether an address stands somewhere in a text, whatever stands beside it.
    private static func holdsAddress(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        func isAddress(_ range: Range<Int>) -> Bool {
            var found = String.UnicodeScalarView()
            found.append(contentsOf: scalars[range])
            return (try? EmailAddress(parsing: String(found))) != nil
        }
        return scalars.indices.contains { at in
            guard scalars[at] == "@" else { return false }
            let before = scalars[..<at]
            let start = before.lastIndex { !EmailAddress.isAllowedInLocal($0) || $0 == "/" }.map { $0 + 1 } ?? 0
            // Of what may stand before an @ some is mostly a mark of punctuation.
            let word = before.lastIndex { !isInDomain($0) && $0 != "_" && $0 != "+" }.map { $0 + 1 } ?? 0
            var end = scalars[(at + 1)...].firstIndex { !isInDomain($0) } ?? scalars.endIndex
            while end > at + 1, [".", "-"].contains(scalars[end - 1]) { end -= 1 }
            return [start, word].contains { begin in
                let letters = scalars[begin..<at].firstIndex { $0 != "." } ?? at
                return isAddress(letters..<end)
            }
        }
    }

    private static func isInDomain(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "." || scalar == "-"
            || (scalar.isASCII ? scalar.isASCIIAlphanumeric : EmailAddress.isAllowedInLocal(scalar))
    }

    /// The text as HTML, in an element or in quotes. By scalars: some make one character with the sign beside them.
    public static func html(_ text: String) -> String {
        var html = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": html += "&amp;"
            case "<": html += "&lt;"
            case ">": html += "&gt;"
            case "\"": html += "&quot;"
            case "'": html += "&#39;"
            default: html.unicodeScalars.append(scalar)
            }
        }
        return html
    }

    /// The text as it may be shown on a terminal: a control character is replaced by its number in brackets.
    ///
    /// What moves the cursor, changes colours or turns the direction of writing would let a stranger's text forge
    /// what an operator sees.
    public static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                shown += "[U+" + String(scalar.value, radix: 16, uppercase: true) + "]"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// C0, C1, what changes the direction of writing or breaks lines out of sight, and the byte order mark.
    public static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069,
            0xFEFF:
            true
        default: false
        }
    }
}
