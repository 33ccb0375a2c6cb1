import Foundation
import Membership
import MembershipMail
import Subprocess
import SystemPackage
import TestSupport
import Testing

struct SMTPTransportTests {
    private func deliver(_ mail: Mail, to address: String, timeout: Int64 = 20_000) async throws {
        let transport = try MailDestination.transport(parsing: address, timeout: TimeSpan(milliseconds: timeout))
        #expect(try await transport.deliver(mail) == nil)
    }

    /// What goes wrong with the sample mail.
    private func failure(
        _ address: String, mail: Mail? = nil, timeout: Int64 = 20_000
    ) async throws -> MailFailure {
        let failure = await #expect(throws: MailFailure.self) {
            try await deliver(mail ?? sampleMail(), to: address, timeout: timeout)
        }
        let known = try #require(failure)
        #expect(!known.text.contains("@") && !known.text.contains("secret"), "\(known.text)")
        return known
    }

    // MARK: - A real server

    @Test func aServerTakesTheMailAsItIs() async throws {
        let server = try await LoopbackServer.real()
        // A lone dot ends a mail, unless it is doubled.
        let mail = try sampleMail(
            subject: "Grüße", text: "One\n.\n..\nFrom here\n" + String(repeating: "ü", count: 9000))
        try await deliver(mail, to: "smtp://127.0.0.1:\(server.port)/news.example?tls=none")
        let received = try #require(try server.received().first)
        #expect(Array(received.mail) == mail.rfc5322())
        #expect(received.from == "letters@harbour.test" && received.to == ["ada@example.com"])
        #expect(received.greeting == "news.example")
        #expect(!received.encrypted && !received.authenticated)
    }

    @Test(arguments: ["smtp", "smtps"])
    func aServerIsKnownByItsCertificateAndWeByOurPassword(_ scheme: String) async throws {
        let directory = try TemporaryDirectory()
        let (certificate, key) = try await makeCertificate(in: directory)
        let server = try await LoopbackServer.real([
            "certificate": certificate, "key": key, "user": "fortnight", "password": "secret:/@",
            "smtps": scheme == "smtps", "requires_starttls": scheme == "smtp",
        ])
        let place = "127.0.0.1:\(server.port)"
        try await deliver(sampleMail(), to: "\(scheme)://fortnight:secret%3A%2F%40@\(place)?ca=\(certificate)")
        try await deliver(sampleMail(), to: "\(scheme)://fortnight:secret%3A%2F%40@\(place)?verify=no")
        let received = try server.received()
        #expect(received.count == 2)
        #expect(received.allSatisfy { $0.encrypted && $0.authenticated })

        let wrong = try await failure("\(scheme)://fortnight:secret@\(place)?ca=\(certificate)")
        #expect(wrong == MailFailure(.outage, text: "The server refused the login: 535 5.7.8."))
        let stranger = try await failure("\(scheme)://fortnight:secret%3A%2F%40@\(place)")
        #expect(stranger.kind == .outage && stranger.text.contains("certificate"), "\(stranger.text)")
        let unknown = try await failure("\(scheme)://\(place)?ca=\(certificate)")
        #expect(unknown.kind == .outage, "\(unknown.text)")
        #expect(try server.received().count == 2)
    }

    @Test func aServerWithoutEncryptionGetsNothingUnlessAllowed() async throws {
        let server = try await LoopbackServer.real()
        let refused = try await failure("smtp://fortnight:secret@127.0.0.1:\(server.port)")
        #expect(refused.kind == .outage && refused.text.contains("STARTTLS"), "\(refused.text)")
        #expect(try server.received().isEmpty)
        try await deliver(sampleMail(), to: "smtp://127.0.0.1:\(server.port)?tls=opportunistic")
        #expect(try server.received().count == 1)
    }

    @Test func anAddressThatIsNotASCIINeedsAServerThatKnows() async throws {
        let mail = try sampleMail(to: "grün@Bücher.example")
        let modern = try await LoopbackServer.real(["smtputf8": true])
        try await deliver(mail, to: "smtp://127.0.0.1:\(modern.port)?tls=none")
        let received = try #require(try modern.received().first)
        #expect(received.to == ["grün@xn--bcher-kva.example"])
        #expect(received.options.contains("SMTPUTF8"))
        #expect(Array(received.mail) == mail.rfc5322())

        let old = try await LoopbackServer.scripted([:])
        let failure = try await failure("smtp://127.0.0.1:\(old.port)?tls=none", mail: mail)
        #expect(failure.isPermanent && failure.text.contains("SMTPUTF8"))
        // What every mail has is the operator's, and no mail's fault.
        let sender = try sampleMail(from: "Büro <büro@harbour.test>", to: "grün@Bücher.example")
        let outage = try await self.failure("smtp://127.0.0.1:\(old.port)?tls=none", mail: sender)
        #expect(outage.kind == .outage && outage.text.contains("sender"), "\(outage.text)")
        // A domain has an ASCII spelling, which any server knows.
        try await deliver(sampleMail(to: "ada@Bücher.example"), to: "smtp://127.0.0.1:\(old.port)?tls=none")
    }

    // MARK: - Servers that misbehave

    struct Refusal: Sendable {
        let answers: [String: String]
        let kind: MailFailure.Kind
        let text: String

        init(_ answers: [String: String], _ kind: MailFailure.Kind, _ text: String) {
            (self.answers, self.kind, self.text) = (answers, kind, text)
        }
    }

    static let refusals = [
        Refusal(
            ["RCPT": "550 5.1.1 <ada@example.com> is unknown"], .permanent,
            "The server refused the recipient: 550 5.1.1."),
        Refusal(
            ["RCPT": "550-5.1.1 no such\r\n550 5.1.1 person"], .permanent,
            "The server refused the recipient: 550 5.1.1."),
        Refusal(["RCPT": "451 try later"], .temporary, "The server refused the recipient: 451."),
        Refusal(["DATA": "554 5.5.1 no"], .permanent, "The server refused the mail: 554 5.5.1."),
        Refusal(["body": "554 5.6.0 not this"], .permanent, "The server refused the mail: 554 5.6.0."),
        Refusal(["body": "452 4.3.1 full"], .temporary, "The server refused the mail: 452 4.3.1."),
        Refusal(["MAIL": "550 5.7.1 not you"], .outage, "The server refused the sender: 550 5.7.1."),
        Refusal(["MAIL": "530 5.7.0 authenticate"], .outage, "The server refused the sender: 530 5.7.0."),
        Refusal(["MAIL": "552 5.3.4 too large"], .permanent, "The server refused the sender: 552 5.3.4."),
        Refusal(["greeting": "554 5.7.1 go away"], .outage, "The server refused the connection: 554 5.7.1."),
        Refusal(["RCPT": "421 closing"], .temporary, "The server refused the recipient: 421."),
        Refusal(["greeting": "421 busy"], .outage, "The server refused the connection: 421."),
    ]

    @Test(arguments: refusals)
    func aRefusalForGoodIsOfThisMailAlone(_ refusal: Refusal) async throws {
        let server = try await LoopbackServer.scripted(refusal.answers)
        let failure = try await failure("smtp://127.0.0.1:\(server.port)?tls=none")
        #expect(failure == MailFailure(refusal.kind, text: refusal.text))
    }

    @Test func aServerThatDiesAfterTheMailIsTriedAgain() async throws {
        let server = try await LoopbackServer.scripted(["body": nil])
        let failure = try await failure("smtp://127.0.0.1:\(server.port)?tls=none")
        #expect(failure.kind == .temporary)
        #expect(failure.text.contains("which may have arrived"), "\(failure.text)")
    }

    @Test(arguments: ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
    func aServerThatDiesIsTriedAgain(_ step: String) async throws {
        let server = try await LoopbackServer.scripted([step: nil])
        let failure = try await failure("smtp://127.0.0.1:\(server.port)?tls=none")
        let kind: MailFailure.Kind = step == "RCPT" || step == "DATA" ? .temporary : .outage
        #expect(failure.kind == kind)
        #expect(!failure.text.contains("arrived"), "\(failure.text)")
    }

    @Test(arguments: ["greeting", "RCPT", "body"])
    func aServerThatNeverAnswersIsGivenUpInTime(_ step: String) async throws {
        // Long enough for a busy machine to come to the step that is meant.
        let server = try await LoopbackServer.scripted([step: "silence"])
        let failure = try await failure("smtp://127.0.0.1:\(server.port)?tls=none", timeout: 4000)
        let kind: MailFailure.Kind = step == "greeting" ? .outage : .temporary
        #expect(failure == MailFailure(kind, text: "The server did not answer within 4.0 seconds."))
    }

    @Test(.timeLimit(.minutes(5))) func aServerThatDoesNotAnswerOurGoodbyeIsNotWaitedFor() async throws {
        let server = try await LoopbackServer.scripted(["QUIT": "silence"])
        try await deliver(sampleMail(), to: "smtp://127.0.0.1:\(server.port)?tls=none", timeout: 3_600_000)
    }

    @Test func aServerThatIsNotThereIsTriedAgain() async throws {
        let server = try await LoopbackServer.scripted([:])
        let port = server.port
        // Loopback has no one else on this address of it.
        let failure = try await failure("smtp://127.9.8.7:\(port)?tls=none")
        #expect(failure.kind == .outage)
        let unnamed = try await self.failure("smtp://nowhere.invalid?tls=none")
        #expect(unnamed.kind == .outage)
    }

    /// A certificate for loopback that nobody has signed, and its key.
    private func makeCertificate(in directory: TemporaryDirectory) async throws -> (String, String) {
        let (certificate, key) = (directory.path + "/certificate.pem", directory.path + "/key.pem")
        let result = try await Subprocess.run(
            .path("/usr/bin/openssl"),
            arguments: [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ],
            output: .discarded, error: .string(limit: 1 << 16))
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        return (certificate, key)
    }
}
