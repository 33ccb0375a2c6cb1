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

    /// Found by Scripts/torture --only upkeep, which fails reads beneath the check of a backup; SQLite's own words.
    @Test(arguments: [
        (said: "Tree 7 page 3: unable to get the page. error code=266", isRefused: true),
        (said: "Page 7: unable to get the page. error code=8458", isRefused: true),
        (said: "On tree page 7 cell 0: failed to get page 3", isRefused: true),
        (said: "Main freelist: failed to get page 12", isRefused: true),
        (said: "Tree 7 page 3: unable to get the page. error code=11", isRefused: false),
        (said: "On tree page 7 cell 0: invalid page number 4000000000", isRefused: false),
        (said: "Page 4 is never used", isRefused: false), (said: "ok", isRefused: false),
    ])
    func aPageThatTheDiskRefusesIsNotDamaged(said: String, isRefused: Bool) {
        #expect(SQLiteExamination.isRefused(["*** in database main ***", said]) == isRefused)
    }
}
