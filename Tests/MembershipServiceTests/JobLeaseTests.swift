import Foundation
import Membership
@testable import MembershipService
import MembershipStore
import Testing
import TestSupport

struct JobLeaseTests {
    /// Another run that has begun and not come to an end.
    @discardableResult
    private func begin(
        _ job: String = "trial-expiry", by runner: String, _ database: TestDatabase, _ store: Store? = nil
    ) async throws -> JobRun {
        let other: Store = if let store { store } else { try await database.store() }
        return try await other.write { tx in
            try tx.beginJobRun(of: job, runner: runner, until: tx.now + .minutes(2))
        }
    }

    /// A process of this machine that had our number before us.
    private var gone: String {
        let fields = JobRunner.current.name.split(separator: "/")
        return [fields[0], fields[1], "1", fields[3]].joined(separator: "/")
    }

    private var elsewhere: String {
        "elsewhere/" + JobRunner.current.name.split(separator: "/").dropFirst().joined(separator: "/")
    }

    @Test func whatAnotherProcessRunsIsRefusedUntilItsTimeIsOver() async throws {
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        let other = try await begin(by: elsewhere, database)
        let jobs = database.services.jobs
        clock.set(TestDatabase.start + TimeSpan(milliseconds: 119_999))
        let error = await #expect(throws: MembershipError.self) { try await jobs.run("trial-expiry") }
        #expect(error?.code == .jobRunning)
        #expect(error?.message.contains(elsewhere) == true)
        // Another job is nobody's but ours.
        #expect(try await jobs.run("renewal").run.state == .done)

        clock.set(TestDatabase.start + .minutes(2))
        #expect(try await jobs.run("trial-expiry").run.state == .done)
        let abandoned = try await jobs.history(limit: PageLimit(10)).first { $0.id == other.id }
        #expect(abandoned?.state == .abandoned)
        #expect(abandoned?.error == "abandoned: nothing was heard of it for two minutes")
        #expect(abandoned?.durationMilliseconds == nil)
    }

    @Test func aProcessOfThisMachineThatIsGoneIsTakenOverAtOnce() async throws {
        let database = try await TestDatabase.sandbox()
        let other = try await begin(by: gone, database)
        #expect(try await database.services.jobs.run("trial-expiry").run.state == .done)
        let abandoned = try await database.services.jobs.history(limit: PageLimit(10)).first { $0.id == other.id }
        #expect(abandoned?.error == "abandoned: its process was gone")
    }

    /// Found by Scripts/torture --only faulty: on a full disk the end of a run could not be recorded either, and its
    /// job stood still for two minutes after there was space again.
    @Test func aRunThatEndedAndCouldNotSaySoHoldsItsJobNoLonger() async throws {
        let database = try await TestDatabase.sandbox()
        let run = try await begin(by: JobRunner.current.name, database)
        let ended = EndedRuns()
        let jobs = JobService(store: try await database.store(), options: .init(), ended: ended)
        let error = await #expect(throws: MembershipError.self) { try await jobs.run("trial-expiry") }
        #expect(error?.code == .jobRunning)

        ended.note(run.id, error: "The disk was full.")
        #expect(try await jobs.run("trial-expiry").run.state == .done)
        let abandoned = try await jobs.history(limit: PageLimit(10)).first { $0.id == run.id }
        #expect(abandoned?.error == "The disk was full.")
    }

    @Test func onlyAProcessOfThisPlaceCanBeKnownToBeGone() {
        #expect(!JobRunner.isGone(JobRunner.current.name))
        #expect(JobRunner.isGone(gone))
        #expect(!JobRunner.isGone(elsewhere))
        let fields = JobRunner.current.name.split(separator: "/")
        #expect(!JobRunner.isGone([fields[0], fields[1], "1", "another-boot"].joined(separator: "/")))
        for name in ["", "a/b/c/d", "localhost", "\(fields[0])/-1/1/\(fields[3])"] { #expect(!JobRunner.isGone(name)) }
    }

    @Test func aRunThatLostItsLeaseWritesNothingMore() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(3)
        _ = try await database.services.clock.advance(by: .days(14))
        let store = try await database.store()
        let first = RunningJob(
            try await begin(by: elsewhere, database), store: store, limit: nil, stopping: { false })
        let job = TrialExpiryJob()
        try await first.batch { tx, tally in tally.processed += try job.runBatch(tx, asOf: first.asOf, limit: 1) }
        // Its time passes, and another takes the job.
        _ = try await database.services.clock.advance(by: .minutes(2))
        #expect(try await database.services.jobs.run("trial-expiry", limit: JobLimit(1)).processed == 1)
        let error = await #expect(throws: MembershipError.self) {
            try await first.batch { tx, tally in tally.processed += try job.runBatch(tx, asOf: first.asOf, limit: 1) }
        }
        #expect(error?.code == .jobRunning)
        #expect(first.tally.processed == 1)
        #expect(try await store.read { try $0.eventCount(.trialEnded) } == 2)
        // What it had done before is recorded with it.
        #expect(try await store.read { try $0.jobRun(first.begun.id) }?.processed == 1)
    }

    @Test func aRunThatIsAskedToStopFinishesItsBatchAndGivesTheLeaseBack() async throws {
        let database = try await TestDatabase.sandbox()
        try await database.fillWithTrials(450)
        _ = try await database.services.clock.advance(by: .days(14))
        let asked = Asked(after: 1)
        let report = try await database.services.jobs.run("trial-expiry", stopping: asked.isTrue)
        #expect(report.processed == 400)
        #expect(report.run.state == .done)
        #expect(try await database.store().read { try $0.jobLeases() }.isEmpty)
        #expect(try await database.services.jobs.run("trial-expiry").processed == 50)
    }

    @Test func aRunUnderWayOrLeftBehindIsSeen() async throws {
        let database = try await TestDatabase.sandbox()
        try await begin(by: JobRunner.current.name, database)
        let entry = try await database.services.jobs.list().first
        #expect(entry?.lease?.runner == JobRunner.current.name)
        #expect(entry?.lastRun?.state == .running)
        #expect(try await doctor(database)?.isSound == true)
        try await begin(by: gone, database)
        #expect(try await doctor(database)?.isSound == false)
        #expect(try await doctor(database)?.detail.contains("trial-expiry") == true)
    }

    @Test func aRunOfMoreThanAnHourIsSeen() async throws {
        let clock = ManualClock()
        let database = try await TestDatabase.live(clock: clock.wallClock)
        let run = try await begin(by: JobRunner.current.name, database)
        clock.set(TestDatabase.start + .minutes(61))
        let store = try await Store.open(database.engine(), clock: clock.wallClock)
        _ = try await store.write { tx in
            try tx.renewJobLease(of: run.id, job: run.job, until: tx.now + .minutes(2))
        }
        #expect(try await doctor(database, clock.wallClock)?.isSound == false)
    }

    private func doctor(_ database: TestDatabase, _ clock: WallClock = .system) async throws -> Finding? {
        try await Doctor(database.location, clock: clock).examine().first { $0.subject == "job runs" }
    }
}
