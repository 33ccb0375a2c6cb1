import Foundation
import Membership
import Testing

@testable import MembershipMail

struct MailTests {
    @Test func anotherParserReadsWhatWasWritten() async throws {
        let mail = try sampleMail(
            subject: "Ihre kostenlosen Tage bei Sternwarte enden in 3 Tagen — schön, dass Sie da waren",
            text: "Grüße\n\n.\nFrom hier\nEnde ", html: "<p>Grüße &amp; mehr</p>\n")
        let read = try #require(try await ParsedMail.read([mail]).first)
        #expect(read.subject == mail.subject)
        #expect(read.from == ["The Harbour Times", "letters@harbour.test"])
        #expect(read.to == ["Ada", "ada@example.com"])
        #expect(read.date == "2026-11-24T09:05:00+00:00")
        #expect(read.messageID == "<acct_0.1@fortnight.test>")
        #expect(read.types == ["multipart/alternative", "text/plain", "text/html"])
        #expect(read.text.lines == "Grüße\n\n.\nFrom hier\nEnde ")
        #expect(read.html.lines == "<p>Grüße &amp; mehr</p>")
        #expect(read.defects.isEmpty)
        #expect(
            read.headers == [
                "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
            ])
    }

    @Test func anyTextComesThroughUnchanged() async throws {
        var numbers = RepeatableNumbers(20_261_124)
        let mails = try (0..<300).map { number in
            try sampleMail(
                id: "\(number)@fortnight.test", toName: numbers.text(upTo: 60), subject: numbers.text(upTo: 120),
                text: numbers.text(upTo: 400), html: numbers.text(upTo: 400))
        }
        let read = try await ParsedMail.read(mails)
        #expect(read.count == mails.count)
        for (mail, read) in zip(mails, read) {
            #expect(read.subject == mail.subject)
            #expect(read.to == [mail.to.name ?? "", "ada@example.com"])
            #expect(read.recipients == 1)
            #expect(read.text.lines == mail.text.lines.withoutLastBreak, "\(mail.messageID)")
            #expect(read.html.lines == mail.html.lines.withoutLastBreak)
            #expect(read.longest <= 76)
            #expect(read.bare == 0)
            #expect(read.headers.count == 8)
            #expect(read.defects.isEmpty)
        }
    }

    @Test(arguments: [("a\r\nb", "a\nb"), ("a\r\r\nb\n\r", "a\n\nb\n\n"), ("\r", "\n"), ("", "")])
    func everyEndOfALineIsOne(_ text: String, _ feeds: String) {
        #expect(text.lines == feeds)
    }

    @Test func encodedWordsCutNoCharacter() throws {
        for length in 1...80 {
            let subject = String(repeating: "a", count: length) + String(repeating: "🎉", count: 40)
            let header = MailHeader.field("Subject", subject)
            for line in header.components(separatedBy: "\r\n") { #expect(line.utf8.count <= 76) }
            for word in header.dropFirst("Subject: ".count).components(separatedBy: "\r\n ") {
                #expect(word.utf8.count <= 75)
                // Each byte of a character has an equals sign; the letters have none.
                #expect(word.dropFirst("=?UTF-8?Q?".count).dropLast(2).count { $0 == "=" } % 4 == 0)
            }
        }
    }

    @Test(arguments: ["\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\u{0}", "\u{B}"])
    func aLineBreakMakesNoHeader(_ lineBreak: String) async throws {
        let attack = "Ada\(lineBreak)Bcc: eve@example.com\(lineBreak)\(lineBreak)Body"
        let mail = try sampleMail(id: "1\(lineBreak)Bcc: eve@example.com", toName: attack, subject: attack)
        let read = try #require(try await ParsedMail.read([mail]).first)
        #expect(read.headers.count == 8)
        #expect(read.subject == "Ada Bcc: eve@example.com Body")
        #expect(read.to == ["Ada Bcc: eve@example.com Body", "ada@example.com"])
        #expect(read.recipients == 1)
        let name = #"Ada" <eve@example.com>, ""#
        let quoted = try #require(try await ParsedMail.read([sampleMail(toName: name)]).first)
        #expect(quoted.to == [name, "ada@example.com"])
        #expect(quoted.recipients == 1)
    }

    @Test func theSameMailIsTheSameBytes() throws {
        let first = try sampleMail(subject: "Grüße").rfc5322()
        #expect(try sampleMail(subject: "Grüße").rfc5322() == first)
        #expect(try sampleMail(id: "<other@fortnight.test>", subject: "Grüße").rfc5322() != first)
        #expect(
            try first.allSatisfy { $0 < 0x80 } && !sampleMail(to: "grün@example.com").rfc5322().allSatisfy { $0 < 0x80 }
        )
    }

    @Test(arguments: [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000"), (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
        (1_709_164_799_999, "Wed, 28 Feb 2024 23:59:59 +0000"), (1_709_164_800_000, "Thu, 29 Feb 2024 00:00:00 +0000"),
    ])
    func datesAreInUTC(_ milliseconds: Int64, _ text: String) {
        #expect(MailDate.text(of: Timestamp(milliseconds: milliseconds)) == text)
    }

    @Test func aDomainIsSpelledInASCII() throws {
        let plain = try Mailbox(parsing: "Ada <Ada@Bücher.example>")
        #expect(plain.address == "Ada@xn--bcher-kva.example")
        #expect(!plain.needsSMTPUTF8)
        #expect(try Mailbox(parsing: "grün@Bücher.example").needsSMTPUTF8)
        #expect(try Mailbox(parsing: "a.b+c@googlemail.com").address == "a.b+c@googlemail.com")
        #expect(try Mailbox(parsing: "\"The Times\" <t@example.com>").name == "The Times")
        #expect(try Mailbox(parsing: " <t@example.com> ").name == nil)
    }

    @Test(arguments: ["", "Ada", "Ada <>", "Ada <a@example.com", "<a@example.com> Ada", "A <b> <a@example.com>"])
    func whatIsNoMailboxIsRefused(_ text: String) {
        #expect(throws: MembershipError.self) { try Mailbox(parsing: text) }
    }
}

extension String {
    /// With line feeds for all line breaks.
    fileprivate var lines: String { String(decoding: LineBreak.feeds(in: utf8), as: UTF8.self) }

    fileprivate var withoutLastBreak: String { hasSuffix("\n") ? String(dropLast()) : self }
}
