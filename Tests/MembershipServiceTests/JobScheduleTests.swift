import Membership
@testable import MembershipService
import MembershipStore
import Testing
import TestSupport

struct JobScheduleTests {
    private func ran(_ outcomes: [JobService.Outcome]) -> [String] {
        outcomes.compactMap { if case .ran(let report) = $0 { report.run.job } else { nil } }
    }

    private static let all = ["trial-expiry", "renewal", "trial-reminder", "purge", "outbox-delivery"]

    @Test func aJobRunsOnceInEachStretchOfItsSchedule() {
        let schedule = JobSchedule(interval: .minutes(15))
        let run = TestDatabase.start + .minutes(7)
        #expect(schedule.isDue(lastRun: nil, at: run))
        #expect(!schedule.isDue(lastRun: run, at: run))
        let next = TestDatabase.start + .minutes(15)
        #expect(schedule.next(after: run) == next)
        #expect(schedule.next(after: next) == next + .minutes(15))
        #expect(!schedule.isDue(lastRun: run, at: Timestamp(milliseconds: next.milliseconds - 1)))
        #expect(schedule.isDue(lastRun: run, at: next))
        #expect(schedule.next(after: Timestamp(milliseconds: -1)) == Timestamp(milliseconds: 0))
    }

    @Test func runDueRunsEachJobAtItsTime() async throws {
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        let jobs = database.services.jobs
        #expect(ran(try await jobs.runDue()) == JobScheduleTests.all)
        #expect(try await jobs.runDue().isEmpty)
        clock.set(TestDatabase.start + .minutes(1))
        #expect(ran(try await jobs.runDue()) == ["trial-expiry", "renewal", "outbox-delivery"])
        clock.set(TestDatabase.start + .minutes(15))
        #expect(ran(try await jobs.runDue()) == ["trial-expiry", "renewal", "trial-reminder", "outbox-delivery"])
        clock.set(TestDatabase.start + .days(1))
        #expect(ran(try await jobs.runDue()) == JobScheduleTests.all)
        #expect(try await jobs.list().map(\.nextRun).first == TestDatabase.start + .days(1) + .minutes(1))
    }

    @Test func inASandboxWhatIsDueRunsAlsoWhenTheClockStands() async throws {
        let database = try await TestDatabase.sandbox()
        var options = Services.Options()
        options.mail.destination = "nowhere:"
        options.mail.sender = "letters@harbour.test"
        let jobs = try await Services.open(database.location, options: options).jobs
        #expect(ran(try await jobs.runDue()) == JobScheduleTests.all)
        #expect(try await jobs.runDue().isEmpty)
        _ = try await database.services.accounts.signUp(email: EmailAddress(parsing: "ada@example.com"))
        #expect(ran(try await jobs.runDue()) == ["outbox-delivery"])
    }

    @Test func whatAnotherMachineRunsIsSkippedAndTheOthersRun() async throws {
        let database = try await TestDatabase.sandbox()
        _ = try await database.store().write { tx in
            try tx.beginJobRun(of: "renewal", runner: "elsewhere/1/1/x", until: tx.now + .minutes(2))
        }
        let outcomes = try await database.services.jobs.runDue()
        #expect(ran(outcomes) == JobScheduleTests.all.filter { $0 != "renewal" })
        let skipped = outcomes.compactMap { if case .skipped(let job, _) = $0 { job } else { nil } }
        #expect(skipped == ["renewal"])
    }

    @Test func oneThatFailsDoesNotKeepTheOthersFromRunning() async throws {
        let database = try await TestDatabase.sandbox()
        var options = Services.Options()
        options.mail.destination = "pigeon:coop"
        options.mail.sender = "news@example.org"
        let outcomes = try await Services.open(database.location, options: options).jobs.runDue()
        #expect(ran(outcomes) == JobScheduleTests.all.filter { $0 != "outbox-delivery" })
        let run = try await database.services.jobs.list().first { $0.name == "outbox-delivery" }?.lastRun
        #expect(run?.state == .failed)
    }

    @Test func theTimeAtWhichALiveRunWasRecordedIsNotGoneBackBehind() async throws {
        let clock = ManualClock(at: TestDatabase.start + .days(1))
        let database = try await TestDatabase.live(clock: clock.wallClock)
        _ = try await database.services.jobs.run("renewal")
        clock.set(TestDatabase.start)
        let later = try await Services.open(database.location, clock: clock.wallClock)
        #expect(try await later.clock.read().now == TestDatabase.start + .days(1))
    }

    @Test func stoppedBeforeAJobBeginsItIsLeftForLater() async throws {
        let database = try await TestDatabase.sandbox()
        #expect(try await database.services.jobs.runDue(stopping: { true }).isEmpty)
        #expect(try await database.services.jobs.history(limit: PageLimit(1)).isEmpty)
    }
}
