import ArgumentParser
import Logging
import Membership
import MembershipService
import ServiceLifecycle
import Synchronization
import UnixSignals

struct ServeCommand: AsyncCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Keep running: the jobs, each at its time.",
        discussion: """
            Ends with status 0 on SIGTERM or SIGINT, after the batch under way. A line on standard error tells of each run.

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
        let services = try await global.servicesForDelivery()
        let console = global.console
        console.note("Running the jobs until SIGTERM or SIGINT.")
        let group = ServiceGroup(
            services: [JobsService(jobs: services.jobs, console: console)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            // What there is to say, the service says itself.
            logger: Logger(label: "fortnight") { _ in SwiftLogNoOpLogHandler() })
        try await group.run()
        console.note("Stopped.")
    }
}

/// Runs the jobs, each at its time, until it is asked to stop.
private struct JobsService: Service {
    let jobs: JobService
    let console: Console

    func run() async throws {
        let isStopping = Locked(false)
        await withGracefulShutdownHandler {
            while !isStopping.withLock({ $0 }) {
                let wait = await round { isStopping.withLock { $0 } }
                // Stopping ends the wait.
                await cancelWhenGracefulShutdown { try? await Task.sleep(for: .milliseconds(wait.milliseconds)) }
            }
        } onGracefulShutdown: {
            isStopping.withLock { $0 = true }
            console.note("Stopping; the batch under way is finished first.")
        }
    }

    /// Runs what is due.
    ///
    /// - Returns: how long until the next round.
    private func round(stopping: @escaping @Sendable () -> Bool) async -> TimeSpan {
        do {
            _ = try await jobs.runDue(stopping: stopping) { outcome in console.note(outcome.line) }
            return try await jobs.untilNextTurn()
        } catch {
            console.note("The jobs cannot run: \((error as? MembershipError)?.message ?? "\(error)")")
            return TimeSpan(milliseconds: 5000)
        }
    }
}
