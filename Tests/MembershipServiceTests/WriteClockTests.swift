import Dispatch
import Membership
import MembershipService
import MembershipStore
import Synchronization
import Testing
import TestSupport

/// When somebody who writes looks at the clock.
@Suite(.enabled(if: !TestEngine.isSQLite, "With a server there is a time between a beginning and its state."))
struct WriteClockTests {
    /// Of two changes of one account, whose clock is one, the second is recorded no earlier than the first.
    @Test func aChangeFindsNothingThatWasRecordedLater() async throws {
        let moment = Locked(TestDatabase.start)
        let meanwhile = Locked<(@Sendable () -> Void)?>(nil)
        let database = try await TestDatabase.live(clock: WallClock { moment.withLock(\.self) })
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        let ada = try AccountReference(parsing: "ada@example.com")
        let clock = WallClock {
            let now = moment.withLock(\.self)
            meanwhile.withLock { $0.take() }?()
            return now
        }
        let suspending = try await Services.open(database.location, clock: clock)
        meanwhile.withLock { next in
            next = {
                moment.withLock { $0 = $0 + TimeSpan(milliseconds: 5) }
                let isAdded = DispatchSemaphore(value: 0)
                Task {
                    _ = try? await database.services.grants.add(
                        ada,
                        .init(entitlement: .allTitles, source: .gift, from: nil, until: nil, reason: "Writes poems"))
                    isAdded.signal()
                }
                isAdded.wait()
            }
        }
        let overview = try await suspending.accounts.suspend(ada, reason: "Shared her password")
        #expect(overview.grants.contains { $0.source == .gift })
        let times = try await database.engine().read { sql in
            try sql.query("SELECT kind, effective_at, recorded_at FROM events ORDER BY sequence", []) { row in
                (try row.text(0), [try row.timestamp(1), try row.timestamp(2)])
            }
        }
        #expect(times.map(\.0).suffix(2) == ["grant.added", "account.suspended"])
        let later = TestDatabase.start + TimeSpan(milliseconds: 5)
        #expect(times.map(\.1).suffix(2) == [[later, later], [later, later]])
    }

    /// Whoever looks at the clock before anything else sees the state of that moment.
    @Test func aClockThatIsLookedAtFirstSettlesTheState() async throws {
        let database = try await TestDatabase.live(clock: WallClock { TestDatabase.start })
        let (store, other) = (try await database.store(), try await database.store())
        let slug = try Slug(parsing: "golem")
        let found = try await store.write { tx in
            _ = tx.now
            let isDone = DispatchSemaphore(value: 0)
            Task {
                try? await other.write { tx in
                    _ = try tx.insertTitle(slug: slug, name: "Golem", section: nil, homePage: nil, language: nil)
                }
                isDone.signal()
            }
            isDone.wait()
            return try tx.title(slug)
        }
        #expect(found == nil)
        #expect(try await database.services.titles.list().count == 1)
    }

    /// What goes wrong then is told by what comes behind it, and tried again.
    @Test(arguments: [true, false]) func aConnectionThatIsGoneWhenTheClockIsLookedAtIsTriedAgain(writes: Bool)
        async throws
    {
        let database = try await TestDatabase.live(clock: WallClock { TestDatabase.start })
        let engine = try PostgresEngine(url: database.address, connections: 1)
        let store = try await Store.open(engine, clock: WallClock { TestDatabase.start })
        let session = try await engine.read { sql in
            try sql.first("SELECT pg_backend_pid()", []) { try $0.integer(0) } ?? 0
        }
        try await database.engine().write { sql in
            _ = try sql.query("SELECT CAST(pg_terminate_backend(CAST($1 AS INTEGER), 60000) AS TEXT)", [Int(session)]) {
                _ in
            }
        }
        let slug = try Slug(parsing: "golem")
        try await store.write { tx in
            #expect(tx.now == TestDatabase.start)
            if writes { _ = try tx.insertTitle(slug: slug, name: "Golem", section: nil, homePage: nil, language: nil) }
        }
        #expect(try await database.services.titles.list().count == (writes ? 1 : 0))
    }
}
