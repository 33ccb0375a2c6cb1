import Foundation

/// The connections that read a file: as many as read at the same time, up to one for each processor, each opened when it
/// is first needed.
///
/// A thread comes back to the connection that it had before if it can, because what that remembers of the catalogue is
/// in the memory of its processor.
final class SQLiteReaders: Sendable {
    private let readers: [SharedReader]

    init(_ open: @escaping @Sendable () throws -> SQLiteReader) {
        let count = max(2, ProcessInfo.processInfo.activeProcessorCount)
        readers = (0..<count).map { _ in SharedReader(open) }
    }

    deinit {
        for reader in readers { reader.close() }
    }

    func read<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        let reader = taken()
        defer { reader.leave() }
        return try reader.read(body)
    }

    /// One that nobody else has, and that is open if there is such a one.
    private func taken() -> SharedReader {
        // What tells threads apart stands in the upper digits of the product.
        let thread = UInt(pthread_self()) &* 0x9E37_79B9_7F4A_7C15 >> 32
        let own = Int(thread % UInt(readers.count))
        var tries = 0
        while true {
            if let reader = free(from: own, isOpen: true) ?? free(from: own, isOpen: false) { return reader }
            // More read at once than there are connections, some perhaps for long: not one of them is waited for.
            tries += 1
            if tries < 100 { sched_yield() } else { usleep(100) }
        }
    }

    private func free(from own: Int, isOpen: Bool) -> SharedReader? {
        for place in readers.indices {
            let reader = readers[(own + place) % readers.count]
            guard reader.takeIfFree() else { continue }
            if reader.isOpen == isOpen { return reader }
            reader.leave()
        }
        return nil
    }
}

/// A connection that reads, one thread at a time. It is opened when it is first needed.
///
/// Unchecked, because what it holds cannot be sent between threads by itself: it is touched only by whoever has its lock,
/// and a lock that is taken here and let go of there, as a pool of connections does, is none that the compiler can follow.
private final class SharedReader: @unchecked Sendable {
    /// After so long a transaction is renewed, or ended when nobody reads any more.
    private static let longestKept = DispatchTimeInterval.milliseconds(5)

    /// Everything below is used by whoever has it.
    private let lock = NSLock()
    private let open: @Sendable () throws -> SQLiteReader
    private var reader: SQLiteReader?
    private var isWatched = false

    init(_ open: @escaping @Sendable () throws -> SQLiteReader) {
        self.open = open
    }

    /// Has the connection for itself, unless somebody else does.
    func takeIfFree() -> Bool { lock.try() }
    /// Lets others have it.
    func leave() { lock.unlock() }

    /// Whether it was opened. Only whoever has taken the connection may ask, and read.
    var isOpen: Bool { reader != nil }

    func read<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        let reader = try reader ?? open()
        self.reader = reader
        defer { if reader.keepsTransaction, !isWatched { watch(after: reader.readings) } }
        return try reader.read(body)
    }

    /// Lets go of the file, although a look at the transaction may be still to come.
    func close() {
        lock.withLock { reader = nil }
    }

    /// Ends the transaction when its time is over. What looks holds this until then: with a weak reference each use of it
    /// would take the long way.
    private func watch(after readings: UInt64) {
        isWatched = true
        look(after: readings)
    }

    private func look(after seen: UInt64) {
        DispatchQueue.global().asyncAfter(deadline: .now() + SharedReader.longestKept) { [self] in
            // Whoever reads for long is not waited for: no thread is to stand still for it.
            guard lock.try() else { return look(after: seen) }
            defer { lock.unlock() }
            isWatched = false
            reader?.end()
            // The next reading keeps another one.
            if let readings = reader?.readings, readings != seen { watch(after: readings) }
        }
    }
}
