import Dispatch
import Membership
import MembershipService
import MembershipStore
import Testing
import TestSupport

struct PurgeJobTests {
    @Test func oldRunsGoAndTheNewestOfEachJobStays() async throws {
        let database = try await TestDatabase.sandbox()
        let jobs = database.services.jobs
        for job in ["trial-expiry", "trial-expiry", "renewal"] { _ = try await jobs.run(job) }
        _ = try await database.services.clock.advance(by: .days(30))
        #expect(try await jobs.run("purge").processed == 0)
        _ = try await database.services.clock.advance(by: TimeSpan(milliseconds: 1))
        #expect(try await jobs.run("purge").processed == 1)
        #expect(
            try await jobs.history(limit: PageLimit(10)).map(\.job).sorted() == [
                "purge", "purge", "renewal", "trial-expiry",
            ])
    }

    @Test func messagesGoNinetyDaysAfterTheyWereSettledUnlessTheyHaveAFile() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(1)
        for name in ["delivered", "dead", "due", "filed"] {
            _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "\(name)@example.com"))
        }
        let messages = try await database.services.outbox.list(limit: PageLimit(10)).messages.map(\.reference)
        try await database.store().write { tx in
            try tx.markDelivered(messages[0], destination: nil)
            try tx.markFailed(messages[1], attempts: 12, error: "No.", retryAt: nil)
            try tx.markDelivered(messages[3], destination: "/mail/1.eml")
        }
        _ = try await database.services.clock.advance(by: .days(90))
        #expect(try await database.services.jobs.run("purge").processed == 0)
        _ = try await database.services.clock.advance(by: TimeSpan(milliseconds: 1))
        #expect(try await database.services.jobs.list().first { $0.name == "purge" }?.dueCount == 2)
        #expect(try await database.services.jobs.run("purge").processed == 2)
        let left = try await database.services.outbox.list(limit: PageLimit(10)).messages
        #expect(left.map(\.reference) == [messages[2], messages[3]])
        #expect(left.map(\.state) == [.due, .delivered])
    }

    /// PostgreSQL asks a row that was waited for again only what stands outside the list of those to be removed.
    @Test(.enabled(if: !TestEngine.isSQLite)) func aMessageThatIsMadeDueWhileThePurgeWaitsForItStays() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        let store = try await database.store()
        try await store.write { tx in _ = try tx.sql.run("UPDATE outbox SET dead_at = 1, due_at = NULL", []) }
        let purge = try await database.store().holding({ tx in
            _ = try tx.sql.run("UPDATE outbox SET dead_at = NULL, due_at = 1", [])
        }) { holder in
            let task = Task {
                try await store.claim { tx in try tx.deletePastMessages(before: TestDatabase.start, limit: 10) }
            }
            try await database.requireSomebodyWaits(for: holder)
            return task
        }
        #expect(try await purge.value == 0)
        #expect(try await database.services.outbox.list(limit: PageLimit(10)).messages.map(\.state) == [.due])
    }
}
