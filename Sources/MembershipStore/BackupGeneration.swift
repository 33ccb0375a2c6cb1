import Crypto
import Foundation
import Membership

/// A copy of a whole database, and the pieces of its log that follow on it: a folder of a ``BackupDirectory``.
struct BackupGeneration: Sendable {
    let path: String
    let manifest: Manifest

    /// What the base is; written last, so that a folder without it is none.
    struct Manifest: Codable, Equatable, Sendable {
        var format = 1
        /// By which the segments know it.
        let id: String
        /// The fingerprint of the database's key.
        let database: String
        /// Everything that was acknowledged before is in the base.
        let completeUntil: Timestamp
        /// Nothing that was acknowledged later is in it.
        let copiedAt: Timestamp
        let bytes: Int
        /// Of the base, in hexadecimal digits.
        let sha256: String
        /// The header of the log of which the base holds some frames; nil when the log was empty.
        let log: String?
        /// When the newest event was recorded that is in the base; nil when none is known.
        let newestEvent: Timestamp?
    }

    static let baseName = "base.db"
    static let manifestName = "base.json"

    var base: String { path + "/" + BackupGeneration.baseName }

    /// Nil for a folder whose base was never finished.
    ///
    /// - Throws: ``MembershipError`` with code `backup_damaged`.
    init?(reading path: String) throws {
        let file = path + "/" + BackupGeneration.manifestName
        if try !DraftFile.isThere(file) {
            guard try FileKind(at: path) == .directory,
                try BackupDirectory.names(in: path).contains(where: { $0.hasSuffix(LogSegment.suffix) })
            else { return nil }
            // A piece of log comes only behind this file, which may have come since.
            guard try DraftFile.isThere(file) else {
                throw LogSegment.damaged(path, "\(BackupGeneration.manifestName) is missing")
            }
        }
        let reader = try FileReader(file)
        let bytes = try reader.read(min(reader.size(), 1 << 16), at: 0)
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        guard let manifest = try? BackupDirectory.decoder.decode(Manifest.self, from: Data(line)),
            manifest.format == 1, bytes == BackupGeneration.sealed(line),
            manifest.log.map({ [UInt8](hexadecimal: $0).flatMap(LogHeader.init) != nil }) ?? true
        else { throw LogSegment.damaged(file, "it does not say what the base is") }
        (self.path, self.manifest) = (path, manifest)
    }

    /// A line, and one more with its checksum, which is JSON too.
    private static func sealed(_ line: some Sequence<UInt8>) -> [UInt8] {
        let line = Array(line)
        return line + Array("\n\"\(SHA256.hash(data: line).hexadecimal)\"\n".utf8)
    }

    /// Makes one of the copy that the body makes.
    ///
    /// - Parameters:
    ///   - log: the header of the log of which the copy has some frames.
    ///   - newestEvent: when the newest event was recorded that is surely in the copy.
    ///   - copy: copies the database to where it is told to, and says what the copy is.
    static func make(
        _ path: String, completeUntil: Timestamp, copiedAt: Timestamp, log: LogHeader?, newestEvent: Timestamp?,
        copy: (String) throws -> SQLiteBackup.Contents
    ) throws -> BackupGeneration {
        guard mkdir(path, 0o700) == 0 else { throw DraftFile.cannotWrite(path) }
        let base = try DraftFile(for: path + "/" + baseName)
        defer { base.discard() }
        let contents = try copy(base.draft)
        var digest = SHA256()
        try FileReader(base.draft).forEachPiece { digest.update(data: $0) }
        try base.publish()
        let manifest = Manifest(
            id: UUID().uuidString.lowercased(), database: contents.keyFingerprint, completeUntil: completeUntil,
            copiedAt: copiedAt, bytes: contents.bytes, sha256: digest.finalize().hexadecimal,
            log: log?.bytes.hexadecimal, newestEvent: newestEvent)
        try DraftFile(for: path + "/" + manifestName, sealed(BackupDirectory.encoder.encode(manifest))).publish()
        try DraftFile.sync((path as NSString).deletingLastPathComponent)
        guard let generation = try BackupGeneration(reading: path) else { throw DraftFile.cannotWrite(path) }
        return generation
    }

    /// The segments that follow on the base without a gap, and what is wrong behind them; nil when nothing is.
    struct Chain: Sendable {
        var segments: [LogSegment] = []
        var fault: MembershipError?
        /// The last moment that can be restored.
        var end: Timestamp
    }

    /// Puts the segments in a row, by what their first lines say.
    func chain() throws -> Chain {
        var chain = Chain(end: manifest.copiedAt)
        var end = try startOfLog()
        let names = try BackupDirectory.names(in: path).filter { $0.hasSuffix(LogSegment.suffix) }.sorted()
        for name in names {
            let file = path + "/" + name
            do {
                let segment = try LogSegment(reading: file)
                guard segment.heading.generation == manifest.id else {
                    throw LogSegment.damaged(file, "it belongs to another backup")
                }
                if let gap = segment.gap(after: chain.segments.last, end) { throw LogSegment.damaged(path, gap) }
                end = try segment.end()
                chain.segments.append(segment)
                chain.end = segment.heading.copiedAt
            } catch let error as MembershipError {
                chain.fault = error
                break
            }
        }
        return chain
    }

    /// Where the copying of the log begins: the frames that are in the base already are copied too, so that the log can
    /// be put together as it was. Nil when there was no log; the next one begins with its first frame anyway.
    func startOfLog() throws -> LogPosition? {
        guard let text = manifest.log else { return nil }
        guard let header = [UInt8](hexadecimal: text).flatMap(LogHeader.init) else {
            throw LogSegment.damaged(path + "/" + BackupGeneration.manifestName, "it holds no header of a log")
        }
        return LogPosition(startOf: header)
    }
}
