import Foundation
import Synchronization

/// The connections that read a file: as many as read at the same time, up to one for each processor, each opened when it
/// is first needed.
///
/// A thread comes back to the connection that it had before if it can, because what that remembers of the catalogue is
/// in the memory of its processor.
final class SQLiteReaders: Sendable {
    private let open: @Sendable () throws -> SQLiteReader
    private let readers: Mutex<[SQLiteReader?]>

    init(_ open: @escaping @Sendable () throws -> SQLiteReader) {
        self.open = open
        readers = Mutex(Array(repeating: nil, count: max(2, ProcessInfo.processInfo.activeProcessorCount)))
    }

    func read<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        let reader = try taken()
        defer { reader.leave() }
        return try reader.read(body)
    }

    private func taken() throws -> SQLiteReader {
        // What tells threads apart stands in the upper digits of the product.
        let thread = UInt(pthread_self()) &* 0x9E37_79B9_7F4A_7C15 >> 32
        let (reader, isTaken) = try readers.withLock { readers -> (SQLiteReader, Bool) in
            let own = Int(thread % UInt(readers.count))
            if let reader = readers[own], reader.takeIfFree() { return (reader, true) }
            for case let reader? in readers where reader.takeIfFree() { return (reader, true) }
            guard let unopened = readers[own] == nil ? own : readers.firstIndex(where: { $0 == nil }) else {
                guard let busy = readers[own] else { preconditionFailure("every reader is open") }
                return (busy, false)
            }
            let reader = try open()
            readers[unopened] = reader
            return (reader, reader.takeIfFree())
        }
        if !isTaken { reader.take() }
        return reader
    }
}
