import Foundation
import Membership

/// What clients asked for and what they were told, a line each, appended with one write(2), so that it outlives the
/// process that wrote it.
struct ClientLog: Sendable {
    private let path: String
    private let file: Int32

    /// Opens a log for appending, making it when it is not there.
    init(path: String) throws {
        self.path = path
        file = Foundation.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw MembershipError(.unreadableFile, "\(path) cannot be opened.") }
    }

    func close() { Foundation.close(file) }

    /// A line of it.
    enum Entry: Equatable, Sendable {
        /// A client is about to ask.
        case asked(String, ClientCall)
        /// It was told that it is done.
        case told(String, String)
        /// It was told that it cannot be.
        case refused(String, String)
        /// A job was run to its end: which run that was, and how much it did.
        case ran(String, processed: Int)
        /// It was told something that nobody should be told.
        case fault(String)
    }

    func note(_ entry: Entry) {
        let fields =
            switch entry {
            case .asked(let id, let call): ["asked", id] + call.fields
            case .told(let id, let answer): ["told", id, answer]
            case .refused(let id, let code): ["refused", id, code]
            case .ran(let run, let processed): ["ran", run, String(processed)]
            case .fault(let what): ["fault", what]
            }
        let line = Array((fields.map(ClientLog.inOneField).joined(separator: "\t") + "\n").utf8)
        _ = line.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
    }

    private static func inOneField(_ text: String) -> String {
        String(text.map { $0 == "\t" || $0.isNewline ? " " : $0 })
    }

    /// What a log says.
    static func entries(of path: String) throws -> [Entry] {
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        return text.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            switch (fields[0], fields.count) {
            case ("asked", 3...):
                if let call = ClientCall(fields: Array(fields[2...])) { return .asked(fields[1], call) }
            case ("told", 3): return .told(fields[1], fields[2])
            case ("refused", 3): return .refused(fields[1], fields[2])
            case ("ran", 3): if let processed = Int(fields[2]) { return .ran(fields[1], processed: processed) }
            case ("fault", 2): return .fault(fields[1])
            default: break
            }
            return .fault("a line that says nothing: \(line)")
        }
    }
}
