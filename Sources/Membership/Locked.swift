#if THREAD_SANITIZER
import Foundation

/// A value that one thread at a time works with, as the thread sanitizer can follow it: the operations of
/// Synchronization's `Mutex` are a futex on Linux that it does not see, and those of a lock of POSIX threads it does.
/// `Scripts/sanitize thread` sets the condition.
///
/// Unchecked, because the lock is what protects the value.
package final class Locked<Value>: @unchecked Sendable {
    private var value: Value
    private let lock = NSLock()

    package init(_ value: consuming sending Value) {
        self.value = value
    }

    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
#else
package import Synchronization

/// A value that one thread at a time works with.
package typealias Locked<Value> = Mutex<Value>
#endif
