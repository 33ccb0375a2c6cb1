import Dispatch
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

/// On a server, whatever happens to an account comes before or behind each opening of its reader, not in between. On a
/// file, whoever writes is alone.
@Suite(.enabled(if: !TestEngine.isSQLite))
struct HeldAccountTests {
    enum Change: CaseIterable {
        case suspension, voidedGrant, endedTrial, merge, erasure, job
    }

    @Test(arguments: Change.allCases, [true, false])
    func whatHappensToAnAccountWaitsForAnOpening(change: Change, byAddress: Bool) async throws {
        let database = try await TestDatabase.sandbox()
        let accounts = database.services.accounts
        let ada = try AccountReference(parsing: "ada@example.com")
        let grace = try AccountReference(parsing: "grace@example.com")
        let id = try await accounts.signUp(email: EmailAddress(parsing: "ada@example.com")).account.id
        _ = try await accounts.signUp(email: EmailAddress(parsing: "grace@example.com"))
        let gift = try await database.services.grants.add(
            ada, .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "Writes poems"))
        if change == .job { _ = try await database.services.clock.advance(by: .days(15)) }

        let store = try await database.store()
        let session = AsyncStream<Int64>.makeStream()
        let release = DispatchSemaphore(value: 0)
        defer { release.signal() }
        async let opening: Void = store.claim { tx in
            _ = try tx.held(byAddress ? ada : .id(id))
            session.continuation.yield(try tx.sql.first("SELECT pg_backend_pid()", []) { try $0.integer(0) } ?? 0)
            release.wait()
        }
        var holder: Int64 = 0
        for await pid in session.stream {
            holder = pid
            break
        }
        let services = try await Services.open(database.location, clock: WallClock { TestDatabase.start })
        async let changed: Void = {
            switch change {
            case .suspension: _ = try await services.accounts.suspend(ada, reason: "Shared her password")
            case .voidedGrant: _ = try await services.grants.void(ada, grant: gift.id, reason: "Writes no more")
            case .endedTrial: _ = try await services.trials.end(ada, Edit(reason: "Asked for it"))
            case .merge: _ = try await services.accounts.merge(ada, into: grace, reason: "The same person")
            case .erasure: _ = try await services.accounts.erase(ada, reason: "Asked for it")
            case .job: _ = try await services.jobs.run("trial-expiry")
            }
        }()
        try await database.requireSomebodyWaits(for: holder)
        release.signal()
        try await opening
        try await changed
    }
}

extension TestDatabase {
    /// Waits until another session waits for what the session of this number holds.
    func requireSomebodyWaits(for holder: Int64) async throws {
        let onlooker = try engine()
        let blocked = "SELECT count(*) FROM pg_stat_activity WHERE \(holder) = ANY (pg_blocking_pids(pid))"
        let end = ContinuousClock().now + .seconds(60)
        while try await onlooker.read({ try $0.first(blocked, []) { try $0.count(0) } }) != 1 {
            try #require(ContinuousClock().now < end, "nobody waits for the row")
        }
    }
}
