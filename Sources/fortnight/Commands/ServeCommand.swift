import ArgumentParser
import Membership
import MembershipService
import Synchronization

struct ServeCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Keep running: the jobs, each at its time.",
        discussion: """
            Ends with status 0 on SIGTERM or SIGINT, after the batch under way. A line on standard error tells of each \
            run; with --json, one on standard output.

            Example:
              fortnight serve --jobs-only
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(name: .long, help: "Run the jobs alone. There is nothing else to serve yet, so that it must be given.")
    var jobsOnly = false

    func perform() async throws {
        guard jobsOnly else {
            throw MembershipError(
                .invalidInput, "There is no HTTP interface to serve yet.",
                remedy: "fortnight serve --jobs-only keeps running the jobs.")
        }
        let jobs = try await global.servicesForDelivery().jobs
        let console = global.console
        try await RepeatedWork(
            begin: { JobRounds(jobs: jobs, console: console) },
            round: { rounds, turn in await rounds.next(turn.isStopping) },
            onStopping: { console.note("Stopping; the batch under way is finished first.") }
        ).runUntilStopped("Running the jobs", console)
    }
}

/// Runs the jobs, each at its time, and tells of them.
private final class JobRounds: Sendable {
    private let jobs: JobService
    private let console: Console
    /// What was said last of each job that another process is at: it need not be said again and again.
    private let said = Locked([String: String]())

    init(jobs: JobService, console: Console) {
        (self.jobs, self.console) = (jobs, console)
    }

    /// Runs what is due.
    ///
    /// - Returns: how long until the next round.
    func next(_ isStopping: @escaping @Sendable () -> Bool) async -> TimeSpan {
        do {
            let outcomes = try await jobs.runDue(stopping: isStopping) { tell(of: $0) }
            return try await jobs.untilNextTurn(after: outcomes)
        } catch {
            console.note("The jobs cannot run: \((error as? MembershipError)?.message ?? "\(error)")")
            return TimeSpan(milliseconds: 5000)
        }
    }

    private func tell(of outcome: JobService.Outcome) {
        if case .skipped(let job, _) = outcome {
            guard said.withLock({ $0.updateValue(outcome.line, forKey: job) }) != outcome.line else { return }
        } else {
            said.withLock { $0[outcome.job] = nil }
        }
        if console.isJSON {
            console.event(JobOutcomeView(outcome))
        } else {
            console.note(outcome.line)
        }
    }
}
