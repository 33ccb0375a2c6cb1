import Dispatch
import Foundation

/// Lets work that would go on for ever end when the process is asked to: with Ctrl-C, or by whoever started it.
enum StopSignals {
    /// Runs the body until it ends or is to stop; then it is cancelled, and that is no failure.
    static func follow(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let work = Task { try await body() }
        let sources = [SIGINT, SIGTERM].map { number in
            // By themselves they would end the process in the middle of a line.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { work.cancel() }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        do {
            try await work.value
        } catch is CancellationError {
        }
    }
}
