import Foundation
import Membership
@testable import MembershipService
import Testing
import TestSupport

struct LedgerKeyFileTests {
    @Test func aKeyFileThatIsNotThereIsMissing() throws {
        let file = LedgerKeyFile(path: try TemporaryDirectory().path + "/none.key")
        #expect(throws: MembershipError.self) { try file.load() }
        do { _ = try file.load() } catch { #expect(error.code == .keyMissing) }
    }

    /// Found by Scripts/torture --only faulty, with too many open files: it said to restore a backup of the key.
    @Test func aSystemThatCannotReadNowSendsNobodyForABackup() throws {
        #if os(Linux)
        // Address 0 of a process, which no system reads: EIO.
        do {
            _ = try LedgerKeyFile(path: "/proc/self/mem").load()
            Issue.record("there is no key at address 0")
        } catch {
            #expect(error.code == .databaseUnavailable)
            #expect(error.remedy?.contains("backup") == false)
        }
        #endif
    }

    private func key(_ digit: String) throws -> LedgerKey {
        try #require(LedgerKey(text: String(repeating: digit, count: 64)))
    }

    @Test func aKeyThatIsThereIsNeverRemoved() throws {
        let directory = try TemporaryDirectory()
        let file = LedgerKeyFile(path: directory.path + "/a.key")
        let (key, other) = (try key("a"), try key("b"))
        #expect(try file.place(key))
        // Whoever is told that it was there does not take it back.
        #expect(try !file.place(key))
        let error = #expect(throws: MembershipError.self) { try file.place(other) }
        #expect(error?.code == .keyMismatch)
        #expect(try file.load().fingerprint == key.fingerprint)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["a.key"])
    }

    @Test func onlyAKeyThatCannotBeReadNowIsWaitedFor() throws {
        let missing = MembershipError(.keyMissing, "There is none.")
        #expect(try missing.messageOfMissingKey == "There is none.")
        for code in [MembershipError.Code.databaseUnavailable, .databaseFull, .unreadableFile] {
            #expect(throws: MembershipError.self) { try MembershipError(code, "Not now.").messageOfMissingKey }
        }
    }
}
