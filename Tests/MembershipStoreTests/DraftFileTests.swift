import Foundation
import MembershipStore
import Membership
import Testing
import TestSupport

/// Files that are written under another name first, and whether there is one already.
struct DraftFileTests {
    @Test func whatIsNotThereIsNotThere() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/a"
        #expect(try !DraftFile.isThere(file))
        #expect(try !BackupDirectory(file).isThere())
        try DraftFile(for: file, [1, 2, 3]).publish()
        #expect(try DraftFile.isThere(file))
        #expect(try !BackupDirectory(file).isThere())
        #expect(try BackupDirectory(directory.path).isThere())
        // Nothing is in a file.
        #expect(try !DraftFile.isThere(file + "/b"))
        #expect(try !BackupDirectory(file + "/b").isThere())
    }

    @Test func whatCannotBeLookedAtMayBeThere() throws {
        // No file system has names so long.
        let directory = try TemporaryDirectory()
        let path = directory.path + "/" + String(repeating: "x", count: 300)
        for look in [{ try DraftFile.isThere(path) }, { try BackupDirectory(path).isThere() }] {
            let error = #expect(throws: MembershipError.self) { try look() }
            #expect(error?.code == .unreadableFile)
        }
    }

    @Test func aNameThatIsTakenIsLeftAlone() throws {
        let directory = try TemporaryDirectory()
        let (file, late) = (directory.path + "/a", try DraftFile(for: directory.path + "/a"))
        try DraftFile(for: file, [1]).publish()
        let error = #expect(throws: MembershipError.self) { try late.publish() }
        #expect(error?.code == .databaseExists)
        #expect(try FileReader(file).read(9, at: 0) == [1])
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["a"])
    }
}
