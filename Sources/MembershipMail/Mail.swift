package import Membership

/// A mail that is ready to go. The same mail is always the same bytes, so that sending it twice shows as once to whoever
/// compares.
package struct Mail: Sendable {
    /// `local@domain`, without angle brackets; of the characters that RFC 5322 has for it. It must be the same each time
    /// that this mail is sent.
    package let messageID: String
    package let date: Timestamp
    package let from: Mailbox
    package let to: Mailbox
    /// One line.
    package let subject: String
    package let text: String
    package let html: String

    /// Makes a mail.
    ///
    /// - Parameter messageID: `local@domain`, with or without angle brackets; another character than RFC 5322 has for it
    ///   (`atext`, the dot and the @) becomes a hyphen.
    package init(
        messageID: String, date: Timestamp, from: Mailbox, to: Mailbox, subject: String, text: String, html: String
    ) {
        self.messageID = String(
            messageID.unicodeScalars.filter { $0 != "<" && $0 != ">" }.map {
                Mail.isOfMessageID($0) ? Character($0) : "-"
            }
        )
        self.date = date
        self.from = from
        self.to = to
        self.subject = SingleLine.of(subject)
        self.text = text
        self.html = html
    }

    /// The mail as RFC 5322 has it, with text and HTML as alternatives (RFC 2046): lines end with CR LF, and have at most
    /// 76 bytes, but for an address or a Message-ID that is longer. All is ASCII, but for an address that needs SMTPUTF8
    /// (RFC 6532).
    package func rfc5322() -> [UInt8] {
        // No line of quoted-printable has a =_ in it, so that this can end no part before its time.
        let boundary = "=_" + messageID.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(60)
        let lines = [
            "Date: \(MailDate.text(of: date))",
            MailHeader.field("From", from),
            MailHeader.field("To", to),
            MailHeader.field("Subject", subject),
            "Message-ID: <\(messageID)>",
            // RFC 3834: no one's absence notice need answer this.
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative;",
            " boundary=\"\(boundary)\"",
            "",
            "--\(boundary)",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            QuotedPrintable.encode(text),
            "--\(boundary)",
            "Content-Type: text/html; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            QuotedPrintable.encode(html),
            "--\(boundary)--",
            "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    private static func isOfMessageID(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: "!#$%&'*+-/=?^_`{|}~.@".unicodeScalars.contains(scalar)
        }
    }
}
