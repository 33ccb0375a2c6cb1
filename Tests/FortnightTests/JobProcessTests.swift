import Foundation
import Membership
import MembershipStore
import Subprocess
import Synchronization
import Testing
import TestSupport

/// Jobs in processes of their own: stopped, killed, taken over.
struct JobProcessTests {
    private func prepared(_ trials: Int = 0) async throws -> Shell {
        let shell = try await Shell()
        #expect(try await shell.fortnight("init", "--sandbox").status == 0)
        try await shell.fillWithTrials(trials)
        return shell
    }

    @Test(arguments: [Signal.terminate, .interrupt])
    func servingTheJobsEndsWithStatusZeroWhenItIsToldTo(signal: Signal) async throws {
        let shell = try await prepared()
        try await shell.fortnight("signup", "ada@example.com")
        try await shell.fortnight("clock", "advance", "14d")
        let outcome = try await shell.fortnight(["serve", "--jobs-only"], send: signal) {
            try await shell.jobRuns().contains { $0.job == "purge" && $0.state == .done }
        }
        #expect(outcome.status == 0)
        #expect(outcome.errors.hasPrefix("Running the jobs"), "\(outcome.errors)")
        #expect(outcome.errors.contains("trial-expiry: 1 done, as of "), "\(outcome.errors)")
        #expect(outcome.errors.hasSuffix("Stopped.\n"), "\(outcome.errors)")
        #expect(try await shell.rowCounts()["job_leases"] == 0)
    }

    @Test func whoeverDoesNotReadWhatIsSaidEndsNoService() async throws {
        let shell = try await prepared()
        try await shell.fortnight("signup", "ada@example.com")
        try await shell.fortnight("clock", "advance", "14d")
        // One says it where there is no room, one where nobody reads.
        let outcome = try await shell.run(
            "/bin/bash",
            [
                "-c",
                """
                # Both are told to stop when a job has run in each.
                purged() { until [ "$("$0" jobs history --json | grep -c purge)" -ge "$1" ]; do :; done; }
                "$0" serve --jobs-only 2>/dev/full & pid=$!
                purged 1; kill -TERM $pid; wait $pid; echo "first $?"
                "$0" clock advance 1d >/dev/null
                exec 4> >(exec true)
                "$0" serve --jobs-only 2>&4 & pid=$!
                purged 2; kill -TERM $pid; wait $pid; echo "second $?"
                """, "{}",
            ])
        #expect(outcome.output == "first 0\nsecond 0\n", "\(outcome.output) \(outcome.errors)")
    }

    /// A database on which a run of the trials' end was sent a signal between two of its batches, how many trials there
    /// were, and how the process ended. A run that was nearly over before anybody looked is one of too few trials.
    private func interrupted(
        _ arguments: [String], by signal: Signal
    ) async throws -> (shell: Shell, trials: Int, outcome: Shell.Outcome) {
        var trials = 8000
        while true {
            let shell = try await prepared(trials)
            try await shell.fortnight("clock", "advance", "3650d")
            let seen = Locked(0)
            let outcome = try await shell.fortnight(
                arguments, send: signal,
                betweenWritesWhen: { tx in
                    let done = try tx.jobRuns(of: nil, limit: 100).map(\.processed).max() ?? 0
                    seen.withLock { $0 = done }
                    return done > 0
                })
            if seen.withLock({ $0 <= trials / 4 }) || trials >= 128_000 { return (shell, trials, outcome) }
            #expect([0, -9].contains(outcome.status), "\(outcome.errors)")
            trials *= 4
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func toldToStopInTheMiddleOfAJobItFinishesTheBatchAndGivesTheLeaseBack() async throws {
        let (shell, trials, outcome) = try await interrupted(["serve", "--jobs-only"], by: .terminate)
        #expect(outcome.status == 0)
        let runs = try await shell.jobRuns()
        #expect(runs.map(\.job) == ["trial-expiry"] && runs.map(\.state) == [.done])
        let done = try #require(runs.first?.processed)
        // A batch has 400, or one of the other sizes.
        #expect(done < trials && done % 25 == 0)
        #expect(try await shell.rowCounts()["events"] == trials + done)
        #expect(try await shell.rowCounts()["job_leases"] == 0)
    }

    @Test(.timeLimit(.minutes(10)))
    func aJobThatIsKilledIsTakenOverAtOnceAndNothingHappensTwice() async throws {
        let (shell, trials, killed) = try await interrupted(["jobs", "run", "trial-expiry"], by: .kill)
        #expect(killed.status == -9)
        #expect(try await shell.jobRuns().map(\.state) == [.running])
        #expect(try await shell.fortnight("doctor").output.contains("is gone"))
        #expect(try await shell.fortnight("jobs", "run", "trial-expiry").status == 0)
        let runs = try await shell.fortnight("jobs", "history", "--json").jsonLines()
        #expect(runs.compactMap { $0["state"] as? String } == ["done", "abandoned"])
        #expect(runs.compactMap { $0["processed"] as? Int }.reduce(0, +) == trials)
        #expect(runs.last?["duration_ms"] is NSNull)
        #expect(try await shell.rowCounts()["events"] == 2 * trials)
    }

    @Test func withoutJobsOnlyThereIsNothingToServe() async throws {
        let outcome = try await prepared().fortnight("serve")
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("--jobs-only"))
    }

    @Test func fromATrialToALetterInAFolder() async throws {
        var shell = try await prepared()
        shell.set("FORTNIGHT_MAIL", "folder:" + shell.directory.path + "/mail")
        shell.set("FORTNIGHT_MAIL_FROM", "News <news@example.org>")
        try await shell.fortnight("signup", "ada@example.com")
        let due = try await shell.fortnight("jobs", "run-due", "--json").jsonLines()
        #expect(due.compactMap { $0["outcome"] as? String } == Array(repeating: "ran", count: 5))
        let messages = try await shell.fortnight("outbox", "list", "--delivered", "--json").jsonLines()
        let destination = try #require(messages.first?["destination"] as? String)
        #expect(try String(contentsOfFile: destination, encoding: .utf8).contains("Subject: "))
        let id = try #require(messages.first?["id"] as? String)
        #expect(try await shell.fortnight("outbox", "show", id, "--json").json()["to"] as? String == "ada@example.com")
        #expect(try await shell.fortnight("outbox", "retry", id).status == 65)
        #expect(try await shell.fortnight("jobs", "run-due").errors == "It is no job's turn.\n")
    }

    @Test func noPasswordIsEverShown() async throws {
        var shell = try await prepared()
        shell.set("FORTNIGHT_MAIL", "smtp://news:hunter2@127.0.0.1:1/?tls=none")
        shell.set("FORTNIGHT_MAIL_FROM", "news@example.org")
        try await shell.fortnight("signup", "ada@example.com")
        for command in [["jobs", "run-due"], ["jobs", "history"], ["outbox", "list"], ["doctor"], ["jobs", "list"]] {
            let outcome = try await shell.run("/usr/bin/env", ["{}"] + command)
            #expect(!(outcome.output + outcome.errors).contains("hunter2"))
        }
    }

    @Test(arguments: [
        (["outbox", "show", "x"], 64, "‘x’"), (["outbox", "show", "acct_0000000000000#1"], 66, "acct_0000000000000#1"),
        (["outbox", "retry"], 64, "--all-dead"), (["outbox", "retry", "x", "--all-dead"], 64, "--all-dead"),
        (["outbox", "list", "--due", "--dead"], 64, "--dead"), (["outbox", "list", "--after", "x"], 64, "‘x’"),
    ])
    func isRefusedByNameWithItsStatus(arguments: [String], status: Int32, named: String) async throws {
        let outcome = try await prepared().run("/usr/bin/env", ["{}"] + arguments)
        #expect(outcome.status == status)
        #expect(outcome.errors.contains(named))
    }

    @Test func daysThatAreNoneAreRefused() async throws {
        var shell = try await prepared()
        shell.set("FORTNIGHT_TRIAL_REMINDER_DAYS", "soon")
        let outcome = try await shell.fortnight("jobs", "list")
        #expect(outcome.status == 64 && outcome.errors.contains("‘soon’"))
    }
}
