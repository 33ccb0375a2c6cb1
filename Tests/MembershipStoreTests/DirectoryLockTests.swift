import Foundation
import Membership
@testable import MembershipStore
import TestSupport
import Testing

struct DirectoryLockTests {
    @Test func whoComesSecondIsToldAndTakesNothingAway() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/lock"
        let first = try DirectoryLock(path)
        for _ in 0..<3 {
            let error = #expect(throws: MembershipError.self) { _ = try DirectoryLock(path) }
            #expect(error?.code == .databaseBusy)
        }
        withExtendedLifetime(first) {}
    }

    /// A child has every open file until its program begins, also one that is closed then.
    @Test func itIsFreeAgainAlthoughAChildStillHasTheFileOpen() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/lock"
        var lock: DirectoryLock? = try DirectoryLock(path)
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").first { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)) == path
        }
        let copy = dup(try #require(open.flatMap { Int32($0) }))
        defer { close(copy) }
        #expect(lock != nil)
        lock = nil
        _ = try DirectoryLock(path)
    }
}
