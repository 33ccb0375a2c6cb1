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
}
