@preconcurrency import Dispatch

/// Threads for what blocks, such as libcurl or waiting for a disk: Swift's own threads are few, and must not be blocked.
enum MailThread {
    private static let queue = DispatchQueue(label: "fortnight.mail", attributes: .concurrent)

    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(MailFailure) -> Value
    ) async throws(MailFailure) -> Value {
        let result: Result<Value, MailFailure> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(MailFailure) {
                    continuation.resume(returning: .success(try work()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
