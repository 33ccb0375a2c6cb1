import Foundation
import Membership
import TestSupport
import Testing

@testable import MembershipMail

struct FolderTransportTests {
    private let directory: TemporaryDirectory
    private var folder: String { directory.path + "/new/mail" }

    init() throws { directory = try TemporaryDirectory() }

    private func transport() throws -> any MailTransport {
        try MailDestination.transport(parsing: "folder:" + folder, timeout: TimeSpan(milliseconds: 1000))
    }

    @Test func aMailDeliveredTwiceIsOneFile() async throws {
        let mail = try sampleMail(subject: "Grüße")
        for _ in 1...2 {
            let path = try #require(try await transport().deliver(mail))
            #expect(path == folder + "/acct_0.1@fortnight.test.eml")
            #expect(try Array(Data(contentsOf: URL(filePath: path))) == mail.rfc5322())
            let rights = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(rights == 0o600)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["acct_0.1@fortnight.test.eml"])
    }

    @Test func whereAMailGoesIsKnownBefore() async throws {
        let (mail, transport) = (try sampleMail(), try transport())
        let place = try #require(transport.place(of: mail.messageID))
        #expect(!LetterFile.isThere(place))
        #expect(try await transport.deliver(mail) == place)
        #expect(LetterFile.isThere(place))
        // It cannot be told of a name that no file system has.
        #expect(LetterFile.isThere(folder + "/" + String(repeating: "x", count: 300)))
    }

    @Test func theDraftOfAnInterruptedDeliveryIsTheNextOnesAndGoesWithTheLetter() async throws {
        let (mail, transport) = (try sampleMail(), try transport())
        let place = try #require(transport.place(of: mail.messageID))
        _ = try await transport.deliver(mail)
        let draft = LetterFile.draft(of: place)
        let longer = Data(mail.rfc5322() + mail.rfc5322())
        try longer.write(to: URL(filePath: draft))
        _ = try await transport.deliver(mail)
        #expect(!FileManager.default.fileExists(atPath: draft))
        #expect(try Array(Data(contentsOf: URL(filePath: place))) == mail.rfc5322())
        try longer.write(to: URL(filePath: draft))
        #expect(try LetterFile.remove(place))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        #expect(try !LetterFile.remove(place))
    }

    @Test func manyAtOnceLeaveNoDrafts() async throws {
        let transport = try transport()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask { _ = try await transport.deliver(sampleMail(id: "\(number % 10)@fortnight.test")) }
            }
            try await group.waitForAll()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 10)
    }

    @Test(arguments: [
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.eml"), ("-rf", "%2Drf.eml"), ("a$b'c@d", "a%24b%27c@d.eml"),
    ])
    func aFileNameLeadsNowhereElse(_ id: String, _ name: String) {
        #expect(FolderTransport.fileName(of: id) == name)
    }

    @Test func aFolderThatCannotBeWrittenIsTriedAgain() async throws {
        _ = try directory.write("new", "a file where the folder should be")
        let failure = await #expect(throws: MailFailure.self) { try await transport().deliver(sampleMail()) }
        #expect(failure?.kind == .outage)
        #expect(failure?.text.contains(folder) == true && failure?.text.contains("ada@") == false)
    }

    @Test func aFullDiskIsTriedAgain() async throws {
        // Every write to this device fails for want of room.
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(throws: MailFailure.self) {
            try FolderTransport.writeAll([1], to: open("/dev/full", O_WRONLY), in: folder)
        }
    }
}
