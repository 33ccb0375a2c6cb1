import GRDB
import Membership
@testable import MembershipStore
import Testing

struct SQLiteErrorsTests {
    private func code(of result: ResultCode) -> MembershipError.Code? {
        do {
            try translatingErrors(path: "fortnight.db") { throw DatabaseError(resultCode: result) }
            return nil
        } catch { return (error as? MembershipError)?.code }
    }

    /// The last was found by Scripts/torture --only faulty, which lets nobody have a lock of the log.
    @Test(arguments: [ResultCode.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL])
    func whatOthersHoldIsBusyAndWorthAnotherTry(result: ResultCode) {
        #expect(code(of: result) == .databaseBusy)
    }

    @Test func whatTheDiskRefusesIsNotCalledDamage() {
        #expect(code(of: .SQLITE_IOERR) == .databaseUnavailable)
        #expect(code(of: .SQLITE_CANTOPEN) == .databaseUnavailable)
        #expect(code(of: .SQLITE_FULL) == .databaseFull)
        #expect(code(of: .SQLITE_READONLY) == .databaseReadOnly)
        #expect(code(of: .SQLITE_CORRUPT) == .databaseDamaged)
    }
}
