import Foundation
import Logging
import Membership
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Something that is done again and again until the process is told to stop, by SIGTERM or SIGINT.
struct RepeatedWork<Tool>: Service {
    /// Makes what it is done with, once.
    let begin: @Sendable () async throws -> Tool
    /// Does it once more, and says how long to wait then.
    let round: @Sendable (Tool, Turn) async throws -> TimeSpan
    /// Hears at once that it is to stop.
    var onStopping: @Sendable () -> Void = {}

    /// Where in the process's life a round is.
    struct Turn: Sendable {
        /// Whether no other follows: what was there when it was told to stop is still done.
        let isLast: Bool
        /// Whether it has been told to stop.
        let isStopping: @Sendable () -> Bool
    }

    func run() async throws {
        let isStopping = Locked(false)
        try await withGracefulShutdownHandler {
            let tool = try await begin()
            while true {
                let turn = Turn(isLast: isStopping.withLock { $0 }) { isStopping.withLock { $0 } }
                let wait = try await round(tool, turn)
                if turn.isLast { return }
                // Stopping ends the wait.
                await cancelWhenGracefulShutdown { try? await Task.sleep(for: .milliseconds(wait.milliseconds)) }
            }
        } onGracefulShutdown: {
            isStopping.withLock { $0 = true }
            onStopping()
        }
    }

    /// Does it until the process is told to stop. Whoever reads what is said may go before that.
    ///
    /// - Parameter what: what is being done, for people.
    func runUntilStopped(_ what: String, _ console: Console) async throws {
        signal(SIGPIPE, SIG_IGN)
        console.note("\(what) until SIGTERM or SIGINT.")
        let group = ServiceGroup(
            services: [self], gracefulShutdownSignals: [.sigterm, .sigint],
            // What there is to say, the work says itself.
            logger: Logger(label: "fortnight") { _ in SwiftLogNoOpLogHandler() })
        try await group.run()
        console.note("Stopped.")
    }
}
