import Foundation
import Membership
import Testing

@testable import MembershipMail

struct MailDestinationTests {
    private func server(_ text: String) throws -> SMTPServer {
        let transport = try MailDestination.transport(parsing: text, timeout: TimeSpan(milliseconds: 1000))
        return try #require(transport as? SMTPTransport).server
    }

    @Test func anAddressHasItsParts() throws {
        let plain = try server("smtp://mail.example")
        #expect(plain.url == "smtp://mail.example/" && plain.user == nil && plain.password == nil)
        #expect(plain.protection == .required && plain.verifies)
        let full = try server("smtp://ada%40example.com:p%3A%2F%40@mail.example:2525/news.example?tls=none&verify=no")
        #expect(full.url == "smtp://mail.example:2525/news.example")
        #expect(full.user == "ada@example.com" && full.password == "p:/@")
        #expect(full.protection == .none && !full.verifies)
        #expect(try server("smtps://[::1]:465").url == "smtps://[::1]:465/")
        #expect(try server("smtp://mail.example?ca=/etc/passwd").certificates == "/etc/passwd")
    }

    @Test(arguments: ["mail", "mail/", "./mail"]) func aFolderIsOnRecordWithItsWholePath(_ path: String) throws {
        let transport = try MailDestination.transport(
            parsing: "folder:" + path, timeout: TimeSpan(milliseconds: 1000))
        let place = try #require(transport.place(of: "1@fortnight.test"))
        #expect(place.hasPrefix(FileManager.default.currentDirectoryPath + "/"))
        #expect(place.hasSuffix("mail/1@fortnight.test.eml"))
    }

    @Test func nowhereTakesEverything() async throws {
        let nowhere = try MailDestination.transport(parsing: "nowhere:", timeout: TimeSpan(milliseconds: 1000))
        #expect(try await nowhere.deliver(sampleMail()) == nil)
    }

    @Test(arguments: [
        "", "folder:", "folder", "nowhere", "http://mail.example", "smtp:", "smtp://", "smtp://:secret@",
        "smtp://u:secret@mail.example:0", "smtp://u:secret@mail.example:70000", "smtp://u:secret@mail.example:x",
        "smtp://u:secret@mail.example?tls=maybe", "smtp://u:secret@mail.example?tls",
        "smtp://u:secret@mail.example?x=y",
        "smtp://u:secret@mail.example?verify=no&verify=yes", "smtps://u:secret@mail.example?tls=none",
        "smtp://u:sec ret@mail.example", "smtp://u:secret%0D%0A@mail.example", "smtp://u:secret@mail.example/a/b",
        "smtp://u:secret@mail.example?ca=/nowhere/at/all", "smtp://u:secret@mail.example#x",
        "smtp://u:secret/x@mail.example",
    ])
    func whatIsNoDestinationIsRefusedWithoutRepeatingIt(_ text: String) {
        let error = #expect(throws: MembershipError.self) {
            try MailDestination.transport(parsing: text, timeout: TimeSpan(milliseconds: 1000))
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("sec") == false)
    }
}
